"""What a person chose for their own pages."""

from patients import preferences
from patients.models import User


def test_preferences_saved_from_two_tabs_keep_both_choices(nadia):
    first, second = (User.objects.get(pk=nadia.pk) for _ in range(2))

    preferences.save_preference(by=first, name="units", value="kg")
    preferences.save_preference(by=second, name="chart_dates", value=[["2026-10-01", "2026-10-31"]])

    nadia.refresh_from_db()
    assert nadia.preferences == {"units": "kg", "chart_dates": [["2026-10-01", "2026-10-31"]]}


def test_preferences_replace_value_and_skip_query_when_unchanged(nadia, django_assert_num_queries):
    preferences.save_preference(by=nadia, name="patient_list", value={"sort": "name", "descending": True})
    preferences.save_preference(by=nadia, name="patient_list", value={"sort": "days"})

    with django_assert_num_queries(0):
        preferences.save_preference(by=nadia, name="patient_list", value={"sort": "days"})
    nadia.refresh_from_db()
    assert nadia.preferences == {"patient_list": {"sort": "days"}}

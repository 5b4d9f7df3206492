"""What a person chose for their own pages."""

from patients import preferences
from patients.models import User


def test_two_tabs_of_a_person_lose_nothing_of_each_other(nadia):
    first, second = (User.objects.get(pk=nadia.pk) for _ in range(2))

    preferences.remember(by=first, name="units", value="kg")
    preferences.remember(by=second, name="chart_dates", value=[["2026-10-01", "2026-10-31"]])

    nadia.refresh_from_db()
    assert nadia.preferences == {"units": "kg", "chart_dates": [["2026-10-01", "2026-10-31"]]}


def test_a_choice_takes_the_place_of_the_one_before_and_the_same_one_costs_nothing(nadia, django_assert_num_queries):
    preferences.remember(by=nadia, name="patient_list", value={"sort": "name", "falling": True})
    preferences.remember(by=nadia, name="patient_list", value={"sort": "days"})

    with django_assert_num_queries(0):
        preferences.remember(by=nadia, name="patient_list", value={"sort": "days"})
    nadia.refresh_from_db()
    assert nadia.preferences == {"patient_list": {"sort": "days"}}

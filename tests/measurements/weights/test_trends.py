"""Weight trends on pages: which readings count, which setting rules, and the same figures on page, list and preview."""

import datetime as dt

import pytest

from measurements import tasks
from measurements.ingest import patient_summaries
from measurements.models import PatientSummary
from measurements.weights import trends
from patients.models import Clinic
from tests.factories import DeviceFactory, DryWeightFactory, MeasurementFactory, PatientFactory
from tests.measurements.page_setup import NOW, add_reading
from tests.page_texts import missing_words, page_text
from tests.patients.admin.admin_form import admin_form_data

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_noon")]


MISTRUSTED_FLAGS = ("conflict", "implausible", "duplicate", "control")


def create_weights(patient, *values):
    """(days ago, lb), taken at noon."""
    device = patient.devices.first() or DeviceFactory(patient=patient)
    return [
        add_reading(device, "weight", pounds, hours_ago=24 * ago, latest=ago == values[-1][0]) for ago, pounds in values
    ]


def test_weight_trend_ignores_untrusted_readings_and_other_patients(rosa):
    create_weights(rosa, (3, 170), (2, 170), (1, 170), (0, 174))
    device, before = rosa.devices.get(), NOW - dt.timedelta(hours=2)
    excluded = {"excluded_at": NOW, "excluded_reason": "her husband's"}
    for nth, flags in enumerate([*({flag: True} for flag in MISTRUSTED_FLAGS), excluded]):
        MeasurementFactory(device=device, code="weight", value_1=300 + nth, taken_at=before, **flags)
    create_weights(PatientFactory(), (0, 250))

    assert set(trends.fetch_weight_trends([rosa.pk])) == {rosa.pk}
    assert trends.fetch_current_trend(rosa, now=NOW).from_usual == 4


def test_weight_trend_is_current_for_seven_days(rosa):
    create_weights(rosa, (7, 170))

    assert trends.fetch_current_trend(rosa, now=NOW).weight == 170
    assert trends.fetch_current_trend(rosa, now=NOW + dt.timedelta(days=1)) is None


def test_weight_figures_are_equal_on_page_list_preview_and_print(as_nadia, rosa, nadia):
    create_weights(rosa, (6, 176), (5, "176.6"), (4, "177.3"), (3, 178), (2, "179.1"), (1, "180.2"), (0, "181.2"))
    DryWeightFactory(patient=rosa, weight="174.5", by=nadia)
    named = (
        "Usual weight 177.7 lb median of the 7 days before",
        "From usual weight +3.6 lb above goal",
        "In 7 days +5.2 lb from the lowest",
        "Dry weight 174.5 lb; +6.7 lb from it",
    )

    of_today = ("Day's weight 181.2 lb today", "Since yesterday +1.0 lb")
    on_paper = ("Day's weight 181.2 lb Nov 21, 2026", "Since the day before +1.0 lb")
    for address, dated in (("", of_today), ("preview/", of_today), ("print/", on_paper)):
        assert not missing_words(as_nadia.get(f"/patients/{rosa.pk}/{address}"), *named, *dated), address
    assert "today 181.2 +3.6 from usual weight" in page_text(as_nadia.get(f"/patients/{rosa.pk}/"))
    assert "+3.6 from usual" in page_text(as_nadia.get("/patients/"))


def test_weight_figures_name_the_day_where_it_is_not_today(as_nadia, rosa):
    create_weights(rosa, (4, 170), (3, 171), (2, 173))

    shown = page_text(as_nadia.get(f"/patients/{rosa.pk}/"))

    assert "Day's weight 173.0 lb Nov 19, 2026" in shown
    assert "not enough days" in shown
    assert "Since the day before +2.0 lb" in shown


def test_weight_of_the_day_follows_the_setting_of_the_clinic(client, ada, rosa, elm):
    create_weights(rosa, (3, 170), (2, 170), (1, 170), (0, 178))
    add_reading(rosa.devices.get(), "weight", 174, hours_ago=5, latest=False)
    assert PatientSummary.objects.get(patient=rosa).weight_gain == 4
    client.force_login(ada)
    page = f"/admin/patients/clinic/{elm.pk}/change/"

    fields = admin_form_data(client, page)
    client.post(page, fields | {"day_weight": "median"})
    tasks.rebuild_stale_summaries()

    assert Clinic.objects.get(pk=elm.pk).day_weight == "median"
    assert PatientSummary.objects.get(patient=rosa).weight_gain == 6


def test_weight_gain_of_summary_is_removed_with_the_last_weight(rosa):
    rows = create_weights(rosa, (3, 170), (2, 170), (1, 170), (0, 174))
    for row in rows:
        type(row).objects.filter(pk=row.pk).update(excluded_at=NOW, excluded_reason="test")

    patient_summaries.rebuild_patient_summaries([rosa.pk])

    summary = PatientSummary.objects.get(patient=rosa)
    assert (summary.weight_gain, summary.weight_at) == (None, None)

"""Week figures: 7-day averages with n, irregular heartbeats and readings to check, after each change."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from measurements import tasks
from measurements.ingest import patient_summaries
from measurements.models import PatientSummary
from measurements.readings import exclusion
from measurements.thresholds import editing
from measurements.thresholds.editing import Bounds
from measurements.weeks import week_figures
from patients.enrollment import admission
from tests.factories import DeviceFactory, MeasurementFactory, PatientFactory
from tests.measurements.patient_list.list_page import add_reading, family_names, post_list_settings
from tests.measurements.webhook_items import measurement_item, receive_and_ingest
from tests.page_texts import page_text

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)  # noon in New York


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)


@pytest.fixture
def cuff(rosa):
    return DeviceFactory(patient=rosa)


def add_pressures(patient, *systolic, first_hours_ago=1):
    """One a day, the newest first."""
    return [
        add_reading(patient, "blood_pressure", value, value_2=70, hours_ago=first_hours_ago + 24 * day)
        for day, value in enumerate(systolic)
    ]


def week_of(patient):
    """As stored after the due rows were refreshed: n and average of blood pressure, and the status."""
    week_figures.refresh_due_weeks()
    summary = PatientSummary.objects.get(patient=patient)
    pressures = summary.week["metrics"].get("blood_pressure", {}).get("averages", [])
    n = sum(average["n"] for average in pressures)
    return n, summary.systolic_average and round(summary.systolic_average, 2), summary.week_status


def ingest(device, *, hours_ago, **fields):
    at = timezone.now() - dt.timedelta(hours=hours_ago)
    fields = {"timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}", "created": f"{at:%Y-%m-%dT%H:%M:%SZ}"} | fields
    receive_and_ingest(measurement_item(device, **fields))


def test_week_figures_follow_ingest_at_once(as_nadia, rosa, cuff):
    for day in range(3):
        ingest(cuff, hours_ago=24 * day + 1, value_1="150.00", value_2="70.00")

    summary = PatientSummary.objects.get(patient=rosa)
    assert (summary.systolic_average, summary.week_status, summary.week_due_at) == (
        150,
        "high",
        NOON.replace(hour=5) + dt.timedelta(days=1),
    )
    assert "7-day average 150/70 ▲ above goal n 3 of 3 readings latest 150/70" in page_text(as_nadia.get("/patients/"))


def test_week_average_of_one_pressure_or_one_day_marks_nothing(as_nadia, rosa):
    """131/79 once was amber for 21 of 26 patients."""
    for hours in (1, 2):
        add_reading(rosa, "blood_pressure", 150, hours_ago=hours)

    assert week_of(rosa) == (2, 150, "")
    assert "above goal" not in page_text(as_nadia.get("/patients/"))


def test_week_is_marked_by_a_single_reading_far_out(as_nadia, rosa):
    add_pressures(rosa, 120, 120, 184)

    assert week_of(rosa)[2] == "very_high"
    assert "1 far above 7-day average 141/70 ▲ above goal n 3 of 3 readings" in page_text(as_nadia.get("/patients/"))


def test_week_average_is_judged_unrounded(rosa):
    """A mean of 129.6 is shown as 130, and is within the goal of less than 130."""
    for value, day in ((130, 0), (129, 1), (130, 2), (129, 3), (130, 4)):
        add_reading(rosa, "blood_pressure", value, value_2=79, hours_ago=1 + 24 * day)

    assert week_of(rosa) == (5, 129.6, "in")


def test_week_of_glucose_is_marked_by_lows_that_an_average_hides(as_nadia, rosa):
    for day, value in enumerate((65, 190, 68, 190, 66, 190)):
        add_reading(rosa, "glucose", value, hours_ago=1 + 24 * day)
    week_figures.refresh_due_weeks()

    assert PatientSummary.objects.get(patient=rosa).week_status == "low"
    assert "&lt; 70: 3 7-day average 128 n 6 of 6 readings" in page_text(as_nadia.get("/patients/"))


def test_week_of_glucose_averages_each_meal_by_its_goal(as_nadia, rosa):
    for day in range(2):
        for meal, value in (("fasting", 150), ("post-prandial", 170)):
            add_reading(rosa, "glucose", value, hours_ago=1 + 24 * day, filter_params={"meal_context": meal})
    week_figures.refresh_due_weeks()

    assert PatientSummary.objects.get(patient=rosa).week_status == "high"
    listed, preview = (page_text(as_nadia.get(path)) for path in ("/patients/", f"/patients/{rosa.pk}/preview/"))
    assert "7-day average 150 ▲ above goal fasting or before meals n 2 of 2 readings" in listed
    assert "7-day average 170 after meals n 2 of 2 readings" in listed, "each is judged by its own goal"
    assert "7-day average 150 fasting or before meals, n 2; 170 after meals, n 2 above goal" in preview


def test_week_moves_with_the_local_midnight_of_the_patient(client_of, nadia, time_machine, rosa, elm):
    """The page never shows an old week; the stored one follows when it is refreshed, in each zone at its midnight."""
    other = PatientFactory(clinic=elm, family_name="West", time_zone="America/Los_Angeles")
    for patient in (rosa, other):
        add_pressures(patient, 120, 120, 120, first_hours_ago=24 * 4)
        assert week_of(patient) == (3, 120, "in")
    time_machine.move_to(NOON + dt.timedelta(hours=13), tick=False)  # 1 am in New York, 10 pm in Los Angeles

    shown = page_text(client_of(nadia).get("/patients/"))

    assert [shown.count(f"7-day average 120/70 n {n}") for n in (2, 3)] == [1, 1]
    assert (week_of(rosa)[0], week_of(other)[0]) == (2, 3)


def test_week_is_due_no_more_once_it_is_empty(time_machine, rosa):
    add_pressures(rosa, 120)
    time_machine.move_to(NOON + dt.timedelta(days=8), tick=False)

    assert week_of(rosa) == (0, None, "")
    assert PatientSummary.objects.get(patient=rosa).week_due_at is None


def test_week_follows_exclusion_and_its_undo(rosa, nadia):
    newest, *_ = add_pressures(rosa, 180, 120, 120)
    assert week_of(rosa) == (3, 140, "high")

    exclusion.exclude_reading(reading=newest, reason=exclusion.ExclusionReason.BAD_MEASUREMENT, by=nadia)
    assert PatientSummary.objects.get(patient=rosa).systolic_average == 120
    exclusion.undo_exclusion(reading=newest, by=nadia)
    assert PatientSummary.objects.get(patient=rosa).systolic_average == 140


def test_week_follows_goals_of_patient_and_clinic(rosa, nadia, ada):
    add_pressures(rosa, 135, 135)
    assert week_of(rosa)[2] == "high"
    bounds = {("blood_pressure", 1, ""): Bounds(high=Decimal(140)), ("blood_pressure", 2, ""): Bounds(high=Decimal(85))}

    editing.change_thresholds(scope=rosa.clinic, new_bounds=bounds, last_seen_change_id=0, by=ada)
    assert week_of(rosa)[2] == "in"
    own = {("blood_pressure", 1, ""): Bounds(high=Decimal(130))}
    editing.change_thresholds(scope=rosa, new_bounds=own, last_seen_change_id=10**9, by=nadia)
    assert week_of(rosa)[2] == "high"


def test_week_follows_the_time_zone_of_the_patient(rosa, cora):
    add_pressures(rosa, 120, first_hours_ago=24 * 6 + 11)  # 1 am six days ago in New York, the day before in Honolulu
    assert week_of(rosa)[0] == 1
    admission.edit_patient(patient=rosa, by=cora, edit_version=rosa.edit_version, time_zone="Pacific/Honolulu")

    tasks.rebuild_stale_summaries()

    assert PatientSummary.objects.get(patient=rosa).systolic_average is None


def test_week_refresh_updates_open_pages_only_of_patients_whose_figures_changed(rosa):
    add_pressures(rosa, 120)
    week_figures.refresh_due_weeks()
    rosa.refresh_from_db()
    version = rosa.live_version
    PatientSummary.objects.update(week_due_at=timezone.now())

    week_figures.refresh_due_weeks()

    rosa.refresh_from_db()
    assert rosa.live_version == version


def test_week_refresh_takes_new_readings_before_days_that_have_ended(monkeypatch, time_machine, rosa, elm):
    """At midnight thousands are due; the filters and the sort order of a new reading don't wait for them."""
    monkeypatch.setattr(week_figures, "BATCH_SIZE", 1)
    other = PatientFactory(clinic=elm)
    add_pressures(other, 120, first_hours_ago=30)
    week_figures.refresh_due_weeks()
    time_machine.move_to(NOON + dt.timedelta(days=1), tick=False)
    add_pressures(rosa, 120)

    assert week_figures.refresh_due_batch() == 1

    due = PatientSummary.objects.filter(week_due_at__lte=timezone.now())
    assert [summary.patient for summary in due] == [other]


def test_week_refresh_that_runs_out_of_time_is_continued_by_a_wakeup(monkeypatch, rosa):
    woken = []
    monkeypatch.setattr(week_figures, "wake_worker", woken.append)
    add_pressures(rosa, 120)

    week_figures.refresh_due_weeks(seconds=0)

    assert woken == ["week_figures"]


def test_patient_list_finds_irregular_heartbeats_conflicts_and_implausible_readings(as_nadia, elm):
    def person(name):
        return DeviceFactory(patient=PatientFactory(clinic=elm, family_name=name, time_zone="America/New_York"))

    beat = {"metric": "irregular_heartbeat", "value_2": ...}
    ingest(person("Irregular"), hours_ago=30, value_1="1.00", **beat)
    ingest(person("Old"), hours_ago=24 * 8, value_1="1.00", **beat)
    ingest(person("Zero"), hours_ago=30, value_1="0.00", **beat)
    conflicting = person("Conflict")
    for value in ("128.00", "140.00"):
        ingest(conflicting, hours_ago=3, value_1=value)
    ingest(person("Implausible"), hours_ago=3, value_1="310.00")

    shown = page_text(as_nadia.get("/patients/"))
    assert "All 5 Out of goal 0 Irregular heartbeat 1 Check readings 2" in shown
    assert "irregular heartbeat 1 time" in shown
    assert shown.count("check 1 reading ") == 2
    assert family_names(post_list_settings(as_nadia, marks="irregular")) == ["Irregular"]
    assert family_names(post_list_settings(as_nadia, marks="check")) == ["Conflict", "Implausible"]
    assert family_names(post_list_settings(as_nadia, marks="out")) == []


def test_patient_list_filter_out_of_goal_goes_by_the_week(as_nadia, elm):
    for name, values in (("High", (150, 150)), ("Once", (150,)), ("Fine", (120, 120))):
        add_pressures(PatientFactory(clinic=elm, family_name=name), *values)
    week_figures.refresh_due_weeks()

    assert family_names(post_list_settings(as_nadia, marks="out")) == ["High"]


def test_patient_page_and_preview_count_irregular_heartbeats_and_readings_to_check(as_nadia, rosa, cuff):
    for hours in (2, 30, 24 * 9):
        ingest(cuff, hours_ago=hours, metric="irregular_heartbeat", value_1="1.00", value_2=...)
    ingest(cuff, hours_ago=30, value_1="310.00")

    page = as_nadia.get(f"/patients/{rosa.pk}/")

    assert "Irregular heartbeat 2 times in the last 7 days" in page_text(page)
    assert "To be checked 1 reading conflicting or implausible" in page_text(page)
    assert f'href="/patients/{rosa.pk}/?days=7&amp;metric=irregular_heartbeat#readings"' in page.content.decode()
    preview = page_text(as_nadia.get(f"/patients/{rosa.pk}/preview/"))
    assert "Last 7 days irregular heartbeat 2 times, check 1 reading" in preview


def test_week_counts_physical_readings_and_probable_duplicates_once(rosa):
    cuff = DeviceFactory(patient=rosa)

    def read(code, value, hours, **fields):
        second = 70 if code == "blood_pressure" else None
        at = timezone.now() - dt.timedelta(hours=hours)
        MeasurementFactory(device=cuff, code=code, value_1=value, value_2=second, taken_at=at, **fields)

    for code, value in (("blood_pressure", 120), ("blood_pressure", 130), ("pulse", 60)):
        read(code, value, 2, conflict=True)  # a pressure, another value for its time and their pulse
    read("pulse", 600, 2, index=1, implausible=True)  # another reading of the same second
    read("pulse", 600, 3, index=1, implausible=True, duplicate=True)
    read("pulse", 600, 4, implausible=True, control=True)
    for hours, fields in ((5, {}), (6, {"duplicate": True}), (7, {"conflict": True})):
        read("irregular_heartbeat", 1, hours, **fields)
    read("irregular_heartbeat", 2, 5)
    patient_summaries.rebuild_patient_summaries([rosa.pk])

    week = PatientSummary.objects.get().week
    assert (week["check_count"], week["irregular_count"]) == (3, 2)


def test_patient_preview_shows_the_week_of_each_metric(as_nadia, rosa):
    add_pressures(rosa, 150, 184)

    preview = page_text(as_nadia.get(f"/patients/{rosa.pk}/preview/"))

    assert "Blood pressure, week 1 far above 7-day average 167/70, n 2 above goal" in preview


def test_week_of_glucose_beyond_the_meter_is_far_out_without_a_number(as_nadia, rosa):
    for hours in (2, 30):
        add_reading(rosa, "glucose", 110, hours_ago=hours)
    add_reading(rosa, "glucose", None, beyond_meter="above", hours_ago=50)
    week_figures.refresh_due_weeks()

    assert PatientSummary.objects.get(patient=rosa).week_status == "very_high"
    assert "1 above the meter's range 7-day average 110 n 2" in page_text(as_nadia.get("/patients/")).replace(
        "&#x27;", "'"
    )


def test_patient_list_sorts_a_newest_value_beyond_the_meter_beyond_all(as_nadia, elm):
    high, beyond = (PatientFactory(clinic=elm, family_name=name) for name in ("High", "Beyond"))
    add_reading(high, "glucose", 300)
    add_reading(beyond, "glucose", 100, hours_ago=30)
    add_reading(beyond, "glucose", None, beyond_meter="above", hours_ago=1)
    week_figures.refresh_due_weeks()

    assert family_names(post_list_settings(as_nadia, order="glucose descending")) == ["Beyond", "High"]


def test_patient_list_filter_out_of_goal_includes_a_weight_gain_of_the_last_week(as_nadia, time_machine, rosa):
    for day in range(1, 5):
        add_reading(rosa, "weight", 180, hours_ago=24 * day)
    assert family_names(post_list_settings(as_nadia, marks="out")) == []
    add_reading(rosa, "weight", 184, hours_ago=1)
    week_figures.refresh_due_weeks()

    assert family_names(post_list_settings(as_nadia, marks="out")) == ["Delgado"]
    time_machine.move_to(NOON + dt.timedelta(days=8), tick=False)
    assert week_of(rosa)[2] == ""

"""Report of a clinic: figures worked out by hand, who may see it, ranges that are refused, audit, queries."""

import csv
import datetime as dt
import io

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from measurements.models import ReadingDay
from patients.models import AuditEvent, MonitoringPeriod
from tests.factories import (
    AlertEpisodeFactory,
    AlertStepFactory,
    MeasurementFactory,
    PatientFactory,
    SyncRowFactory,
    SyncRunFactory,
    TriageEntryFactory,
)
from tests.measurements.page_setup import NOW
from tests.page_texts import missing_words, page_text

ADDRESS = "/clinic-report/?first=2026-11-02&last=2026-11-15"


@pytest.fixture(autouse=True)
def clock_at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


def in_new_york(day, hour=12, minute=0):
    """An instant of November 2026, after the clocks were set back on the first."""
    return dt.datetime(2026, 11, day, minute=minute, tzinfo=dt.UTC) + dt.timedelta(hours=hour + 5)


def monitor(patient, started_at, ended_at=None, *, reading_days=()):
    reason = "moved" if ended_at else ""
    MonitoringPeriod.objects.create(patient=patient, started_at=started_at, ended_at=ended_at, end_reason=reason)
    for month, day in reading_days:
        ReadingDay.objects.create(patient=patient, day=dt.date(2026, month, day))


def episode(patient, rule, severity, detected_at, *, state="closed", steps=(), **fields):
    """Closed by its readings, unless `closed_by` says otherwise. `steps`: kind, instant, outcome."""
    if state == "closed":
        fields = {"closed_at": NOW, "closed_by": "readings", "section": ""} | fields
    row = AlertEpisodeFactory(
        patient=patient,
        rule=rule,
        severity=severity,
        detected_at=detected_at,
        state=state,
        **{"last": detected_at, "kind": "average", **fields},
    )
    for kind, at, *outcome in steps:
        AlertStepFactory(episode=row, kind=kind, at=at, outcome=outcome[0] if outcome else "")


@pytest.fixture
def november(elm, harbor, rosa):
    """Two weeks of three patients of Elm Street, with what another clinic and other days add, which must not count."""
    ben, western, other = (
        PatientFactory(clinic=elm, family_name="Brandt"),
        PatientFactory(clinic=elm, time_zone="America/Los_Angeles"),
        PatientFactory(clinic=harbor),
    )
    monitor(rosa, in_new_york(1) - dt.timedelta(days=40), reading_days=[(11, n) for n in (1, 2, 3, 8, 9, 15, 16)])
    monitor(ben, in_new_york(5, 10), in_new_york(11, 15), reading_days=[(11, n) for n in (4, 5, 11, 12)])
    # 11:30 PM of the 14th in Los Angeles, which is the 15th in New York.
    monitor(western, in_new_york(15, 2, 30), reading_days=[(11, 14)])
    monitor(other, in_new_york(1), reading_days=[(11, 7)])

    error, called = "measurement_error", "patient_called"
    answered = [("acknowledge", in_new_york(2, 10, 30)), ("resolve", in_new_york(2, 11), error)]
    episode(rosa, "bp_severe", "critical", in_new_york(2, 10), closed_by="person", steps=answered)
    over_weekend = [
        ("acknowledge", in_new_york(9, 9)),
        ("resolve", in_new_york(9, 10), error),
        ("reopen", in_new_york(9, 11)),
        ("resolve", in_new_york(10, 9), called),
    ]
    episode(ben, "bp_severe", "critical", in_new_york(6, 16, 30), closed_by="person", steps=over_weekend)
    noon = in_new_york(9)
    snoozed = AlertEpisodeFactory(patient=rosa, state="snoozed", section="", detected_at=noon, last=noon)
    AlertStepFactory(episode=snoozed, kind="snooze", at=in_new_york(9, 14), until=NOW + dt.timedelta(days=1))
    episode(ben, "bp_average", "warning", in_new_york(10))
    episode(western, "spo2_trend", "information", in_new_york(15, 23, 59))
    # Arrived late, but shown in the list: taken less than seven days before.
    episode(rosa, "hf_pulse", "critical", in_new_york(11), last=in_new_york(8), is_late=True)

    episode(rosa, "bp_average", "warning", in_new_york(12), state="dissolved", section="")
    episode(ben, "bp_severe", "critical", in_new_york(11), state="unconfirmed", opened_at=None)
    episode(rosa, "weight_gain", "warning", in_new_york(10), last=in_new_york(8), is_late=True)
    episode(rosa, "glucose_very_low", "critical", in_new_york(14), last=in_new_york(1), is_late=True)
    episode(ben, "bp_low", "warning", in_new_york(1, 23, 59))
    episode(other, "bp_severe", "critical", in_new_york(9), steps=[("acknowledge", in_new_york(9, 13))])

    run = SyncRunFactory(started_at=in_new_york(10, 2), finished_at=in_new_york(10, 3))
    SyncRunFactory(started_at=in_new_york(20, 2), finished_at=in_new_york(20, 3))
    SyncRowFactory(run=run, patient=rosa, state="done", missed=3, finished_at=in_new_york(10, 3))
    SyncRowFactory(run=run, patient=ben, state="done", missed=0, finished_at=in_new_york(10, 3))
    SyncRowFactory(run=run, patient=other, state="done", missed=5, finished_at=in_new_york(10, 3))
    SyncRowFactory(patient=rosa, run__finished_at=NOW, state="done", missed=7, finished_at=in_new_york(20, 3))
    for patient, day, source in ((rosa, 2, "webhook"), (ben, 15, "webhook"), (ben, 3, "pull"), (other, 3, "pull")):
        MeasurementFactory(patient=patient, taken_at=in_new_york(day), source=source)
    MeasurementFactory(patient=rosa, taken_at=in_new_york(16), source="pull")
    TriageEntryFactory(patient=rosa, section="critical", rank=0)
    TriageEntryFactory(patient=western, section="on_target", rank=10)
    TriageEntryFactory(patient=other, section="critical", rank=0)


def test_clinic_report_page_has_hand_worked_figures_without_a_patient(client_of, ada, november):
    page = client_of(ada).get(ADDRESS)

    assert not missing_words(
        page,
        "Nov 2, 2026 to Nov 15, 2026, 14 days",
        # Three critical episodes in 23 patient-days. Half an hour, and from Friday 4:30 PM to Monday 9 AM.
        "Critical 3 91.3 2 66 % 32.5 h 1.0 h of working hours 2.4 d 1.4 h of working hours 50 % 1 of 2 resolved",
        "Warning 2 60.9 1 50 % 2.0 h 2.0 h of working hours 2.0 h 2.0 h of working hours",
        "Information 1 30.4 0",
        "Severe blood pressure Critical 2 60.9 per 100 patients and week 2 100 % 1 50 % 0",
        "Pulse in heart failure Critical 1 30.4 per 100 patients and week 0 0 % 0 0 % 0",
        "High average blood pressure Warning 2 60.9 per 100 patients and week 1 50 % 0 0 % 1",
        "Nov 2 to Nov 8, 2026 11 4 37 % 2 0 0",
        "Nov 9 to Nov 15, 2026 12 4 34 % 1 2 1",
        "Monitored 23 patient-days With readings 8 patient-days 35 %",
        "Received by webhook 2 readings Brought by pulls 1 reading",
        "Missed by webhooks 3 readings found by 1 finished pull",
        "Critical 1 Warning 0",
        "On target 1",
    )
    assert "2 weeks, up to 233.3 per 100 patients and week; the table has each." in page.content.decode()
    assert not any(name in page_text(page) for name in ("Delgado", "Brandt", "Weight gain", "Very low glucose"))
    assert not AuditEvent.objects.filter(patient_ids__len__gt=0).exists()


def test_clinic_report_csv_has_the_same_figures_and_is_audited(as_nadia, elm, nadia, november):
    answer = as_nadia.get(ADDRESS.replace("report/", "report.csv"))

    rows = [tuple(row.values()) for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))]
    range_days = ("2026-11-02", "2026-11-15")
    assert answer["Content-Disposition"] == 'attachment; filename="clinic-report.csv"'
    assert {
        ("patients now", "Critical", "", "", "", "patients", "1", "patients"),
        ("measuring", "", "", *range_days, "days under monitoring", "23", "patient-days"),
        ("readings", "", "", *range_days, "received by webhook", "2", "readings"),
        ("readings", "", "", *range_days, "brought by pulls", "1", "readings"),
        ("readings", "", "", *range_days, "missed by webhooks", "3", "readings"),
        ("alerts", "", "critical", *range_days, "rate", "91.30", "per 100 patients and week"),
        ("alerts", "", "critical", *range_days, "time to answer, p50", "1950", "minutes"),
        ("alerts", "", "critical", *range_days, "working time to answer, p90", "84", "minutes"),
        ("alerts", "", "information", *range_days, "time to answer, p50", "", "minutes"),
        ("rule", "High average blood pressure", "warning", *range_days, "acted on", "1", "episodes"),
        ("week", "", "critical", "2026-11-09", "2026-11-15", "opened", "1", "episodes"),
    } <= set(rows)
    event = AuditEvent.objects.get(action="export")
    assert (event.actor_id, event.clinic_id, event.patient_ids) == (nadia.pk, elm.pk, [])
    assert event.details == {"days": 14, "rows": len(rows)}


def test_clinic_report_xlsx_has_the_rows_of_the_csv_as_numbers_and_dates(as_nadia, november):
    table = csv.reader(io.StringIO(as_nadia.get(ADDRESS.replace("report/", "report.csv")).content.decode("utf-8-sig")))

    answer = as_nadia.get(ADDRESS.replace("report/", "report.xlsx"))

    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert answer["Content-Disposition"] == 'attachment; filename="clinic-report.xlsx"'
    assert len(rows) == len(list(table)) > 20
    november_days = (dt.date(2026, 11, 2), dt.date(2026, 11, 15))
    assert ["alerts", "", "critical", *november_days, "rate", 91.3, "per 100 patients and week"] in rows
    assert AuditEvent.objects.filter(action="export", target="clinic_report").count() == 2


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("first=2026-11-15&last=2026-11-02", "The last day comes before the first one."),
        ("first=2025-11-01&last=2026-11-02", "Choose at most 366 days: these are 367 days."),
        ("first=2026-11-15&last=2026-11-22", "This day is still to come: today is Nov 21 there."),
        ("first=1999-01-01&last=1999-02-01", "No reading here is from before 2015."),
        ("first=2026-02-30&last=a%00b", "This is no date."),
        ("first=&last=2026-11-15", "Write the first day"),
        ("clinic=999999", "Choose one of your clinics."),
        ("clinic=a%00b", "Choose one of your clinics."),
    ],
)
def test_clinic_report_refuses_nonsense_in_words(as_nadia, query, refusal):
    page = as_nadia.get(f"/clinic-report/?{query}")

    assert refusal in page_text(page)
    assert "Alert load" not in page_text(page)
    for download in ("csv", "xlsx"):
        assert as_nadia.get(f"/clinic-report.{download}?{query}")["Location"] == f"/clinic-report/?{query}"


def test_clinic_report_is_for_clinicians_and_administrators_of_the_clinic(client_of, cora, elm, nadia, olaf, november):
    olaf.clinics.clear()
    without_clinic = page_text(client_of(olaf).get("/clinic-report/"))
    olaf.clinics.add(elm.people.model.clinics.through.objects.filter(user=nadia).get().clinic_id)
    nadia.clinics.clear()

    assert "Your account belongs to no clinic." in without_clinic
    assert "Report of Elm Street Clinic" in page_text(client_of(olaf).get(ADDRESS))
    assert "Report of Elm" not in page_text(client_of(nadia).get(f"{ADDRESS}&clinic={elm.pk}"))
    assert [client_of(cora).get(path).status_code for path in (ADDRESS, "/clinic-report.xlsx")] == [403, 403]


def test_account_menu_links_the_clinic_report_for_roles_that_may_see_it(client_of, ada, cora):
    pages = [client_of(user).get("/patients/units/").content.decode() for user in (ada, cora)]

    assert ['href="/clinic-report/"' in page for page in pages] == [True, False]


def test_clinic_report_of_one_of_several_clinics_makes_the_same_queries_for_any_size(
    as_nadia, elm, harbor, nadia, november
):
    nadia.clinics.add(harbor)
    elsewhere = as_nadia.get(f"{ADDRESS}&clinic={harbor.pk}")
    as_nadia.get(ADDRESS)
    found = []
    for address in (ADDRESS, f"/clinic-report/?first=2025-11-21&last=2026-11-21&clinic={elm.pk}"):
        with CaptureQueriesContext(connection) as asked:
            assert as_nadia.get(address).status_code == 200
        found.append(len(asked))
        for n in range(3):
            patient = PatientFactory(clinic=elm)
            monitor(patient, in_new_york(2), reading_days=[(11, 3)])
            episode(patient, f"rule_{n}", "warning", in_new_york(3), steps=[("acknowledge", in_new_york(4))])

    assert "Monitored 14 patient-days With readings 1 patient-day 8 %" in page_text(elsewhere)
    assert found[0] == found[1] <= 26

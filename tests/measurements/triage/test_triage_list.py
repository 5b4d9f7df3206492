"""Triage list: sections, order, words of a row, filters, access, audit, queries."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from measurements.alerts.models import SharedTriageFilter
from measurements.models import TriageEntry
from patients.models import AuditEvent, Patient, User
from patients.models.audit import AuditAction
from tests.factories import (
    AlertEpisodeFactory,
    CareTeamMemberFactory,
    DeviceFactory,
    LatestReadingFactory,
    MeasurementFactory,
    PatientFactory,
)
from tests.measurements.triage.clinic_morning import add_entry, add_patient, build_morning, severe_pressure
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.django_db
ROW = re.compile(r'<tr id="row-[^"]+">.*?</tr>', re.DOTALL)
HEAD = re.compile(r'id="section-(\w+)"')


@pytest.fixture
def morning(elm, nadia):
    return build_morning(elm, nadia)


def rows_of(response):
    return ROW.findall(response.content.decode())


def names_of(response):
    return [re.search(r'data-preview="[^"]+"\s*>([^<]+)</a>', row)[1].strip() for row in rows_of(response)]


def test_triage_list_has_sections_worst_first_each_patient_once_and_folds_the_quiet_ones(as_nadia, morning):
    page = as_nadia.get("/triage/")

    assert page.status_code == 200
    assert HEAD.findall(page.content.decode()) == [
        *("critical", "warning", "over_not_seen", "arrived_late", "check", "no_readings", "equipment", "information"),
        "reviewed",
    ]
    assert names_of(page) == [
        *("Critical", "Warning", "Over", "Late", "Check", "Silent", "Equipment", "Information", "Reviewed"),
    ]
    assert (
        missing_words(
            page,
            "192/124 mmHg, limit over 180/120; not confirmed yet, repeat asked",
            "average 162/94 mmHg over 7 days, n 12, limit 135/85 or more",
            "no weight reading for 3 days",
            "no weight reading for 4 days",
            "Check this reading: weight 180.4",
            "Tenovi Scale",
            "A pulse oximeter can read too high",
            "assigned to Nadia Haddad",
            "(603) 555-0142",
            "This is no emergency service",
            "Snoozed 1",
            "On target 1",
        )
        == []
    )
    assert names_of(as_nadia.get("/triage/", {"section": "on_target"})) == ["Target"]
    assert names_of(as_nadia.get("/triage/", {"section": "snoozed"})) == ["Snoozed"]
    assert len(rows_of(as_nadia.get("/triage/", {"section": "nonsense"}))) == 9
    assert re.search(r'id="critical-count"[^>]*>1<', page.content.decode())


def test_triage_list_puts_unacknowledged_first_then_the_longest(as_nadia, elm):
    now = timezone.now()
    for name, hours, unacknowledged in (("Seen", 9, False), ("Newer", 1, True), ("Older", 5, True)):
        patient = add_patient(
            elm, name, "critical", unacknowledged=unacknowledged, order_at=now - dt.timedelta(hours=hours)
        )
        severe_pressure(patient, is_acknowledged=not unacknowledged)

    page = as_nadia.get("/triage/")

    assert names_of(page) == ["Older", "Newer", "Seen"]
    assert ["Acknowledge<" in row for row in rows_of(page)] == [True, True, False]


def test_triage_list_is_filtered_and_remembers_it_per_user(as_nadia, client_of, cora, nadia, elm, morning):
    CareTeamMemberFactory(patient=morning["warning"], user=nadia)
    cases = {
        ("care", "mine"): ["Warning"],
        ("care", "assigned"): ["Warning"],
        ("queue", "compliance"): ["Warning", "Silent"],
        ("severity", "critical"): ["Critical", "Over", "Late"],
        ("condition", "copd"): [],
        ("severity", "nonsense"): ["Critical", "Warning"],
    }
    for (name, value), expected in cases.items():
        as_nadia.post("/triage/filters/", {"everybody": "1"})
        answer = as_nadia.post("/triage/filters/", {name: value})
        assert answer.headers["Location"] == "/triage/"
        assert names_of(as_nadia.get("/triage/"))[: max(2, len(expected))] == expected, (name, value)

    as_nadia.post("/triage/filters/", {"care": "mine"})
    assert User.objects.get(pk=nadia.pk).preferences["triage_list"]["care"] == "mine"
    assert len(rows_of(client_of(cora).get("/triage/"))) == 9


def test_count_in_navigation_is_of_all_patients_and_followed_whatever_the_list_is_narrowed_to(as_nadia, elm, morning):
    as_nadia.post("/triage/filters/", {"queue": "compliance"})
    page = as_nadia.get("/triage/")
    assert 'data-critical-count="1"' in page.content.decode()
    shown = page.context["version"]

    severe_pressure(add_patient(elm, "Zeller", "critical", conditions=[]))

    answer = as_nadia.get("/triage/live/", {"v": shown})
    assert answer.status_code == 200
    assert 'data-critical-count="2"' in answer.content.decode()


def test_triage_list_is_of_the_own_clinic_audited_and_clinicians_begin_there(
    as_nadia, as_cora, client_of, olaf, ada, morning
):
    as_nadia.get("/triage/")
    seen = AuditEvent.objects.filter(action=AuditAction.LIST).latest("pk").patient_ids

    assert set(seen) == {morning[name].pk for name in morning if name not in ("snoozed", "on_target")}
    assert rows_of(client_of(olaf).get("/triage/")) == []
    assert client_of(ada).get("/triage/").status_code == 403
    assert as_nadia.get("/").headers["Location"] == "/triage/"
    assert as_cora.get("/").headers["Location"] == "/exceptions/"
    assert client_of(ada).get("/").headers["Location"] == "/admin/"


def test_triage_list_of_coordinator_offers_only_missing_readings(as_cora, morning):
    page = as_cora.get("/triage/")
    rows = rows_of(page)

    offered = [name for name, row in zip(names_of(page), rows, strict=True) if "Acknowledge<" in row]
    assert offered == ["Silent"]
    assert not any("/review/" in row or "/undo/" in row for row in rows)


def test_triage_list_and_hand_over_name_patients_who_could_not_be_assessed(as_nadia, elm, harbor, monkeypatch):
    """Failed, overdue, never assessed, and enrolled without an entry; those just enrolled have time."""
    long_ago = timezone.now() - dt.timedelta(hours=1)
    names = ("Failing", "Overdue", "Never", "Entryless", "New", "Fine")
    found = {name: PatientFactory(clinic=elm, family_name=name, given_name="") for name in names}
    Patient.objects.exclude(pk=found["New"].pk).update(enrolled_at=long_ago)
    PatientFactory(clinic=harbor, family_name="Elsewhere", enrolled_at=long_ago)
    add_entry(found["Fine"], "on_target")
    add_entry(found["Overdue"], "on_target")
    version = as_nadia.get("/triage/").context["version"]
    TriageEntry.objects.filter(patient=found["Overdue"]).update(due_at=long_ago)
    TriageEntry.objects.create(patient=found["Failing"], failures=2, problem="ValueError", assessed_at=long_ago)
    TriageEntry.objects.create(patient=found["Never"], due_at=None)

    page = as_nadia.get("/triage/live/", {"v": version})
    for answer in (page, as_nadia.get("/triage/hand-over/", {"whose": "clinic"})):
        words = "The alerts of 4 patients could not be assessed . What is said of them here may be out of date"
        assert missing_words(answer, words, "Entryless · Failing · Never · Overdue") == []
    seen = AuditEvent.objects.filter(action=AuditAction.PRINT).latest("pk").patient_ids
    assert found["Entryless"].pk in seen

    monkeypatch.setattr("measurements.triage.filters.MAX_NAMED", 2)
    words = page_text(as_nadia.get("/triage/"))
    assert "of 4 patients could not be assessed" in words
    assert "Entryless · Failing and others" in words


def test_readings_to_check_are_in_the_medical_queue(as_nadia, elm, morning):
    """Beyond the meter or a critical limit: critical without an alert."""
    reading = MeasurementFactory(device__patient__clinic=elm, device__patient__family_name="Meter", code="glucose")
    add_entry(reading.patient, "critical", checks={"beyond_meter": [reading.pk]})
    expected = {
        ("medical", ""): (True, True),
        ("medical", "critical"): (True, False),
        ("", "critical"): (True, False),
        ("medical", "warning"): (False, False),
        ("compliance", ""): (False, False),
    }
    for (queue, severity), shown in expected.items():
        as_nadia.post("/triage/filters/", {"queue": queue, "severity": severity})
        names = " ".join(names_of(as_nadia.get("/triage/")))
        assert ("Meter" in names, "Check" in names) == shown, (queue, severity)


def count_queries(client):
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/triage/").status_code == 200
    return len(asked)


def test_triage_list_makes_the_same_queries_for_any_number_of_patients(as_nadia, elm, morning):
    as_nadia.get("/triage/")
    few = count_queries(as_nadia)
    for n in range(4):
        patient = add_patient(elm, f"Another{n}", "critical")
        reading = MeasurementFactory(device=DeviceFactory(patient=patient), code="blood_pressure")
        LatestReadingFactory(measurement=reading)
        severe_pressure(patient)
        AlertEpisodeFactory(patient=patient)

    assert count_queries(as_nadia) == few
    assert few <= 32


def test_triage_list_pages_go_through_all_patients_once(as_nadia, elm, monkeypatch):
    monkeypatch.setattr("measurements.triage.list_views.PAGE_SIZE", 2)
    for n in range(5):
        severe_pressure(add_patient(elm, f"Patient {n}", "critical" if n < 3 else "warning"))
    seen, address = [], "/triage/"
    while address:
        page = as_nadia.get(address)
        seen += names_of(page)
        following = re.search(r'href="(\?[^"]+)" rel="next"', page.content.decode())
        address = f"/triage/{following[1]}" if following else ""

    assert sorted(seen) == [f"Patient {n}" for n in range(5)]


def test_shortcuts_of_triage_list_are_switched_off_per_user(as_nadia, as_cora):
    as_nadia.post("/triage/shortcuts/")

    assert "data-no-shortcuts" in as_nadia.get("/triage/").content.decode()
    assert "data-no-shortcuts" not in as_cora.get("/triage/").content.decode()
    as_nadia.post("/triage/shortcuts/", {"on": "1"})
    assert "data-no-shortcuts" not in as_nadia.get("/triage/").content.decode()


def test_discharged_patient_is_in_no_section(as_nadia, elm):
    gone = PatientFactory(clinic=elm, discharged_at=timezone.now() + dt.timedelta(minutes=1))
    add_entry(gone, "critical")

    assert rows_of(as_nadia.get("/triage/")) == []


def test_filters_are_shared_by_name_within_a_clinic(as_nadia, client_of, cora, olaf, elm):
    critical, warning = add_patient(elm, "Critical", "critical"), add_patient(elm, "Warning", "warning")
    severe_pressure(critical)
    AlertEpisodeFactory(patient=warning)
    as_nadia.post("/triage/filters/", {"severity": "critical"})

    said = as_nadia.post("/triage/filters/share/", {"name": "Urgent", "clinic": elm.pk}, follow=True)
    assert missing_words(said, "“Urgent” is saved for Elm Street Clinic.") == []
    for name in ("urgent", "", "x" * 41):
        refused = as_nadia.post("/triage/filters/share/", {"name": name, "clinic": elm.pk}, follow=True)
        assert "Not saved:" in page_text(refused), name

    row = SharedTriageFilter.objects.get()
    as_cora = client_of(cora)
    assert names_of(as_cora.get("/triage/")) == ["Critical", "Warning"]
    as_cora.post(f"/triage/filters/{row.pk}/")
    assert names_of(as_cora.get("/triage/")) == ["Critical"]
    elsewhere = client_of(olaf)
    assert elsewhere.post(f"/triage/filters/{row.pk}/").status_code == 404
    assert elsewhere.post(f"/triage/filters/{row.pk}/remove/").status_code == 404
    assert elsewhere.post("/triage/filters/share/", {"name": "Mine", "clinic": elm.pk}).status_code == 302
    as_cora.post(f"/triage/filters/{row.pk}/remove/")
    assert not SharedTriageFilter.objects.exists()

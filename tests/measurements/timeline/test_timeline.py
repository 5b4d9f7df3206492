"""Timeline of one patient: every kind of event by local day, filters, words, pages of days, print, access."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import Assignment
from measurements.models import Measurement
from tests import factories
from tests.measurements.page_setup import NOW, add_reading, audited_patient_ids
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.usefixtures("clock_at_noon")
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def missing_in(text, *words):
    return [each for each in words if each not in text]


def section_of(page, heading):
    """The text of one day of the page, until the heading of the next one."""
    return re.split(r"\w+day, ", page_text(page).partition(heading)[2])[0]


@pytest.fixture
def eventful(clock_at_noon, rosa, nadia):
    """One of everything in the two days before noon of November 21, and a reading of August."""
    rosa.enrolled_at = NOW - 2 * DAY
    rosa.save()
    cuff = factories.DeviceFactory(patient=rosa, name="Tenovi BPM")
    Assignment.objects.filter(device=cuff).update(started_at=NOW - 2 * DAY)
    add_reading(cuff, "blood_pressure", 118, 76, hours_ago=3)
    add_reading(cuff, "blood_pressure", 172, 98, hours_ago=4, latest=False)
    add_reading(cuff, "blood_pressure", 240, 30, hours_ago=5, latest=False, implausible=True)
    add_reading(cuff, "irregular_heartbeat", 1, hours_ago=4, latest=False)
    add_reading(cuff, "blood_pressure", 121, 79, hours_ago=13, latest=False)  # 11 PM of the day before
    excluded = add_reading(cuff, "blood_pressure", 150, 80, hours_ago=14, latest=False)
    Measurement.objects.filter(pk=excluded.pk).update(excluded_at=NOW - HOUR, excluded_reason="Cuff too loose")
    factories.ExclusionEventFactory(measurement=excluded, by=nadia, at=NOW - HOUR)
    add_reading(cuff, "weight", 171, hours_ago=24 * 110)
    episode = factories.AlertEpisodeFactory(patient=rosa, first_known_at=NOW - 4 * HOUR, count=14)
    factories.AlertStepFactory(episode=episode, by=nadia, at=NOW - 3 * HOUR)
    factories.AlertEpisodeFactory(
        patient=rosa, rule="bp_severe", kind="limit", severity="critical", state="closed", section="",
        first_known_at=NOW - 5 * HOUR, closed_at=NOW - 2 * HOUR, closed_by="readings", last=NOW - 5 * HOUR,
    )  # fmt: skip
    factories.NoteFactory(patient=rosa, created_by=nadia, due_on=dt.date(2026, 11, 25))
    factories.ThresholdChangeFactory(patient=rosa, by=nadia)
    factories.AlertRuleChangeFactory(patient=rosa, by=nadia, at=NOW - HOUR)
    factories.MeasuringPauseFactory(patient=rosa, by=nadia, at=NOW - HOUR)
    factories.PatientReviewFactory(patient=rosa, by=nadia, at=NOW - HOUR, first_day=NOW.date() - 29 * DAY)
    factories.CareTeamMemberFactory(patient=rosa, user=nadia, started_at=NOW - DAY)
    factories.HardwareChangeFactory(device=cuff, detected_at=NOW - HOUR)
    order = factories.OrderFactory(patient=rosa, placed_at=NOW - 30 * HOUR, lines=1)
    factories.OrderEventFactory(order=order, line=order.lines.get(), at=NOW - HOUR, text="Shipped", status="shipped")


@pytest.mark.usefixtures("eventful")
def test_timeline_shows_every_kind_by_local_day_with_worst_values(as_nadia, rosa):
    page = as_nadia.get(f"/patients/{rosa.pk}/timeline/")

    today = section_of(page, "Saturday, November 21, 2026")
    before = section_of(page, "Friday, November 20, 2026")
    assert missing_in(
        today,
        "Readings 4 readings new Show November 21 Blood pressure 3, worst 172/98 mmHg, above goal",
        "Irregular heartbeat: detected 1 of 1 time 1 to be checked",
        "Note Nadia Haddad Asked about dizziness Next step, Nov 25: Call again",
        "Patient&#x27;s goal changed Nadia Haddad Blood pressure, systolic: 90 to 130",
        "11:00 AM Readings Blood pressure 150/80 mmHg excluded Nadia Haddad Bad measurement",
        "Patient&#x27;s alert rule changed Nadia Haddad Severe blood pressure: over 190/125",
        "11:00 AM Orders Shipped Hypertension kit",
        "Tenovi BPM on another gateway",
        "Pause from measuring planned: Dec 1 to Dec 8, 2026 Nadia Haddad On holiday",
        "11:00 AM Reviews Reviewed Nadia Haddad looked at Oct 23 to Nov 21",
        "10:00 AM Alerts Critical over: severe blood pressure closed by later readings",
        "9:00 AM Alerts Acknowledged: high average blood pressure Nadia Haddad",
        "8:00 AM Alerts Warning: high average blood pressure Open worst 162/94 mmHg fed by 14 readings",
        "7:00 AM Alerts Critical: severe blood pressure",
    ) == []  # fmt: skip
    assert missing_in(
        before,
        "1 reading new Show November 20 Blood pressure 1, newest 121/79 mmHg, in goal 1 left out",
        "On the care team: Nadia Haddad",
        "6:00 AM Orders Order placed: Hypertension kit",
    ) == []  # fmt: skip
    assert "12:00 PM Devices Tenovi BPM assigned" in page_text(page)
    assert audited_patient_ids("view") == [[rosa.pk]]


@pytest.mark.usefixtures("eventful")
def test_timeline_filters_kinds_and_words_and_pages_of_days_without_words_in_the_address(as_nadia, rosa):
    address = f"/patients/{rosa.pk}/timeline/"

    alerts = page_text(as_nadia.post(address, {"kind": ["alerts"], "length": "90"}, follow=True))
    found = as_nadia.post(address, {"kind": ["alerts", "notes"], "words": "DIZZI nadia", "length": "365"}, follow=True)
    older = as_nadia.get(f"{address}?length=90&page=2")

    assert "Acknowledged: high average blood pressure" in alerts
    assert "Asked about dizziness" not in alerts
    assert "Asked about dizziness" in page_text(found)
    assert "Acknowledged" not in page_text(found)
    assert "dizzi" not in found.redirect_chain[-1][0].casefold()
    assert missing_words(older, "Monday, August 3, 2026", "Weight 1, newest 171.0 lb", "Newer") == []
    assert "Older" not in page_text(older)
    assert missing_words(as_nadia.get(f"{address}?length=0"), "August 3, 2026", "November 21, 2026") == []
    assert "Nothing of this happened" in page_text(as_nadia.get(f"{address}?page=9&kind=nonsense&length=x"))


def test_note_on_an_alert_is_on_its_page_and_in_the_timeline(as_nadia, rosa):
    episode = factories.AlertEpisodeFactory(patient=rosa)
    other = factories.AlertEpisodeFactory(patient=factories.PatientFactory(clinic=rosa.clinic))
    call = {"kind": "call", "happened_at": "2026-11-20T11:30", "outcome": "reached", "text": "Will rest and repeat"}

    saved = as_nadia.post(f"/patients/{rosa.pk}/alerts/{episode.pk}/note/", call)

    assert as_nadia.get(f"/patients/{rosa.pk}/alerts/{other.pk}/note/").status_code == 404
    assert missing_words(as_nadia.get(saved.url), "Call: reached with patient", "Will rest and repeat") == []
    page = as_nadia.get(f"/patients/{rosa.pk}/timeline/?kind=notes")
    assert missing_words(page, "Call: reached, with patient", "Will rest and repeat about alert, warning") == []


@pytest.mark.usefixtures("eventful")
def test_timeline_opens_a_day_in_charts_and_prints_what_it_shows(as_nadia, rosa):
    address = f"/patients/{rosa.pk}/timeline/"

    day = as_nadia.post(f"{address}day/", {"day": "2026-11-20"})
    printed = page_text(as_nadia.get(f"{address}print/?kind=notes"))

    assert "2026" not in day.url
    assert "Nov 20, 2026" in page_text(as_nadia.get(day.url))
    for impossible in ("0001-01-01", "2027-01-01", "2026-02-31", ""):
        assert as_nadia.post(f"{address}day/", {"day": impossible}).status_code == 400
    assert "Asked about dizziness" in printed
    assert "Acknowledged" not in printed
    assert "Printed by Nadia Haddad" in printed
    assert audited_patient_ids("print") == [[rosa.pk]]


@pytest.mark.usefixtures("eventful")
def test_timeline_uses_as_many_queries_for_any_number_of_events(as_nadia, rosa, nadia, django_assert_max_num_queries):
    address = f"/patients/{rosa.pk}/timeline/?length=0"
    with CaptureQueriesContext(connection) as few:
        as_nadia.get(address)
    for n in range(3):
        cuff = factories.DeviceFactory(patient=rosa)
        add_reading(cuff, "blood_pressure", 130, 80, hours_ago=30 + n, latest=False)
        episode = factories.AlertEpisodeFactory(patient=rosa, state="closed", closed_at=NOW, closed_by="readings")
        factories.AlertStepFactory(episode=episode, by=factories.UserFactory(), to=nadia, kind="assign", at=NOW - HOUR)
        factories.NoteFactory(patient=rosa)
        factories.ThresholdChangeFactory(patient=rosa)
        factories.MeasuringPauseFactory(patient=rosa, at=NOW - HOUR)
        factories.PatientReviewFactory(patient=rosa, at=NOW - HOUR)
        factories.HardwareChangeFactory(device=cuff, detected_at=NOW - HOUR)
        order = factories.OrderFactory(patient=rosa, lines=0)
        factories.OrderEventFactory(order=order, at=NOW - HOUR, text=f"Event {n}")

    with django_assert_max_num_queries(len(few)):
        assert "Event 2" in page_text(as_nadia.get(address))

"""Pillbox and caps of a patient: the calendar, its link, the form of dose times with refusals, history and audit."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measurements.adherence.models import DoseSchedule
from patients.models import AuditEvent
from tests.factories import DeviceFactory, DoseScheduleFactory
from tests.measurements.page_setup import add_reading, audited_patient_ids
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.usefixtures("clock_at_noon")
SENT = {
    "time_1": "08:00",
    "time_2": "20:00",
    "on_time_minutes": "60",
    "missed_after_minutes": "240",
    "starts_on": "2026-11-19",
    "seen": "0",
}


@pytest.fixture
def pillbox(rosa, clock_at_noon):
    """Opened on Friday (Nov 20) at 8:10 AM and 9:30 PM, on Thursday at 11 AM; refilled on Thursday."""
    pillbox = DeviceFactory(patient=rosa, name="Tenovi Pillbox", sensor_code="21")
    for compartment, hours_ago in (((6, 1), 27.84), ((6, 2), 14.5), ((5, 1), 49)):
        add_reading(pillbox, "pillbox_opened", *compartment, hours_ago=hours_ago, latest=hours_ago == 14.5)
    for half in (1, 2):
        add_reading(pillbox, "pillbox_refilled", 5, half, hours_ago=50, latest=False)
    return pillbox


def test_adherence_page_without_dose_times_shows_openings_only(as_nadia, rosa, pillbox):
    page = as_nadia.get(f"/patients/{rosa.pk}/adherence/")

    assert not missing_words(
        page,
        "No dose times are set: only openings are shown, and none is called late or missed.",
        "Thu Nov 19 opened 11:00 AM Thursday AM 2 compartments refilled",
        "Fri Nov 20 opened 8:09 AM Friday AM opened 9:30 PM Friday PM",
    )
    assert page.content.decode().count('class="state') == 1, "that of the timer"
    assert audited_patient_ids("view") == [[rosa.pk]]


def test_adherence_page_with_dose_times_shows_each_dose_taken_late_missed_or_due(as_nadia, rosa, pillbox):
    DoseScheduleFactory(device=pillbox, starts_on=dt.date(2026, 11, 19))

    assert not missing_words(
        as_nadia.get(f"/patients/{rosa.pk}/adherence/"),
        "1 taken 2 late 2 missed 1 not yet of 5 doses that are over.",
        "Thu Nov 19 late 11:00 AM missed due 8:00 PM 2 compartments refilled",
        "Fri Nov 20 taken 8:09 AM late 9:30 PM",
        "Sat Nov 21 missed due 8:00 AM not yet due 8:00 PM",
    )


def test_adherence_page_shows_each_cap_and_counts_its_openings_only(as_nadia, rosa):
    cap = DeviceFactory(patient=rosa, name="PatchRx PatchCap", sensor_code="27-03", sensor_id="03")
    for value, hours_ago in ((1, 28), (0, 27.9)):
        add_reading(cap, "patchcap_open_close_event", value, 0, hours_ago=hours_ago, latest=not value)
    DoseScheduleFactory(device=cap, times=[dt.time(8)], starts_on=dt.date(2026, 11, 20))

    page = as_nadia.get(f"/patients/{rosa.pk}/adherence/")

    assert not missing_words(page, "PatchRx PatchCap 03", "Fri Nov 20 taken 8:00 AM", "not reported yet due 8:00 AM")
    assert "opened" not in page_text(page).partition("Sat Nov 21")[0].partition("Fri Nov 20")[2]


def test_adherence_page_is_linked_where_the_patient_has_a_pillbox_or_cap(as_nadia, rosa):
    link = f'href="/patients/{rosa.pk}/adherence/"'
    before = as_nadia.get(f"/patients/{rosa.pk}/").content.decode()
    DeviceFactory(patient=rosa, name="PatchRx PatchCap", sensor_code="27-03")

    assert link not in before
    assert link in as_nadia.get(f"/patients/{rosa.pk}/").content.decode()
    assert "has no pillbox or cap" not in page_text(as_nadia.get(f"/patients/{rosa.pk}/adherence/"))


def test_dose_times_are_stored_with_history_audit_and_user(as_nadia, nadia, rosa, pillbox):
    here = f"/patients/{rosa.pk}/adherence/{pillbox.pk}/"
    sent = as_nadia.post(here, SENT, follow=True)
    first = DoseSchedule.objects.get()
    ended = as_nadia.post(
        here, SENT | {"time_1": "", "time_2": "", "seen": first.pk, "starts_on": "2026-11-21"}, follow=True
    )

    assert "Due 8:00 AM, 8:00 PM from Nov 19, 2026" in page_text(sent)
    assert (first.times, first.by, first.patient) == ([dt.time(8), dt.time(20)], nadia, rosa)
    assert DoseSchedule.objects.first().times == []
    assert "of 4 doses that are over. No dose times since Nov 21, 2026." in page_text(ended)
    assert not missing_words(as_nadia.get(here), "Nov 19, 2026 8:00 AM, 8:00 PM 60, 240 minutes Nadia Haddad")
    event = AuditEvent.objects.filter(action="thresholds").first()
    assert (event.patient_ids, event.details) == ([rosa.pk], {"goals": ["dose times"]})


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"time_1": "14:00"}, "A time before noon: the pillbox has a compartment for each half of the day."),
        ({"time_2": "09:00"}, "A time from noon: the pillbox has a compartment for each half of the day."),
        ({"time_1": "8 o'clock"}, "This is no time. Write it as 08:00."),
        ({"missed_after_minutes": "30"}, "Must be more than the 60 minutes on time."),
        ({"time_2": "12:30"}, "Between two doses are 270 minutes"),
        ({"starts_on": "2031-01-01"}, "A day from 2015 to a year from today."),
    ],
)
def test_dose_times_of_nonsense_are_refused_at_their_field(as_nadia, rosa, pillbox, changed, refusal):
    page = as_nadia.post(f"/patients/{rosa.pk}/adherence/{pillbox.pk}/", SENT | changed)

    assert page.status_code == 200
    assert refusal in page_text(page)
    assert next(iter(changed.values())).replace("'", "&#x27;") in page.content.decode()
    assert not DoseSchedule.objects.exists()


def test_dose_times_that_a_colleague_changed_meanwhile_are_not_overwritten(as_nadia, rosa, pillbox):
    row = DoseScheduleFactory(device=pillbox)
    page = as_nadia.post(f"/patients/{rosa.pk}/adherence/{pillbox.pk}/", SENT)

    assert f"{row.by} has changed the times meanwhile, see below. Nothing is saved." in page_text(page)
    assert DoseSchedule.objects.get() == row


def test_dose_times_are_for_clinicians_and_for_devices_of_the_patient(client, cora, as_nadia, rosa, pillbox):
    other = DeviceFactory(patient__clinic=rosa.clinic, sensor_code="21")
    assert as_nadia.get(f"/patients/{rosa.pk}/adherence/{other.pk}/").status_code == 404
    client.force_login(cora)
    assert client.get(f"/patients/{rosa.pk}/adherence/{pillbox.pk}/").status_code == 403
    assert f"/adherence/{pillbox.pk}/" not in client.get(f"/patients/{rosa.pk}/adherence/").content.decode()


def test_adherence_page_uses_as_many_queries_for_every_range(as_nadia, rosa, pillbox):
    DoseScheduleFactory(device=pillbox)
    counts = []
    for days in (28, 84, 28, 84):  # the first round fills caches
        with CaptureQueriesContext(connection) as queries:
            as_nadia.get(f"/patients/{rosa.pk}/adherence/?days={days}")
        counts.append(len(queries))

    assert counts[2] == counts[3] < 30

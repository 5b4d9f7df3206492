"""Mails about readings that can't wait for an alert: to be checked at once, or beyond the meter."""

import datetime as dt
import re

import pytest
from django.core import mail

from measurements.alerts import assessment, tasks
from measurements.alerts.models import AlertNotification
from measurements.alerts.reviews import review_patient, undo_review
from measurements.models import Measurement, TriageEntry
from measurements.readings.exclusion import ExclusionReason, exclude_reading, undo_exclusion
from tests.factories import DeviceFactory
from tests.measurements.alerts.messages.alert_mails import MINUTE, MORNING, NIGHT, sent_to, swept_to
from tests.measurements.alerts.stored import ingest_pressure, pressure_item, section_of
from tests.measurements.webhook_items import receive_and_ingest

pytestmark = pytest.mark.django_db
IMPLAUSIBLE = (320, 110)


def ingest_beyond_meter(patient, **changes):
    meter = DeviceFactory(patient=patient)
    item = pressure_item(meter, 601) | {"metric": "glucose", "value_1": "HI", "value_2": "0.00"} | changes
    receive_and_ingest(item)
    assessment.assess_due_patients()


def review(patient, by):
    patient.refresh_from_db()
    return review_patient(patient=patient, by=by, shown=str(patient.live_version))


@pytest.mark.parametrize("is_beyond", [True, False])
def test_reading_that_cannot_wait_is_mailed_in_stages_once(clock, rosa, responsible, colleague, is_beyond):
    if is_beyond:
        ingest_beyond_meter(rosa)
    else:
        ingest_pressure(DeviceFactory(patient=rosa), *IMPLAUSIBLE)
    assert section_of(rosa) == "critical"

    tasks.send_alert_messages()
    (message,) = mail.outbox
    assert (message.to, message.subject) == ([responsible.email], "Vitals at Home: 1 critical alert")
    assert "1 of them is a reading to be checked at once" in message.body
    assert not re.search(r"rosa|320|glucose|pressure|mmHg|patients/", message.body, re.IGNORECASE)
    mail.outbox.clear()
    assessment.assess_patient(rosa.pk)
    clock.move_to(MORNING + 59 * MINUTE)
    assert swept_to() == []
    clock.move_to(MORNING + 60 * MINUTE)
    assert swept_to() == [colleague.email]
    clock.move_to(MORNING + dt.timedelta(hours=5))
    assert swept_to() == []
    assert AlertNotification.objects.get().reading == Measurement.objects.get()


def test_reviewed_reading_is_mailed_to_no_other_person_until_the_review_is_undone(clock, rosa, responsible, colleague):
    ingest_beyond_meter(rosa)
    assert swept_to() == [responsible.email]
    clock.move_to(MORNING + 20 * MINUTE)
    done = review(rosa, responsible)
    clock.move_to(MORNING + 120 * MINUTE)
    assert swept_to() == []
    undo_review(review=done, by=responsible)

    assert swept_to() == [], "who has a mail about it gets no second one"
    clock.move_to(MORNING + 180 * MINUTE)
    assert swept_to() == [colleague.email]


def test_excluded_reading_is_left_out_and_returns_with_the_undo(clock, rosa, responsible):
    ingest_beyond_meter(rosa)
    exclude_reading(reading=Measurement.objects.get(), by=responsible, reason=next(iter(ExclusionReason)))
    assessment.assess_patient(rosa.pk)
    assert swept_to() == []
    undo_exclusion(reading=Measurement.objects.get(), by=responsible)
    assessment.assess_patient(rosa.pk)

    assert swept_to() == [responsible.email]


def test_reading_at_night_goes_to_the_person_on_call(clock, rosa, elm, responsible, colleague):
    clock.move_to(NIGHT)
    elm.on_call = colleague
    elm.save()
    ingest_beyond_meter(rosa)

    assert sent_to() == [colleague.email]
    assert not AlertNotification.objects.unreached().exists()


def test_reading_that_reached_no_person_is_listed_until_it_did(clock, rosa, client_of, responsible):
    clock.move_to(NIGHT)
    ingest_beyond_meter(rosa)
    assert sent_to() == []
    page = client_of(responsible).get("/triage/").content.decode()
    assert "Reached nobody: outside working hours, and no person is on call" in page

    clock.move_to(AlertNotification.objects.unreached().get().next_at)
    assert sent_to() == [responsible.email], "at the opening"
    assert "Reached nobody" not in client_of(responsible).get("/triage/").content.decode()


def test_reading_that_arrived_late_or_of_before_an_update(clock, rosa, responsible):
    receive_and_ingest(pressure_item(DeviceFactory(patient=rosa), *IMPLAUSIBLE, hours_ago=30))
    assessment.assess_due_patients()
    assert swept_to() == [], "no alarm"
    assert not AlertNotification.objects.exists()

    ingest_beyond_meter(rosa)
    AlertNotification.objects.all().delete()
    TriageEntry.objects.update(due_at=None)
    assert swept_to() == [responsible.email]

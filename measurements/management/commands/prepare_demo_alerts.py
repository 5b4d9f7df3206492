"""Command `prepare_demo_alerts`: the demo's readings pulled, its alerts assessed, and what the staff did about them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import F
from django.utils import timezone

from devices import tenovi
from fulfillment.worklist import refresh
from measurements.alerts import assessment, reviews, steps
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.models import AlertEpisode, AlertStep
from measurements.models import Measurement
from measurements.models.measurement import MeasurementSource
from measurements.sync import pull
from measurements.timeline import episode_notes
from patients.care import notes
from patients.models import User

NURSE = "nadia@demo.example"  # the staff of `prepare_demo`
CALL_TEXT = "Ankles swollen since Friday, no water pill for three days. Weighs again tomorrow before breakfast."
SNOOZE_REASON = "Amlodipine was raised on Monday: judge the average of a full week."


class Command(BaseCommand):
    help = "Fill the demo's triage list after `prepare_demo`. Refused outside the demo."

    def handle(self, **_: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This works on invented people. It runs in the demo only (DEMO=1).")
        if AlertStep.objects.exists():
            return  # prepared before: what has arrived since is judged as it arrived
        with tenovi.background_client() as client:
            while pull.pull_due_patients(client):
                pass
        date_history()
        refresh.refresh_worklist()
        assessment.add_missing_entries()
        while assessment.assess_due_batch():
            pass
        work_on_alerts(User.objects.get(email=NURSE))


def date_history() -> None:
    """As if the clinics had measured with this product all along.

    Else three months of readings would have arrived late this morning, and nothing late raises an alarm.
    """
    pulled = Measurement.objects.filter(source=MeasurementSource.PULL, vendor_created_at__isnull=False)
    pulled.update(received_at=F("vendor_created_at"))


def work_on_alerts(nurse: User) -> None:
    """One alert acknowledged and assigned, one with a call, one snoozed, one patient reviewed.

    What is drawn by day decides whether an alert is open: a demo starts without one that isn't.
    """
    now = timezone.now()
    if pressure := open_episode("Castellano", "bp_average"):
        pressure = take_step(pressure, EventKind.ACKNOWLEDGE, nurse)
        take_step(pressure, EventKind.ASSIGN, nurse, to=nurse)
    if gain := open_episode("Whitcomb", "weight_gain"):
        call = notes.create_note(
            patient=gain.patient,
            by=nurse,
            kind="call",
            outcome="reached",
            is_live=True,
            text=CALL_TEXT,
            happened_at=now,
        )
        episode_notes.link_note(gain, call)
    if pressure := open_episode("Adeyemi", "bp_average"):
        until = now + dt.timedelta(days=3)
        take_step(pressure, EventKind.SNOOZE, nurse, text=SNOOZE_REASON, until=until)
    if pressure := open_episode("Kowalczyk", "bp_average"):
        patient = pressure.patient
        reviews.review_patient(patient=patient, by=nurse, shown=str(patient.live_version))


def open_episode(family_name: str, rule: str) -> AlertEpisode | None:
    episodes = AlertEpisode.objects.open().select_related("patient__clinic")
    return episodes.filter(patient__family_name=family_name, rule=rule).first()


def take_step(episode: AlertEpisode, kind: EventKind, by: User, **fields: Any) -> AlertEpisode:
    return steps.take_step(episode=episode, kind=kind, by=by, shown=episode.shown_version, **fields)

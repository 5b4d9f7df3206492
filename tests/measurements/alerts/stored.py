"""Readings that arrive through ingest, and the stored episodes that follow."""

import datetime as dt

from django.utils import timezone

from measurements.alerts import assessment
from measurements.alerts.engine.evaluation import evaluate
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.facts import stored_facts
from measurements.alerts.models import AlertEpisode
from measurements.alerts.reviews import review_patient
from measurements.alerts.steps import take_step
from measurements.models import TriageEntry
from patients.models import Patient
from tests.measurements.webhook_items import measurement_item, receive_and_ingest

HOUR = dt.timedelta(hours=1)
NOON = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)  # in New York
SHOWN = ("rule", "state", "section", "first", "opened_at", "last", "count", "closed_at", "closed_by", "detected_at")


def pressure_item(device, systolic, diastolic=80, *, hours_ago=0.0, index=1, **changes):
    at = timezone.now() - HOUR * hours_ago
    return measurement_item(
        device,
        value_1=f"{systolic:.2f}",
        value_2=f"{diastolic:.2f}",
        timestamp=f"{at:%Y-%m-%dT%H:%M:%SZ}",
        created=f"{at:%Y-%m-%dT%H:%M:%SZ}",
        filter_params={"measurement_index": index},
        **changes,
    )


def ingest_pressure(device, systolic, diastolic=80, **how):
    receive_and_ingest(pressure_item(device, systolic, diastolic, **how))
    assessment.assess_due_patients()


def episodes_of(patient, **filters):
    return list(AlertEpisode.objects.filter(patient=patient, **filters).order_by("first", "pk"))


def only_episode(patient, rule="bp_severe", **filters):
    (row,) = episodes_of(patient, rule=rule, **filters)
    return row


def entry_of(patient):
    return TriageEntry.objects.get(patient=patient)


def section_of(patient):
    return entry_of(patient).section


def stored_rows(patient):
    rows = AlertEpisode.objects.filter(patient=patient)
    return sorted(tuple(str(getattr(row, name) or "") for name in (*SHOWN, "peak")) for row in rows)


def computed_rows(patient):
    """What the engine computes from all facts of the patient."""
    now = timezone.now()
    found = stored_facts.load_facts([Patient.objects.select_related("clinic").get(pk=patient.pk)], now, whole=True)
    episodes = evaluate(found[patient.pk].build(), now).episodes
    return sorted(tuple(str(getattr(episode, name) or "") for name in (*SHOWN, "peak")) for episode in episodes)


def shown_version_of(patient):
    return str(Patient.objects.get(pk=patient.pk).live_version)


def review(patient, by, **how):
    return review_patient(patient=patient, by=by, shown=shown_version_of(patient), **how)


def step(episode, kind, by, **how):
    """Of a person who has seen the episode as it is now."""
    return take_step(episode=episode, kind=kind, by=by, **({"shown": episode.shown_version} | how))


def acknowledge(episode, by):
    return step(episode, EventKind.ACKNOWLEDGE, by)

"""Discharge with a critical alert or reading that no clinician has seen: refused, naming who can see to it.

A patient who died or was admitted is discharged in one act that acknowledges the alerts with that reason.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models import Q

from measurements.alerts.assessment import assess_entries, assess_if_due, time_of_act
from measurements.alerts.engine.episodes import Section, State
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.engine.rules import Severity
from measurements.alerts.models import AlertEpisode, AlertStep
from measurements.alerts.steps import record_step
from measurements.models import TriageEntry
from patients.care import team
from patients.enrollment.discharge_checks import register_discharge_check
from patients.models import Patient, User
from patients.models.choices import DischargeReason
from patients.wording import count_noun

ACKNOWLEDGING_REASONS = frozenset({DischargeReason.DIED, DischargeReason.INPATIENT})
URGENT_CHECKS = ("at_once", "beyond_meter", "arrived_late")  # of a triage entry; a review takes them off
UNSEEN = Q(section__in=[Section.CRITICAL.value, Section.OVER_NOT_SEEN.value, Section.ARRIVED_LATE.value])


def check_unseen_alerts(patient: Patient, by: User, reason: str) -> None:
    """ValidationError unless the reason acknowledges them. In the transaction of the discharge."""
    entry = assess_if_due(patient.pk)
    if entry.failures:  # not due before its next attempt
        assess_entries([entry])
    critical = AlertEpisode.objects.filter(patient=patient, severity=Severity.CRITICAL, is_acknowledged=False)
    unseen = list(critical.filter(UNSEEN).exclude(state=State.SNOOZED))
    if reason not in ACKNOWLEDGING_REASONS:
        refuse_not_assessed(patient, entry)
        refuse_unseen(patient, alerts=len(unseen), readings=count_urgent_readings(entry))
    text = f"Discharged: {DischargeReason(reason).label}"
    for episode in unseen:
        step = AlertStep(
            episode=episode, patient=patient, kind=EventKind.ACKNOWLEDGE, by=by, at=time_of_act(entry), text=text
        )
        record_step(step)


def count_urgent_readings(entry: TriageEntry) -> int:
    """That are beyond a critical limit or the meter and wait for a person, without an alert."""
    return sum(len(entry.checks.get(name, ())) for name in URGENT_CHECKS)


def refuse_not_assessed(patient: Patient, entry: TriageEntry) -> None:
    if entry.failures or entry.assessed_at is None:
        clinicians = name_clinicians(patient)
        raise ValidationError(
            {"reason": f"The alerts of this patient could not be assessed. Try later, or ask {clinicians}."}
        )


def refuse_unseen(patient: Patient, *, alerts: int, readings: int) -> None:
    found = [count_noun(alerts, "critical alert") + " must be acknowledged"] if alerts else []
    if readings:
        found.append(count_noun(readings, "urgent reading") + " must be reviewed")
    if found:
        what = " and ".join(found)
        raise ValidationError({"reason": f"Of this patient {what} first, by {name_clinicians(patient)}."})


def name_clinicians(patient: Patient) -> str:
    """The responsible one and the cover, else those of the clinic."""
    care = team.team_of(patient)
    named = [person for person in (care.responsible, care.cover) if person]
    people = named or list(team.candidates([patient.clinic], responsible=True)[:5])
    return " or ".join(str(person) for person in people) or "a clinician"


register_discharge_check(check_unseen_alerts)

"""What a changed rule does to open episodes: critical ones, not acknowledged, that it would end."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet

from measurements.alerts.engine.rules import Kind, Rule, Severity
from measurements.alerts.models import AlertEpisode, AlertRuleChange
from measurements.alerts.rule_editing.editable_rules import is_stated
from patients.models import Clinic, Patient


def critical_episodes_ended(scope: Patient | Clinic, code: str, new: Rule | None) -> list[AlertEpisode]:
    """Open, critical and not acknowledged, of patients whom the scope's rule judges; the longest open first.

    `new` None: switched off. Episodes that a reading of theirs would still feed go on.
    """
    rows = unacknowledged_critical(scope).filter(rule=code)
    if isinstance(scope, Clinic):
        rows = rows.exclude(patient__in=patients_with_own_rule(scope, code))
    return [episode for episode in rows if new is None or not is_still_fed(episode, new)]


def unacknowledged_critical(scope: Patient | Clinic) -> QuerySet[AlertEpisode]:
    """Open ones of a patient or clinic; the longest open first."""
    rows = AlertEpisode.objects.open().filter(severity=Severity.CRITICAL.value, is_acknowledged=False)
    rows = rows.filter(patient=scope) if isinstance(scope, Patient) else rows.filter(patient__clinic=scope)
    return rows.select_related("patient__clinic").order_by("first_known_at", "pk")


def patients_with_own_rule(clinic: Clinic, code: str) -> list[uuid.UUID]:
    """Whose own values win over the clinic's."""
    changes = AlertRuleChange.objects.filter(patient__clinic=clinic, rule=code)
    newest = changes.order_by("patient_id", "-pk").distinct("patient_id")
    return [row.patient_id for row in newest if row.patient_id and is_stated(row)]


def is_still_fed(episode: AlertEpisode, rule: Rule) -> bool:
    """By the worst of its readings: if that is inside the new limit, all are. An average is judged again anyway."""
    if rule.kind is Kind.CHANGE:
        return is_gain_beyond(episode, rule)
    if rule.kind in (Kind.LIMIT, Kind.K_OF_N) and rule.bounds:
        return rule.is_crossed(episode.peak)
    return True


def is_gain_beyond(episode: AlertEpisode, rule: Rule) -> bool:
    if episode.baseline is None or episode.peak_1 is None or rule.more_than is None:
        return True
    gain = episode.peak_1 - episode.baseline
    return gain < rule.more_than if rule.more_than < 0 else gain > rule.more_than


def count_affected_patients(clinic: Clinic, code: str) -> int:
    """Under the clinic's care, without those who have a rule of their own."""
    return clinic.patients.enrolled().exclude(pk__in=patients_with_own_rule(clinic, code)).count()

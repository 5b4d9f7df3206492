"""Changes of alert rules of a clinic or patient: validation, history, audit, and the patients assessed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.alerts.facts.effective_rules import with_own_values
from measurements.alerts.models import AlertRuleChange
from measurements.facts_values import FactsError
from measurements.models import TriageEntry
from patients.audit import audit_log
from patients.models import Clinic, Patient, User
from patients.models.audit import AuditAction


class ConcurrentRuleChange(Exception):
    """Another user changed rules after `last_seen_change_id`; nothing of the caller's was saved."""

    def __init__(self, changes: Sequence[AlertRuleChange]) -> None:
        super().__init__("alert rules were changed meanwhile")
        self.changes = changes


def rule_history(scope: Patient | Clinic) -> QuerySet[AlertRuleChange]:
    """Newest first; for a patient also those of the clinic."""
    of_scope = Q(patient=scope) | Q(clinic=scope.clinic_id) if isinstance(scope, Patient) else Q(clinic=scope)
    return AlertRuleChange.objects.filter(of_scope).select_related("by").order_by("-pk")


@transaction.atomic
def change_rule(
    *,
    scope: Patient | Clinic,
    code: str,
    by: User,
    last_seen_change_id: int,
    values: Mapping[str, Any] | None = None,
    is_off: bool = False,
    is_chosen: bool = False,
    reason: str = "",
) -> AlertRuleChange:
    """All own values of the scope from now on; without any, the rule is as the level below says.

    ConcurrentRuleChange; ValidationError.
    """
    TriageEntry.objects.mark_scope_due(scope)  # locks them, so that one writer at a time changes rules of a scope
    if isinstance(scope, Clinic):
        Clinic.objects.select_for_update(no_key=True).get(pk=scope.pk)
    if missed := list(rule_history(scope).filter(pk__gt=last_seen_change_id)):
        raise ConcurrentRuleChange(missed)
    values = dict(values or {})
    if is_off and not reason.strip():
        raise ValidationError({"reason": "Say why the rule is switched off."})
    if values:
        validate_values(code, values)
    elif code not in SHIPPED_RULES and not rule_history(scope).filter(rule=code).exists():
        raise ValidationError({"rule": f"There is no rule {code}."})
    place: dict[str, Any] = {"patient": scope} if isinstance(scope, Patient) else {"clinic": scope}
    change = AlertRuleChange.objects.create(
        **place,
        rule=code,
        changes={} if is_off and code in SHIPPED_RULES else values,
        is_off=is_off,
        is_chosen=is_chosen and not is_off,
        reason=reason.strip(),
        by=by,
    )
    if isinstance(scope, Patient):
        Patient.objects.touch_live_version([scope.pk])
    audit_log.record_event(
        AuditAction.ALERT_RULES,
        by=by,
        patients=[scope.pk] if isinstance(scope, Patient) else [],
        clinic=scope.clinic if isinstance(scope, Patient) else scope,
        target=f"{'patient' if isinstance(scope, Patient) else 'clinic'}:{scope.pk}",
        rule=code,
    )
    return change


def validate_values(code: str, values: Mapping[str, Any]) -> None:
    try:
        with_own_values(code, SHIPPED_RULES.get(code), values)
    except FactsError as error:
        raise ValidationError({"values": str(error)}) from error

"""Saving of an alert rule of a patient or clinic, which first asks about critical episodes that it would end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from measurements.alerts import rule_changes
from measurements.alerts.engine.rules import Rule
from measurements.alerts.facts.own_values import all_values
from measurements.alerts.rule_editing.episode_questions import EpisodeQuestion, acknowledge_answered
from measurements.alerts.rule_editing.new_rules import is_own_code
from measurements.alerts.rule_forms.rule_forms import RuleForm
from measurements.models import TriageEntry
from measurements.thresholds.goal_questions import OutdatedQuestion
from patients.models import Clinic, Patient, User

SAVE, SWITCH_OFF, INHERIT = "save", "off", "inherit"
CHANGED_MEANWHILE = "changed alert rules meanwhile: nothing of yours is saved yet. Check, and save again."


@dataclass(frozen=True)
class RuleAction:
    """What a posted form asks for. `new`: the rule that would judge from then on, None if none would."""

    name: str
    new: Rule | None
    values: Mapping[str, Any] = field(default_factory=dict)
    is_chosen: bool = False
    reason: str = ""

    @property
    def is_off(self) -> bool:
        return self.name == SWITCH_OFF


def read_action(name: str, form: RuleForm) -> RuleAction | None:
    """None with the errors at their fields. Only saving needs a valid rule; the other two need what they use."""
    form.is_valid()
    editable = form.rule
    if name in (SWITCH_OFF, INHERIT):
        for other in [field for field in form.errors if field not in ("seen", "reason")]:
            del form.errors[other]
    if name == SWITCH_OFF and not form.errors:
        reason = form.cleaned_data["reason"]
        if not reason:
            form.add_error("reason", "Say why the rule is switched off.")
        values = all_values(editable.shown) if is_own_code(editable.code) else {}  # else nothing else states them
        return None if form.errors else RuleAction(SWITCH_OFF, None, values, reason=reason)
    if form.errors:
        return None
    reason = form.cleaned_data["reason"]
    if name == INHERIT:
        return RuleAction(INHERIT, editable.inherited.rule, reason=reason)
    values = form.values()
    is_chosen = editable.inherited.rule is None or bool(form.cleaned_data.get("for_all"))
    return RuleAction(SAVE, form.typed_rule(), values, is_chosen=is_chosen, reason=reason)


def changes_nothing(action: RuleAction, form: RuleForm) -> bool:
    own = form.rule.own
    if form.rule.is_new and not action.values:
        return True  # switched off or set back before it was saved
    if own is None or not form.rule.has_own:
        return not (action.is_off or action.values or action.is_chosen)
    return (action.is_off, action.is_chosen, dict(action.values)) == (own.is_off, own.is_chosen, own.changes)


@transaction.atomic
def save_rule(
    *,
    scope: Patient | Clinic,
    code: str,
    action: RuleAction,
    questions: Sequence[EpisodeQuestion],
    by: User,
    last_seen_change_id: int,
) -> None:
    """Acknowledge what was chosen, then change the rule: ConcurrentRuleChange, OutdatedQuestion, ValidationError."""
    TriageEntry.objects.mark_scope_due(scope)  # locks all of them in order, before a step locks patients
    acknowledge_answered(questions, by)
    rule_changes.change_rule(
        scope=scope,
        code=code,
        by=by,
        last_seen_change_id=last_seen_change_id,
        values=action.values,
        is_off=action.is_off,
        is_chosen=action.is_chosen,
        reason=action.reason,
    )


def try_to_save(
    *, scope: Patient | Clinic, form: RuleForm, action: RuleAction, questions: Sequence[EpisodeQuestion], by: User
) -> bool:
    """False with the error in the form."""
    try:
        save_rule(
            scope=scope,
            code=form.rule.code,
            action=action,
            questions=questions,
            by=by,
            last_seen_change_id=form.cleaned_data["seen"],
        )
    except rule_changes.ConcurrentRuleChange as meanwhile:
        who = ", ".join(dict.fromkeys(str(change.by) for change in meanwhile.changes))
        form.add_error(
            None, f"{who} changed alert rules meanwhile: nothing of yours is saved yet. Check, and save again."
        )
        form.data = {**dict(form.data.items()), "seen": str(meanwhile.changes[0].pk)}
    except OutdatedQuestion as outdated:
        form.add_error(None, str(outdated))
    except ValidationError as error:
        form.add_error(None, error.messages)
    else:
        return True
    return False

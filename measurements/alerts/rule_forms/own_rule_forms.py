"""Form of a rule of a clinic's or patient's own: with its name and what it rests on; all of it is saved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.utils import timezone

from measurements.alerts.engine.rules import Kind, Rule, Severity
from measurements.alerts.engine.shipped_rules import WEIGHT
from measurements.alerts.facts.own_values import all_values
from measurements.alerts.rule_editing.editable_rules import EditableRule
from measurements.alerts.rule_editing.new_rules import BEGINNINGS, CHANGE, is_own_code, judged_metrics
from measurements.alerts.rule_editing.rule_descriptions import OVER_LABELS, SEVERITY_LABELS
from measurements.alerts.rule_forms.rule_fields import COUNT_FIELDS, count_field
from measurements.alerts.rule_forms.rule_forms import RuleForm
from measurements.units import DisplayUnits

GAIN, LOSS = "gain", "loss"
CRITICAL_ONLY = "One reading alone raises only critical alerts: choose sittings, or an average, for others."


class OwnRuleForm(RuleForm):
    name = forms.CharField(
        label="Name of the rule",
        max_length=80,
        error_messages={"required": "Name the rule.", "max_length": "Write at most 80 letters."},
    )
    source = forms.CharField(
        label="What it rests on, such as a guideline or an order",
        max_length=200,
        error_messages={"required": "Say what the rule rests on.", "max_length": "Write at most 200 letters."},
    )

    def __init__(self, data: Any = None, *, rule: EditableRule, units: DisplayUnits) -> None:
        super().__init__(data, rule=rule, units=units)
        shown = rule.shown
        self.fields["name"].initial, self.fields["source"].initial = shown.name, shown.source
        if shown.kind is Kind.LIMIT:
            choices = [(str(Severity.CRITICAL), SEVERITY_LABELS[Severity.CRITICAL])]
            words = {"invalid_choice": CRITICAL_ONLY}
            self.fields["severity"] = forms.ChoiceField(label="Severity", choices=choices, error_messages=words)

    def add_kind_fields(self) -> None:
        super().add_kind_fields()
        shown = self.rule.shown
        if shown.least_days_a_week is not None:
            name, (_, least, most) = "least_days_a_week", COUNT_FIELDS["least_days_a_week"]
            self.fields[name] = count_field(name, shown.least_days_a_week, least=least, most=most)
            del self.fields["days"], self.fields["uploads_at"]
        if shown.kind is Kind.CHANGE:
            is_loss = shown.more_than is not None and shown.more_than < 0
            choices = [(GAIN, "gained"), (LOSS, "lost")]
            self.fields["direction"] = forms.ChoiceField(
                label="Weight", choices=choices, initial=LOSS if is_loss else GAIN
            )
            self.fields["more_than"].label = f"More than, {self.unit.name}"
            self.fields["more_than"].initial = None if shown.more_than is None else self.fields["more_than"].initial
            over = [(key, label) for key, label in OVER_LABELS.items()]
            self.fields["over"] = forms.ChoiceField(label="Against", choices=over, initial=shown.over)

    def add_closing_fields(self) -> None:
        """A week that was measured too seldom ends with enough days, a silence with a reading."""
        if self.rule.shown.kind is not Kind.SILENCE:
            super().add_closing_fields()

    def setting_names(self) -> list[str]:
        return [name for name in super().setting_names() if name not in OwnRuleForm.base_fields]

    def setting_fields(self) -> list[forms.BoundField]:
        return [self["name"], *super().setting_fields(), self["source"]]

    def typed_rule(self) -> Rule:
        found, rule = self.cleaned_data, super().typed_rule()
        if rule.kind is Kind.CHANGE:
            gain = abs(rule.more_than or 0.0)
            rule = replace(rule, more_than=-gain if found["direction"] == LOSS else gain, over=found["over"])
        date = self.rule.base.source_date
        if date is None or found["source"] != self.rule.base.source:
            date = timezone.now().date()
        return replace(rule, name=found["name"], source=found["source"], source_date=date)

    def values(self) -> dict[str, Any]:
        """Nothing where it is as a clinic states it."""
        typed = self.typed_rule()
        return {} if typed == self.rule.inherited.rule else all_values(typed)


def rule_form_class(code: str, usual: type[RuleForm]) -> type[RuleForm]:
    return OwnRuleForm if is_own_code(code) else usual


class NewRuleForm(forms.Form):
    """What a new rule is about."""

    kind = forms.ChoiceField(
        label="Kind of rule",
        choices=[(name, beginning.label) for name, beginning in BEGINNINGS.items()],
        error_messages={"invalid_choice": "Choose a kind of the list.", "required": "Choose a kind."},
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["metric"] = forms.ChoiceField(
            label="What is measured",
            choices=[(metric.pk, metric.label) for metric in judged_metrics()],
            error_messages={"invalid_choice": "Choose a reading of the list.", "required": "Choose what is measured."},
        )

    def clean_metric(self) -> str:
        metric: str = self.cleaned_data["metric"]
        if self.cleaned_data.get("kind") == CHANGE and metric != WEIGHT:
            raise forms.ValidationError("Only weight is judged by gain or loss.")
        return metric

"""Form of an alert rule: its limits in the user's unit and the settings of its kind, read as own values of a scope."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models

from measurements.alerts.engine.rules import Closing, ClosingKind, Kind, Limit, Queue, Relation, Rule, Severity
from measurements.alerts.engine.shipped_rules import GLUCOSE_WEEKLY, SHIPPED_RULES, SPO2_TREND, closing_of
from measurements.alerts.facts.own_values import own_values
from measurements.alerts.facts_files.rule_rows import CLOSING_KINDS, OWN_CONFIRMATION_CODES
from measurements.alerts.rule_editing.editable_rules import EditableRule
from measurements.alerts.rule_editing.rule_descriptions import (
    QUEUE_LABELS,
    RELATION_LABELS,
    SEVERITY_LABELS,
    unit_for_rule,
)
from measurements.alerts.rule_forms.rule_fields import (
    AVERAGE_DAYS,
    CLOCK_TIME,
    CLOSING_LABELS,
    COUNT_FIELDS,
    COUNTED_IN_READINGS,
    KIND_FIELDS,
    MAX_GAIN_LB,
    OPTIONAL_COUNTS,
    count_field,
    number_field,
)
from measurements.units import DisplayUnits


class RuleForm(forms.Form):
    """Names in the unit that its numbers were typed in. `values()` is what the scope then has of its own."""

    seen = forms.IntegerField(min_value=0, max_value=models.BigIntegerField.MAX_BIGINT, widget=forms.HiddenInput)
    units = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    severity = forms.ChoiceField(label="Severity", choices=[(str(k), v) for k, v in SEVERITY_LABELS.items()])
    queue = forms.ChoiceField(label="Queue", choices=[(str(k), v) for k, v in QUEUE_LABELS.items()])
    reason = forms.CharField(
        label="Why (needed to switch off)",
        required=False,
        max_length=200,
        error_messages={"max_length": "Write at most 200 letters."},
    )

    def __init__(self, data: Any = None, *, rule: EditableRule, units: DisplayUnits) -> None:
        shown = rule.shown
        super().__init__(
            data,
            initial={
                "seen": rule.newest_change_id,
                "units": units.code,
                "severity": str(shown.severity),
                "queue": str(shown.queue),
            },
        )
        self.rule, self.metric, self.display_units = rule, rule.metric, units
        self.unit = unit_for_rule(rule.code, rule.metric, units)
        self.limit_names = self.add_limit_fields()
        self.add_kind_fields()
        self.add_closing_fields()
        self.order_fields(["severity", "queue", *self.setting_names(), "reason"])

    def setting_names(self) -> list[str]:
        limits = [name for names in self.limit_names for name in names]
        return [*limits, *(name for name in self.fields if name not in RuleForm.base_fields and name not in limits)]

    def setting_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("severity", "queue", *self.setting_names())]

    def follows_goal(self) -> bool:
        shipped = SHIPPED_RULES.get(self.rule.code)
        return shipped is not None and shipped.kind in (Kind.LIMIT, Kind.K_OF_N) and not shipped.limits

    def add_limit_fields(self) -> list[tuple[str, ...]]:
        """Relation and both values of each limit. A limit that follows the goal has empty fields."""
        rule = self.rule.shown
        if rule.kind not in (Kind.LIMIT, Kind.K_OF_N, Kind.AVERAGE):
            return []
        limits = rule.limits or (Limit(Relation.BELOW),)
        if self.may_follow_goal() and not self.has_own_limits():
            limits = tuple(Limit(limit.relation) for limit in limits)
        names = []
        for position, limit in enumerate(limits):
            relation, *values = (f"{part}-{position}" for part in ("relation", "value_1", "value_2"))
            self.fields[relation] = forms.ChoiceField(
                label="Relation" if len(limits) == 1 else f"Relation {position + 1}",
                choices=[(str(key), label) for key, label in RELATION_LABELS.items()],
                initial=str(limit.relation),
            )
            for name, label, bound in zip(values, self.value_labels(), (limit.value_1, limit.value_2), strict=False):
                self.fields[name] = number_field(label, self.unit, bound)
            names.append((relation, *values))
        return [tuple(name for name in group if name in self.fields) for group in names]

    def may_follow_goal(self) -> bool:
        return self.follows_goal() and not self.rule.base.limits

    def has_own_limits(self) -> bool:
        return self.rule.own is not None and any(relation in self.rule.own.changes for relation in Relation)

    def value_labels(self) -> list[str]:
        unit = f", {self.unit.name}" if self.unit.name else ""
        if self.metric and self.metric.has_second_value:
            return [f"{self.metric.label_1}{unit}", f"{self.metric.label_2}{unit}"]
        suffix = " (empty: by the goal)" if self.may_follow_goal() else ""
        return [f"Limit{unit}{suffix}"]

    def add_kind_fields(self) -> None:
        rule = self.rule.shown
        for name in KIND_FIELDS[rule.kind]:
            _, least, most = COUNT_FIELDS[name]
            if rule.kind is Kind.AVERAGE and name == "days":
                least, most = AVERAGE_DAYS
            # A setting that the rule has can't be left empty: own values say what differs, not what is gone.
            required = name not in OPTIONAL_COUNTS or getattr(self.rule.base, name) is not None
            self.fields[name] = count_field(name, getattr(rule, name), least=least, most=most, required=required)
        if rule.code == SPO2_TREND:
            self.fields["least_readings"] = count_field("least_readings", rule.least_readings, least=2, most=200)
        elif rule.kind is Kind.CHANGE:
            word = "Loss" if (rule.more_than or 0) < 0 else "Gain"
            label = f"{word} of more than, {self.unit.name}"
            self.fields["more_than"] = number_field(label, self.unit.for_differences, abs(rule.more_than or 0))
        if rule.kind is Kind.LIMIT and rule.code not in OWN_CONFIRMATION_CODES:
            label = "Settled by the next reading"
            self.fields["confirm"] = forms.BooleanField(label=label, required=False, initial=rule.confirm)
        if rule.kind is Kind.SILENCE:
            self.fields["uploads_at"] = forms.CharField(
                label="Upload times of the device, such as 08:00, 20:00",
                required=False,
                max_length=80,
                initial=", ".join(f"{at:%H:%M}" for at in rule.uploads_at),
            )

    def add_closing_fields(self) -> None:
        closing, kinds = closing_of(self.rule.shown), CLOSING_KINDS[self.rule.shown.kind]
        choices = [(str(kind), CLOSING_LABELS[kind]) for kind in kinds]
        self.fields["closing"] = forms.ChoiceField(label="Closes by", choices=choices, initial=str(closing.kind))
        initial = closing.n if closing.kind in COUNTED_IN_READINGS else closing.days
        if closing.kind is ClosingKind.ANY:
            initial = 1
        words = "Write a whole number from 1 to 28."
        self.fields["closing_count"] = forms.IntegerField(
            label="Closes after so many",
            min_value=1,
            max_value=28,
            initial=initial,
            widget=forms.TextInput(attrs={"inputmode": "numeric"}),
            error_messages=dict.fromkeys(("invalid", "required", "min_value", "max_value"), words),
        )

    def clean(self) -> dict[str, Any]:
        self.check_limits()
        self.check_counts()
        self.check_times()
        return self.cleaned_data

    def check_limits(self) -> None:
        """Outside of what the device measures, upper limits not above the lower ones, none at all: refused."""
        limits = self.typed_limits()
        stated = [(group, limit) for group, limit in zip(self.limit_names, limits, strict=True) if limit.bounds]
        for group, limit in zip(self.limit_names, limits, strict=True):
            for name, bound, ends in zip(group[1:], (limit.value_1, limit.value_2), self.ranges(), strict=False):
                self.check_range(name, bound, ends)
            if not limit.bounds and not any(name in self.errors for name in group) and not self.may_follow_goal():
                self.add_error(group[1], "Give a limit.")
        relations = [limit.relation for _, limit in stated]
        if len(set(relations)) < len(relations):
            self.add_error(stated[-1][0][0], "Choose another relation than that of the first limit.")
        for group, limit in stated:
            self.check_order(group, limit, stated)

    def ranges(self) -> list[tuple[Decimal | None, Decimal | None]]:
        if self.rule.code == GLUCOSE_WEEKLY:
            return [(Decimal(0), Decimal(100))]
        metric = self.metric
        return [(metric.lowest_1, metric.highest_1), (metric.lowest_2, metric.highest_2)] if metric else []

    def check_range(self, name: str, bound: float | None, ends: tuple[Decimal | None, Decimal | None]) -> None:
        lowest, highest = ends
        if bound is None or lowest is None or highest is None or name in self.errors:
            return
        shown = self.unit.round_bound(bound)
        if not self.unit.round_bound(lowest) <= shown <= self.unit.round_bound(highest):
            low, high = self.unit.format_bound(lowest), self.unit.format_bound(highest)
            self.add_error(name, f"Between {low} and {high} {self.unit.name}, as the device measures.")

    def check_order(self, group: tuple[str, ...], limit: Limit, stated: list[tuple[Any, Limit]]) -> None:
        if None not in (limit.value_1, limit.value_2) and limit.value_1 <= limit.value_2:  # type: ignore[operator]
            bound = self.unit.format_bound(limit.value_2 or 0)
            self.add_error(group[1], f"Must be above the diastolic limit, {bound}.")
        if not limit.relation.is_upper:
            return
        for lower in (other for _, other in stated if not other.relation.is_upper):
            pairs = zip(group[1:], (limit.value_1, limit.value_2), (lower.value_1, lower.value_2), strict=False)
            for name, high, low in pairs:
                if high is not None and low is not None and high <= low:
                    self.add_error(name, f"Must be above the lower limit, {self.unit.format_bound(low)}.")

    def check_counts(self) -> None:
        found = self.cleaned_data
        if found.get("n") and found.get("k") and found["k"] > found["n"]:
            self.add_error("k", f"At most {found['n']}, so many sittings are judged.")
        if found.get("least_days") and found.get("days") and found["least_days"] > found["days"]:
            self.add_error("least_days", f"At most {found['days']}, so many days are judged.")
        if "more_than" in self.fields and "more_than" not in self.errors:
            gain = found.get("more_than")
            if gain is None or not 0 < self.unit.for_differences.to_vendor_value(gain) <= MAX_GAIN_LB:
                most = self.unit.for_differences.format_bound(MAX_GAIN_LB)
                self.add_error("more_than", f"Write a number above 0, at most {most} {self.unit.name}.")

    def check_times(self) -> None:
        for word in self.typed_times():
            if not CLOCK_TIME.fullmatch(word):
                self.add_error("uploads_at", "Write times as 08:00, with a comma between them.")
                return

    def typed_times(self) -> list[str]:
        return [word.strip() for word in self.cleaned_data.get("uploads_at", "").split(",") if word.strip()]

    def typed_limits(self) -> list[Limit]:
        """In the vendor's unit; an unchanged bound stays as stored."""
        found = []
        shown = self.rule.shown.limits
        for position, (relation_name, *names) in enumerate(self.limit_names):
            relation = Relation(self.cleaned_data.get(relation_name) or Relation.ABOVE)
            before = shown[position] if position < len(shown) else Limit(relation)
            bounds = zip(names, (before.value_1, before.value_2), strict=False)
            values = [self.to_vendor_bound(self.cleaned_data.get(name), relation, stored) for name, stored in bounds]
            found.append(Limit(relation, *values))
        return found

    def to_vendor_bound(self, typed: Decimal | None, relation: Relation, stored: float | None) -> float | None:
        """Whatever rounds to the bound is beyond it or not as its number says: 10.0 is not above 10.0."""
        if typed is None:
            return None
        if stored is not None and self.unit.format_bound(stored) == self.unit.format_bound(self.unit_value(typed)):
            return stored
        highest = relation in (Relation.ABOVE, Relation.BELOW_OR_EQUAL)
        return float(self.unit.to_vendor_bound(typed, highest=highest))

    def unit_value(self, typed: Decimal) -> float:
        return float(self.unit.to_vendor_value(typed))

    def typed_rule(self) -> Rule:
        """Only of a valid form."""
        found, base = self.cleaned_data, self.rule.base
        fields: dict[str, Any] = {name: found[name] for name in COUNT_FIELDS if name in self.fields}
        limits = tuple(limit for limit in self.typed_limits() if limit.bounds)
        if self.limit_names:
            fields["limits"] = limits
        if "more_than" in self.fields:
            gain = float(self.unit.for_differences.to_vendor_value(found["more_than"]))
            fields["more_than"] = -gain if (base.more_than or 0) < 0 else gain
        if "confirm" in self.fields:
            fields["confirm"] = found["confirm"]
        if "uploads_at" in self.fields:
            fields["uploads_at"] = tuple(dt.time.fromisoformat(word.zfill(5)) for word in self.typed_times())
        if "closing" in self.fields:
            fields["closing"] = self.typed_closing()
        return replace(base, severity=Severity(found["severity"]), queue=Queue(found["queue"]), **fields)

    def typed_closing(self) -> Closing:
        closing = replace(closing_of(self.rule.base), kind=ClosingKind(self.cleaned_data["closing"]))
        if closing.kind is ClosingKind.ANY:
            return closing
        counted = "n" if closing.kind in COUNTED_IN_READINGS else "days"
        return replace(closing, **{counted: self.cleaned_data["closing_count"]})

    def values(self) -> dict[str, Any]:
        """What the scope then has of its own: whatever differs from what it inherits."""
        return own_values(self.rule.base, self.typed_rule())


class ClinicRuleForm(RuleForm):
    """Of a clinic, also whether the rule judges patients whose conditions don't ask for it."""

    for_all = forms.BooleanField(label="Judge it for every patient, whatever the conditions", required=False)

    def __init__(self, data: Any = None, *, rule: EditableRule, units: DisplayUnits) -> None:
        super().__init__(data, rule=rule, units=units)
        self.fields["for_all"].initial = rule.own is not None and rule.own.is_chosen

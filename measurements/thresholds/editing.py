"""Editing of thresholds (goals) of a patient or clinic: validation, history and audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from measurements.models import Metric, PatientSummary, Threshold, ThresholdChange, TriageEntry
from measurements.thresholds.evaluation import GAIN_CONTEXT, ThresholdKey, range_name
from measurements.thresholds.texts import format_bound, format_bounds, threshold_label, threshold_unit
from measurements.units import VENDOR_UNITS, DisplayUnits, Unit
from patients.audit import audit_log
from patients.models import Clinic, Patient, User
from patients.models.audit import AuditAction

MAX_GAIN_LB = Decimal(100)


class Bounds(NamedTuple):
    """In the vendor's unit. None is no bound on that side."""

    very_low: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    very_high: Decimal | None = None


BOUND_NAMES = Bounds._fields
BOUND_LABELS = {
    "very_low": "far below {}",
    "low": "lower bound",
    "high": "upper bound",
    "very_high": "far above {}",
}
# Goals that are prescribed from the personal best of each patient: no default is shipped for them.
METRICS_WITHOUT_DEFAULT = ("peak_expiratory_flow", "forced_expiratory_volume")
SYSTOLIC, DIASTOLIC = ("blood_pressure", 1, ""), ("blood_pressure", 2, "")
# Bounds of the systolic value, and those of the diastolic one that must be lower.
ORDERED_PRESSURE_BOUNDS = (*((name, name) for name in BOUND_NAMES), ("high", "low"))


@dataclass(frozen=True)
class EditableThreshold:
    """A threshold that may be set: the scope's own row and its fallback (the clinic's, else the shipped default)."""

    key: ThresholdKey
    metric: Metric
    unit: Unit
    own_threshold: Threshold | None
    fallback: Threshold
    shipped_default: Threshold

    @property
    def label(self) -> str:
        return threshold_label(self.metric, self.key)

    @property
    def bounds(self) -> Bounds:
        return Bounds(*(self.own_threshold or self.fallback).bounds)

    @property
    def fallback_text(self) -> str:
        if not any(self.fallback.bounds):
            return "none, because it is prescribed for each patient"
        owner = "the clinic's goal" if self.fallback.clinic_id else "the default"
        return f"{owner}, {format_bounds(self.fallback.bounds, self.unit, self.range_name)}"

    @property
    def range_name(self) -> str:
        return range_name(self.metric.pk)

    def bounds_after(self, new_bounds: Mapping[ThresholdKey, Bounds | None]) -> Bounds:
        """In effect once these are set; None is the fallback."""
        return new_bounds.get(self.key, self.bounds) or Bounds(*self.fallback.bounds)

    def bounds_before(self, changes: Sequence[ThresholdChange]) -> Bounds:
        """The bounds before these changes, which are newest first."""
        rows = [row for row in (self.fallback, self.own_threshold) if row and row != self.shipped_default]
        by_own: dict[bool, Sequence[Decimal | None] | None] = {row.patient_id is not None: row.bounds for row in rows}
        by_own |= {change.patient_id is not None: change.before for change in changes if change.key == self.key}
        return Bounds(*(by_own.get(True) or by_own.get(False) or self.shipped_default.bounds))

    def to_display_unit(self, bounds: Sequence[Decimal | None]) -> Bounds:
        """In `unit`, for a form."""
        return Bounds(*(None if bound is None else self.unit.to_display_bound(bound) for bound in bounds))

    def to_vendor_unit(self, typed: Bounds) -> Bounds:
        """From what was typed in `unit`, with whatever rounds to it there. An unchanged bound stays as stored."""
        stored, shown = self.bounds, self.to_display_unit(self.bounds)
        in_range = typed.low is not None  # else the upper bound means "less than"
        found: list[Decimal | None] = []
        for name, value, highest in zip(BOUND_NAMES, typed, (False, False, in_range, True), strict=True):
            meaning_changed = name == "high" and in_range is (stored.low is None)
            if value is None or (value == getattr(shown, name) and not meaning_changed):
                found.append(None if value is None else getattr(stored, name))
            else:
                found.append(self.clamp_to_instrument(self.unit.to_vendor_bound(value, highest=highest), value))
        return Bounds(*found)

    def clamp_to_instrument(self, bound: Decimal, typed: Decimal) -> Decimal:
        """38.9 mmol/L is shown for the 700 mg/dL that a meter ends at, and for 701.72: stored are the 700."""
        for end in measurable_range(self.metric, self.key):
            if end is not None and self.unit.to_display_bound(end) == typed:
                return end
        return bound


class ConcurrentThresholdChange(Exception):
    """Another user changed thresholds after `last_seen_change_id`; nothing of the caller's was saved."""

    def __init__(self, changes: Sequence[ThresholdChange]) -> None:
        super().__init__("goals were changed meanwhile")
        self.changes = changes


@transaction.atomic
def change_thresholds(
    *, scope: Patient | Clinic, new_bounds: Mapping[ThresholdKey, Bounds | None], last_seen_change_id: int, by: User
) -> int:
    """Set thresholds of a patient or clinic; None removes the scope's own one. Returns how many changed.

    `last_seen_change_id`: the newest change that the form showed. ConcurrentThresholdChange; ValidationError by bound.
    """
    lock_scope(scope)
    if missed := list(relevant_changes(scope).filter(pk__gt=last_seen_change_id)):
        raise ConcurrentThresholdChange(missed)
    offers = {offer.key: offer for offer in editable_thresholds(scope)}
    for key, bounds in new_bounds.items():
        if bounds is not None:
            validate_bounds(offers[key].metric, key, bounds)
    validate_pressure_bounds(offers.values(), new_bounds)
    changed = [key for key, bounds in new_bounds.items() if set_threshold(scope, key, bounds, by)]
    if changed:
        record_threshold_changes(scope, changed, by)
    return len(changed)


def validate_bounds(metric: Metric, key: ThresholdKey, bounds: Bounds, *, units: DisplayUnits = VENDOR_UNITS) -> None:
    """ValidationError by the name of the bound: out of order, or outside the range of the instrument.

    `bounds` are in the vendor's unit; compared, and named in the message, is what is shown in `units`.
    """
    unit, labels = threshold_unit(metric, key, units), bound_labels(metric)
    given = [(name, value) for name, value in zip(BOUND_NAMES, bounds, strict=True) if value is not None]
    if bounds.low is None and bounds.high is None:
        raise ValidationError({"high": "Give a lower or an upper bound, or go back to the goal fallbacks this one."})
    lowest, highest = measurable_range(metric, key)
    for name, value in given:
        shown = unit.round_bound(value)
        if (lowest is not None and shown < unit.round_bound(lowest)) or (
            highest is not None and shown > unit.round_bound(highest)
        ):
            raise ValidationError(
                {
                    name: f"Between {format_bound(lowest, unit)} and {format_bound(highest, unit)} {unit.name}, "
                    "as the device measures."
                }
            )
    for (lower, low), (upper, high) in pairwise(given):
        if low >= high or unit.round_bound(low) >= unit.round_bound(high):
            raise ValidationError({upper: f"Must be above the {labels[lower]}, {format_bound(low, unit)}."})


def bound_labels(metric: Metric) -> dict[str, str]:
    return {name: label.format(range_name(metric.pk)) for name, label in BOUND_LABELS.items()}


def validate_pressure_bounds(
    offers: Iterable[EditableThreshold], new_bounds: Mapping[ThresholdKey, Bounds | None]
) -> None:
    """ValidationError by the name of the systolic bound that would not be above the diastolic one.

    Older goals that contradict each other don't hinder a change of others.
    """
    if not new_bounds.keys() & {SYSTOLIC, DIASTOLIC}:
        return
    effective = {offer.key: offer.bounds_after(new_bounds) for offer in offers}
    systolic, diastolic = effective[SYSTOLIC], effective[DIASTOLIC]
    for name, lower_name in ORDERED_PRESSURE_BOUNDS:
        bound, lower = getattr(systolic, name), getattr(diastolic, lower_name)
        if bound is not None and lower is not None and bound <= lower:
            text = f"Must be above the diastolic {BOUND_LABELS[lower_name].format('goal')}, {lower.normalize():f}."
            raise ValidationError({name: text})


def editable_thresholds(scope: Patient | Clinic, *, units: DisplayUnits = VENDOR_UNITS) -> list[EditableThreshold]:
    """Every shipped threshold with the row of this patient or clinic, and those without a default, in two queries."""
    shipped = Q(patient__isnull=True, clinic__isnull=True)
    scoped = Q(patient=scope) | Q(clinic=scope.clinic_id) if isinstance(scope, Patient) else Q(clinic=scope)
    rows = Threshold.objects.filter(shipped | scoped).select_related("metric").order_by("metric__position", "pk")
    own: dict[ThresholdKey, Threshold] = {}
    fallbacks: dict[ThresholdKey, Threshold] = {}
    of_all: dict[ThresholdKey, Threshold] = {}
    for row in sorted(rows, key=lambda row: row.clinic_id is not None):
        is_own = row.patient_id is not None if isinstance(scope, Patient) else row.clinic_id is not None
        (own if is_own else fallbacks)[row.metric_id, row.component, row.context] = row
        of_all.setdefault((row.metric_id, row.component, row.context), row)
    for metric in Metric.objects.filter(pk__in=METRICS_WITHOUT_DEFAULT):
        without_bounds = of_all[metric.pk, 1, ""] = Threshold(metric=metric)
        fallbacks.setdefault((metric.pk, 1, ""), without_bounds)
    found = [
        EditableThreshold(
            key, row.metric, threshold_unit(row.metric, key, units), own.get(key), row, shipped_default=of_all[key]
        )
        for key, row in fallbacks.items()
    ]
    return sorted(found, key=lambda offer: (offer.metric.position, offer.key[1]))


def threshold_history(scope: Patient | Clinic) -> QuerySet[ThresholdChange]:
    """Newest first."""
    rows = ThresholdChange.objects.select_related("metric", "by").order_by("-pk")
    return rows.filter(patient=scope) if isinstance(scope, Patient) else rows.filter(clinic=scope)


def relevant_changes(scope: Patient | Clinic) -> QuerySet[ThresholdChange]:
    """Newest first. For a patient also those of the clinic, whose thresholds the form of the patient shows."""
    if not isinstance(scope, Patient):
        return threshold_history(scope)
    of_both = Q(patient=scope) | Q(clinic=scope.clinic_id)
    return ThresholdChange.objects.select_related("metric", "by").filter(of_both).order_by("-pk")


def measurable_range(metric: Metric, key: ThresholdKey) -> tuple[Decimal | None, Decimal | None]:
    """In the vendor's unit. A gain may be negative: a goal of -3 to 3 lb finds a fast loss too."""
    if key[2] == GAIN_CONTEXT:
        return -MAX_GAIN_LB, MAX_GAIN_LB
    return (metric.lowest_1, metric.highest_1) if key[1] == 1 else (metric.lowest_2, metric.highest_2)


def lock_scope(scope: Patient | Clinic) -> None:
    """One writer of the thresholds of a scope at a time: the second one sees what the first has written."""
    PatientSummary.objects.in_scope(scope).mark_week_due()
    TriageEntry.objects.mark_scope_due(scope)
    if isinstance(scope, Patient):
        Patient.objects.touch_live_version([scope.pk])
    else:
        Clinic.objects.select_for_update(no_key=True).get(pk=scope.pk)


def set_threshold(scope: Patient | Clinic, key: ThresholdKey, bounds: Bounds | None, by: User) -> bool:
    place: dict[str, Any] = {"patient": scope} if isinstance(scope, Patient) else {"clinic": scope}
    named: dict[str, Any] = {"metric_id": key[0], "component": key[1], "context": key[2], **place}
    stored = Threshold.objects.filter(**named).first()
    before = Bounds(*stored.bounds) if stored else None
    if before == bounds:
        return False
    if bounds is None:
        Threshold.objects.filter(**named).delete()
    else:
        source = f"Set by {by.name or by.email}"
        values = {
            **bounds._asdict(),
            "source": source,
            "source_date": timezone.now().astimezone(scope_zone(scope)).date(),
        }
        Threshold.objects.update_or_create(**named, defaults=values)
    ThresholdChange.objects.create(**named, before=before, after=bounds, by=by)
    return True


def scope_zone(scope: Patient | Clinic) -> ZoneInfo:
    return scope.clinic.zone if isinstance(scope, Patient) else scope.zone


def record_threshold_changes(scope: Patient | Clinic, changed: Sequence[ThresholdKey], by: User) -> None:
    """The audit names the thresholds without values; open pages of all patients of a clinic are updated."""
    clinic = scope.clinic if isinstance(scope, Patient) else scope
    if isinstance(scope, Clinic):
        Patient.objects.touch_live_version(scope.patients.values_list("pk", flat=True))
    audit_log.record_event(
        AuditAction.THRESHOLDS,
        by=by,
        patients=[scope.pk] if isinstance(scope, Patient) else [],
        clinic=clinic,
        target=f"{'patient' if isinstance(scope, Patient) else 'clinic'}:{scope.pk}",
        goals=[" ".join(map(str, key)).strip() for key in changed],
    )

"""Goals changed by a person: for one patient or a whole clinic, checked in words, with who changed what and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from measurements.models import Metric, Threshold, ThresholdChange
from measurements.thresholds.evaluation import CONTEXT_WORDS, Key
from measurements.units import VENDORS, Unit, Units
from patients.audit import audit_log
from patients.models import Clinic, Patient, User
from patients.models.audit import AuditAction

GAIN = "gain"
MOST_GAIN_LB = Decimal(100)


class Bounds(NamedTuple):
    """In the vendor's unit. None is no bound on that side."""

    very_low: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    very_high: Decimal | None = None


NAMES = Bounds._fields
WORDS = {"very_low": "far below goal", "low": "lower bound", "high": "upper bound", "very_high": "far above goal"}


@dataclass(frozen=True)
class Offer:
    """A goal that may be set: the scope's own row, and what stands behind it (the clinic's, else the shipped one)."""

    key: Key
    metric: Metric
    unit: Unit
    own: Threshold | None
    behind: Threshold
    shipped: Threshold

    @property
    def label(self) -> str:
        return label(self.metric, self.key)

    @property
    def bounds(self) -> Bounds:
        return Bounds(*(self.own or self.behind).bounds)

    @property
    def behind_words(self) -> str:
        owner = "the clinic's goal" if self.behind.clinic_id else "the default"
        return f"{owner}, {in_words(self.behind.bounds, self.unit)}"

    def before(self, changes: Sequence[ThresholdChange]) -> Bounds:
        """What was on offer until these changes (newest first) were made."""
        rows = [row for row in (self.behind, self.own) if row and row != self.shipped]
        stood: dict[bool, Sequence[Decimal | None] | None] = {row.patient_id is not None: row.bounds for row in rows}
        stood |= {change.patient_id is not None: change.before for change in changes if change.key == self.key}
        return Bounds(*(stood.get(True) or stood.get(False) or self.shipped.bounds))

    def shown(self, bounds: Sequence[Decimal | None]) -> Bounds:
        """In `unit`, as a form offers them."""
        return Bounds(*(None if bound is None else self.unit.exact(bound) for bound in bounds))

    def kept(self, typed: Bounds) -> Bounds:
        """From what was typed in `unit`. A bound that nobody touched stays as it is, to the last digit."""
        rows = zip(typed, self.shown(self.bounds), self.bounds, strict=True)
        return Bounds(
            *(bound if said == shown else None if said is None else self.unit.kept(said) for said, shown, bound in rows)
        )


class ChangedMeanwhile(Exception):
    """Somebody else changed goals of this patient or of the clinic after `seen`; nothing of the caller's was saved."""

    def __init__(self, changes: Sequence[ThresholdChange]) -> None:
        super().__init__("goals were changed meanwhile")
        self.changes = changes


@transaction.atomic
def change(*, scope: Patient | Clinic, wanted: Mapping[Key, Bounds | None], seen: int, by: User) -> int:
    """Set goals of a patient or clinic; None goes back to what stands behind it. Returns how many really changed.

    `seen`: number of the newest change that the person knew of. ChangedMeanwhile, or ValidationError by key.
    """
    _lock(scope)
    if missed := list(bearing_on(scope).filter(pk__gt=seen)):
        raise ChangedMeanwhile(missed)
    metrics = Metric.objects.in_bulk({metric for metric, _, _ in wanted})
    for key, bounds in wanted.items():
        if bounds is not None:
            check(metrics[key[0]], key, bounds)
    changed = [key for key, bounds in wanted.items() if _set(scope, key, bounds, by)]
    if changed:
        _tell(scope, changed, by)
    return len(changed)


def unit_of(metric: Metric, key: Key, units: Units) -> Unit:
    """A gain is a difference, which is converted otherwise than a temperature."""
    return units.of(metric).change if key[2] == GAIN else units.of(metric)


def check(metric: Metric, key: Key, bounds: Bounds, *, units: Units = VENDORS) -> None:
    """ValidationError by the name of the bound: out of order, or outside what the instrument can measure.

    `bounds` are in the vendor's unit; the message speaks in `units`.
    """
    unit = unit_of(metric, key, units)
    given = [(name, value) for name, value in zip(NAMES, bounds, strict=True) if value is not None]
    if bounds.low is None and bounds.high is None:
        raise ValidationError({"high": "Give a lower or an upper bound, or go back to the goal behind this one."})
    lowest, highest = _measurable(metric, key)
    for name, value in given:
        if (lowest is not None and value < lowest) or (highest is not None and value > highest):
            raise ValidationError(
                {name: f"Between {_said(lowest, unit)} and {_said(highest, unit)} {unit.name}, as the device measures."}
            )
    for (lower, low), (upper, high) in pairwise(given):
        if low >= high:
            raise ValidationError({upper: f"Must be above the {WORDS[lower]}, {_said(low, unit)}."})


def offers(scope: Patient | Clinic, *, units: Units = VENDORS) -> list[Offer]:
    """Every goal that the product ships, as it stands for this patient or clinic; in one query."""
    shipped = Q(patient__isnull=True, clinic__isnull=True)
    nearer = Q(patient=scope) | Q(clinic=scope.clinic_id) if isinstance(scope, Patient) else Q(clinic=scope)
    rows = Threshold.objects.filter(shipped | nearer).select_related("metric").order_by("metric__position", "pk")
    own: dict[Key, Threshold] = {}
    behind: dict[Key, Threshold] = {}
    of_all: dict[Key, Threshold] = {}
    for row in sorted(rows, key=lambda row: row.clinic_id is not None):
        mine = row.patient_id is not None if isinstance(scope, Patient) else row.clinic_id is not None
        (own if mine else behind)[row.metric_id, row.component, row.context] = row
        of_all.setdefault((row.metric_id, row.component, row.context), row)
    found = [
        Offer(key, row.metric, unit_of(row.metric, key, units), own.get(key), row, shipped=of_all[key])
        for key, row in behind.items()
    ]
    return sorted(found, key=lambda offer: (offer.metric.position, offer.key[1]))


def in_words(bounds: Sequence[Decimal | None] | None, unit: Unit) -> str:
    """low to high, with the far bounds: "80 to 130 (far below goal under 54, far above goal over 250)"."""
    if bounds is None:
        return "none of its own"
    very_low, low, high, very_high = (_said(bound, unit) for bound in bounds)
    near = f"{low} to {high}" if low and high else f"below {high}" if high else f"{low} or more"
    far = [f"far below goal under {very_low}"] if very_low else []
    far += [f"far above goal over {very_high}"] if very_high else []
    return f"{near} ({', '.join(far)})" if far else near


def history(scope: Patient | Clinic) -> QuerySet[ThresholdChange]:
    """Newest first."""
    rows = ThresholdChange.objects.select_related("metric", "by").order_by("-pk")
    return rows.filter(patient=scope) if isinstance(scope, Patient) else rows.filter(clinic=scope)


def bearing_on(scope: Patient | Clinic) -> QuerySet[ThresholdChange]:
    """Newest first. A patient's page shows the clinic's goals too: whoever doesn't touch them must not make them the
    patient's own because the clinic has changed them meanwhile."""
    if not isinstance(scope, Patient):
        return history(scope)
    of_both = Q(patient=scope) | Q(clinic=scope.clinic_id)
    return ThresholdChange.objects.select_related("metric", "by").filter(of_both).order_by("-pk")


def label(metric: Metric, key: Key) -> str:
    """Blood pressure, systolic; glucose, before meals; weight gain in 7 days."""
    _, component, context = key
    if context == GAIN:
        return f"{metric.label} gain in 7 days"
    part = (metric.label_1, metric.label_2)[component - 1].lower() if metric.has_second_value else ""
    return ", ".join(word for word in (metric.label, part, CONTEXT_WORDS.get(context, "")) if word)


def _measurable(metric: Metric, key: Key) -> tuple[Decimal | None, Decimal | None]:
    if key[2] == GAIN:
        return Decimal(0), MOST_GAIN_LB
    return (metric.lowest_1, metric.highest_1) if key[1] == 1 else (metric.lowest_2, metric.highest_2)


def _lock(scope: Patient | Clinic) -> None:
    """One writer of a patient's or a clinic's goals at a time: the second one sees what the first has written."""
    if isinstance(scope, Patient):
        Patient.objects.bump([scope.pk])
    else:
        Clinic.objects.select_for_update(no_key=True).get(pk=scope.pk)


def _set(scope: Patient | Clinic, key: Key, bounds: Bounds | None, by: User) -> bool:
    place: dict[str, Any] = {"patient": scope} if isinstance(scope, Patient) else {"clinic": scope}
    named: dict[str, Any] = {"metric_id": key[0], "component": key[1], "context": key[2], **place}
    kept = Threshold.objects.filter(**named).first()
    before = Bounds(*kept.bounds) if kept else None
    if before == bounds:
        return False
    if bounds is None:
        Threshold.objects.filter(**named).delete()
    else:
        source = f"Set by {by.name or by.email}"
        values = {**bounds._asdict(), "source": source, "source_date": timezone.now().astimezone(_zone(scope)).date()}
        Threshold.objects.update_or_create(**named, defaults=values)
    ThresholdChange.objects.create(**named, before=before, after=bounds, by=by)
    return True


def _zone(scope: Patient | Clinic) -> ZoneInfo:
    return scope.clinic.zone if isinstance(scope, Patient) else scope.zone


def _tell(scope: Patient | Clinic, changed: Sequence[Key], by: User) -> None:
    """The audit names the goals, never their values; a clinic's open pages hear of it too."""
    clinic = scope.clinic if isinstance(scope, Patient) else scope
    if isinstance(scope, Clinic):
        Patient.objects.bump(scope.patients.values_list("pk", flat=True))
    audit_log.record(
        AuditAction.GOALS,
        by=by,
        patients=[scope.pk] if isinstance(scope, Patient) else [],
        clinic=clinic,
        target=f"{'patient' if isinstance(scope, Patient) else 'clinic'}:{scope.pk}",
        goals=[" ".join(map(str, key)).strip() for key in changed],
    )


def _said(bound: Decimal | None, unit: Unit) -> str:
    return "" if bound is None else unit.plain(bound)

"""Timeline events of goals, alert rules and the dry weight: who changed them, from what to what."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.urls import reverse

from measurements.alerts.models import AlertRuleChange
from measurements.alerts.rule_texts import rule_label
from measurements.models import DryWeight, Metric, ThresholdChange
from measurements.reports.episode_words import describe_rule_values
from measurements.thresholds.judgement import WEIGHT
from measurements.thresholds.texts import format_changed_bounds, threshold_label
from measurements.timeline.events import EventDetail, TimelineEvent, TimelineKind, TimelineScope


def of_patient_or_clinic(scope: TimelineScope) -> Q:
    return Q(patient=scope.patient) | Q(clinic=scope.patient.clinic_id)


def owner_of(change: ThresholdChange | AlertRuleChange) -> str:
    return "Clinic's" if change.clinic_id else "Patient's"


def fetch_goal_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    changes = ThresholdChange.objects.filter(of_patient_or_clinic(scope), scope.within("at"))
    for change in changes.select_related("metric", "by"):
        before, after = (format_changed_bounds(change, each, scope.units) for each in (change.before, change.after))
        yield TimelineEvent(
            at=change.at,
            kind=TimelineKind.GOALS,
            title=f"{owner_of(change)} goal changed",
            details=(EventDetail(f"{threshold_label(change.metric, change.key)}: {before}, now {after}"),),
            by=change.by.name,
            url=reverse("patients:thresholds", args=[scope.patient.pk]),
            anchor=f"goal-{change.pk}",
        )


def fetch_rule_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    """Limits are in the vendor's units, as rules state them."""
    changes = AlertRuleChange.objects.filter(of_patient_or_clinic(scope), scope.within("at"))
    for change in changes.select_related("by"):
        label = rule_label(change.rule, change.changes.get("name", ""))
        yield TimelineEvent(
            at=change.at,
            kind=TimelineKind.GOALS,
            title=f"{owner_of(change)} alert rule {'switched off' if change.is_off else 'changed'}",
            details=(EventDetail(f"{label}: {describe_rule_values(change)}"),),
            text=change.reason,
            by=change.by.name,
            anchor=f"rule-{change.pk}",
        )


def fetch_dry_weight_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    rows = list(DryWeight.objects.filter(scope.within("at"), patient=scope.patient).select_related("by"))
    unit = scope.units.unit_for(Metric.objects.get(pk=WEIGHT)) if rows else None
    for row in rows:
        shown = f"set to {unit.format_value(float(row.weight))} {unit.name}" if unit and row.weight else "removed"
        yield TimelineEvent(
            at=row.at,
            kind=TimelineKind.GOALS,
            title=f"Dry weight {shown}",
            by=row.by.name,
            url=reverse("patients:thresholds", args=[scope.patient.pk]),
        )

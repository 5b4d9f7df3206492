"""Timeline events of care: monitoring periods, care team, pauses from measuring, conditions that bring alert rules."""

from __future__ import annotations

from collections.abc import Iterator

from measurements.alerts.models import MeasuringPause, PresetChange
from measurements.chart.date_range import DateRange
from measurements.timeline.events import EventDetail, TimelineEvent, TimelineKind, TimelineScope
from patients.care.models import CareTeamMember
from patients.models import MonitoringPeriod


def fetch_period_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    periods = MonitoringPeriod.objects.filter(patient=scope.patient).order_by("started_at", "pk")
    for number, period in enumerate(periods):
        if scope.includes(period.started_at):
            yield TimelineEvent(
                at=period.started_at,
                kind=TimelineKind.CARE,
                title="Readmitted: monitoring begins again" if number else "Enrolled: monitoring begins",
            )
        if period.ended_at and scope.includes(period.ended_at):
            yield TimelineEvent(
                at=period.ended_at,
                kind=TimelineKind.CARE,
                title="Discharged: monitoring ends",
                details=(EventDetail(period.get_end_reason_display()),),
            )


def fetch_team_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    of_patient = CareTeamMember.objects.filter(patient=scope.patient)
    changed = of_patient.filter(scope.within("started_at") | scope.within("ended_at"))
    for member in changed.select_related("user", "started_by", "ended_by"):
        place = ", responsible clinician" if member.is_responsible else ""
        if scope.includes(member.started_at):
            yield TimelineEvent(
                at=member.started_at,
                kind=TimelineKind.CARE,
                title=f"On the care team: {member.user.name}{place}",
                by=member.started_by.name if member.started_by else "",
            )
        if member.ended_at and scope.includes(member.ended_at):
            yield TimelineEvent(
                at=member.ended_at,
                kind=TimelineKind.CARE,
                title=f"No longer on the care team: {member.user.name}{place}",
                details=(EventDetail(member.get_end_reason_display()),),
                by=member.ended_by.name if member.ended_by else "",
            )


def fetch_pause_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    pauses = MeasuringPause.objects.filter(patient=scope.patient)
    changed = pauses.filter(scope.within("at") | scope.within("ended_at"))
    for pause in changed.select_related("by", "ended_by", "metric"):
        days = DateRange(dates=(pause.first_day, pause.last_day)).label
        what = pause.metric.label_in_sentence if pause.metric else "all readings"
        if scope.includes(pause.at):
            yield TimelineEvent(
                at=pause.at,
                kind=TimelineKind.CARE,
                title=f"Pause from measuring planned: {days}",
                details=(EventDetail(what),),
                text=pause.reason,
                by=pause.by.name,
            )
        if pause.ended_at and pause.ended_by and scope.includes(pause.ended_at):
            yield TimelineEvent(
                at=pause.ended_at,
                kind=TimelineKind.CARE,
                title=f"Pause from measuring ended early: {days}",
                details=(EventDetail(what),),
                by=pause.ended_by.name,
            )


def fetch_preset_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    for change in PresetChange.objects.filter(scope.within("at"), patient=scope.patient):
        if change.at is not None:
            names = ", ".join(name.replace("_", " ") for name in change.conditions)
            yield TimelineEvent(
                at=change.at,
                kind=TimelineKind.GOALS,
                title="Alert rules of other conditions judge the patient",
                details=(EventDetail(names or "without a condition"),),
            )

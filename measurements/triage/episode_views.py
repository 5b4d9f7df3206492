"""Page of one alert episode: the rule as it was raised, readings that feed it, a chart, steps, and what can be done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from measurements import units
from measurements.alerts.engine.episodes import ClosedBy, State
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.engine.outcome.response_clock import due_after
from measurements.alerts.engine.shipped_rules import GLUCOSE_WEEKLY
from measurements.alerts.messages.listing import notices_of
from measurements.alerts.messages.planning import rules_of
from measurements.alerts.models import AlertEpisode, AlertStep, NotificationSettings
from measurements.alerts.rule_texts import limit_text
from measurements.alerts.steps import can_take_step
from measurements.chart import panels, serializer
from measurements.chart.panels import Charts
from measurements.local_days import ONE_DAY, LocalDays
from measurements.models import Measurement, Metric
from measurements.readings import latest_judged
from measurements.thresholds import evaluation
from measurements.thresholds.judgement import Judgement
from measurements.triage.episode_text import describe_episode
from measurements.triage.forms import STEP_FORMS, StepForm
from measurements.units import DisplayUnits, Unit
from patients.models import Patient, User
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.wording import count_noun

MAX_SHOWN_READINGS = 20
DAYS_BEFORE, MAX_CHART_DAYS = 14, 90
STEP_WORDS = {
    EventKind.ACKNOWLEDGE: "Acknowledged",
    EventKind.SNOOZE: "Snoozed",
    EventKind.ASSIGN: "Assigned",
    EventKind.UNASSIGN: "No longer assigned",
    EventKind.ESCALATE: "Escalated",
    EventKind.RESOLVE: "Resolved",
    EventKind.REOPEN: "Opened again",
}


STEP_LABELS = {
    EventKind.ACKNOWLEDGE: "Acknowledge",
    EventKind.SNOOZE: "Snooze",
    EventKind.ASSIGN: "Assign",
    EventKind.ESCALATE: "Escalate",
    EventKind.RESOLVE: "Resolve",
    EventKind.REOPEN: "Open it again",
}


@dataclass(frozen=True)
class StepPanel:
    """One step that may be taken, with its form and the address that it is sent to."""

    form: StepForm
    url: str
    label: str


@dataclass(frozen=True)
class FedReading:
    reading: Measurement
    judgement: Judgement
    unit: Unit


def get_episode_audited(request: HttpRequest, episode_id: int) -> AlertEpisode:
    """If the user may see its patient, whose view is audited. Raises Http404."""
    user = current_user(request)
    rows = AlertEpisode.objects.visible_to(user).select_related("assigned_to", "closed_by_person")
    episode = rows.filter(pk=episode_id).first()
    if episode is None:
        raise Http404("No such alert.")
    episode.patient = get_patient_audited(episode.patient_id, by=user)
    return episode


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def episode_page(request: HttpRequest, episode_id: int) -> HttpResponse:
    return render_episode(request, get_episode_audited(request, episode_id))


def render_episode(
    request: HttpRequest, episode: AlertEpisode, *, refused: StepForm | None = None, conflict: Sequence[AlertStep] = ()
) -> HttpResponse:
    """`refused`: the form with its errors and what was typed; `conflict`: steps of others that it didn't know of."""
    with timezone.override(episode.patient.clinic.zone):
        others = [(step, STEP_WORDS[EventKind(step.kind)]) for step in conflict]
        context = episode_context(current_user(request), episode) | {"others": others}
        if refused is not None:
            context["step_panels"] = [
                replace(panel, form=refused) if panel.form.kind == refused.kind else panel
                for panel in context["step_panels"]
            ]
        return render(request, "alerts/episode_page.html", context)


def episode_context(user: User, episode: AlertEpisode) -> dict[str, Any]:
    patient, now, read_in = episode.patient, timezone.now(), units.units_for(user)
    metrics = Metric.objects.in_bulk()
    bounds = evaluation.thresholds_for(patient)
    text = describe_episode(episode, patient, metrics, read_in, now=now)
    charts = build_episode_chart(patient, episode, bounds, read_in, now)
    drawn = next((n for n, panel in enumerate(charts.panels) if panel.metric.pk == episode.metric), None)
    may_act, due_at = can_take_step(episode, user), acknowledgement_due_at(episode)
    return {
        "episode": episode,
        "text": text,
        "patient": patient,
        "rule_facts": rule_facts(episode, metrics.get(episode.metric), read_in),
        "readings": fed_readings(episode, read_in),
        "more_readings": max(0, len(episode.reading_ids) - MAX_SHOWN_READINGS),
        "chart_data": serializer.serialize_charts(charts) if drawn is not None else None,
        "drawn_panel": drawn,
        "steps": describe_steps(episode, metrics.get(episode.metric), read_in),
        "step_panels": [build_step_panel(kind, episode, user) for kind in offered_steps(episode)] if may_act else [],
        "may_act": may_act,
        "notices": notices_of([episode]).get(episode.pk, []),
        "zone": patient.clinic.zone,
        "due_at": due_at,
        "is_overdue": due_at is not None and due_at <= now,
    }


def acknowledgement_due_at(episode: AlertEpisode) -> dt.datetime | None:
    """By the clinic's response times, as its mails are planned; None where no acknowledgement is waited for."""
    if not episode.is_open or episode.is_acknowledged or episode.state == State.SNOOZED:
        return None
    clinic = episode.patient.clinic
    rules = rules_of(clinic, NotificationSettings.objects.filter(clinic=clinic).first())
    return due_after(rules.time_of(episode.rule, episode.severity), episode.detected_at, rules.hours)


def build_form(kind: EventKind, episode: AlertEpisode, user: User, data: Any = None) -> StepForm:
    return STEP_FORMS[kind](data, episode=episode, kind=kind, user=user)


def build_step_panel(kind: EventKind, episode: AlertEpisode, user: User) -> StepPanel:
    return StepPanel(build_form(kind, episode, user), reverse(f"triage:{kind}", args=[episode.pk]), STEP_LABELS[kind])


def offered_steps(episode: AlertEpisode) -> list[EventKind]:
    """What may be done in this state, in the order of the page."""
    if episode.state == State.DISSOLVED:
        return []
    acknowledge = [EventKind.ACKNOWLEDGE] if not episode.is_acknowledged and episode.section else []
    if episode.is_open:
        others = (EventKind.SNOOZE, EventKind.RESOLVE, EventKind.ASSIGN, EventKind.ESCALATE)
        return [*acknowledge, *others]
    reopen = [EventKind.REOPEN] if episode.closed_by == ClosedBy.PERSON else []
    return [*acknowledge, *reopen]


def describe_steps(
    episode: AlertEpisode, metric: Metric | None, read_in: DisplayUnits
) -> list[tuple[AlertStep, str, str]]:
    """With words, and with the number by which it has to get worse to end a snooze, where one was stated."""
    unit = read_in.unit_for(metric) if metric else None
    return [
        (step, STEP_WORDS[EventKind(step.kind)], difference_text(step.worse_by, unit))
        for step in episode.steps.select_related("by", "to")
    ]


def difference_text(stored: float | None, unit: Unit | None) -> str:
    return f"{unit.for_differences.format_bound(stored)} {unit.name}" if stored is not None and unit else ""


def rule_facts(episode: AlertEpisode, metric: Metric | None, read_in: DisplayUnits) -> list[tuple[str, str]]:
    """The rule as it was raised, with its source."""
    row = episode.rule_row
    unit = read_in.unit_for(metric) if metric else None
    limit = limit_text(row, metric, unit).removeprefix("limit ") if metric and unit else ""
    hours = f" within {row['hours']} h" if row.get("hours") else ""
    sittings = count_noun(row.get("n") or row.get("k") or 0, "sitting")
    repeated = f"{row.get('k')} of the last {sittings}" if row.get("n") else sittings
    facts = {
        "Limit": f"{limit} {unit.name}" if limit and unit and episode.rule != GLUCOSE_WEEKLY else limit,
        "Repeated": f"{repeated}{hours}" if row.get("k") else "",
        "Days": str(row.get("days") or ""),
        "Confirmed by": row.get("confirm") or "",
        "Source": ", ".join(filter(None, [row.get("source"), format_day(row.get("date"))])),
    }
    return [(name, value) for name, value in facts.items() if value]


def format_day(iso_date: str | None) -> str:
    day = dt.date.fromisoformat(iso_date) if iso_date else None
    return f"{day:%b} {day.day}, {day.year}" if day else ""


def fed_readings(episode: AlertEpisode, read_in: DisplayUnits) -> list[FedReading]:
    """The newest that feed it. Of history, one may have become another patient's when its time was learned."""
    newest = episode.reading_ids[-MAX_SHOWN_READINGS:]
    own = Measurement.objects.filter(patient=episode.patient).select_related("metric")
    found: Mapping[int, Measurement] = own.in_bulk(newest)
    bounds = evaluation.thresholds_for(episode.patient) if found else None
    shown = []
    for pk in reversed(newest):
        if (reading := found.get(pk)) is not None and bounds is not None:
            unit = read_in.unit_for(reading.metric)
            shown.append(FedReading(reading, latest_judged.judge_reading(reading, bounds, unit), unit))
    return shown


def build_episode_chart(
    patient: Patient,
    episode: AlertEpisode,
    bounds: evaluation.PatientThresholds,
    read_in: DisplayUnits,
    now: dt.datetime,
) -> Charts:
    """The metric from two weeks before the episode to its end, at most 90 days."""
    last = (episode.closed_at or now).astimezone(patient.zone).date()
    first = episode.first.astimezone(patient.zone).date() - DAYS_BEFORE * ONE_DAY
    days = LocalDays(patient.zone, max(first, last - MAX_CHART_DAYS * ONE_DAY), last, now=now)
    newest = latest_judged.latest_readings(patient, thresholds=bounds, units=read_in)
    concerned = [row for row in newest if row.metric.pk == episode.metric]
    return panels.build_panels(patient, days=days, thresholds=bounds, latest=concerned, now=now, units=read_in)

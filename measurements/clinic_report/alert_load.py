"""Alert load of a clinic: episodes of a range by severity, rule and day, and how and when persons answered them.

An episode belongs to the day on which it was detected, in the clinic's time zone. Counted are those that were raised:
neither waiting to be confirmed nor dissolved, and of those that arrived late only what the triage list has shown.
Dissolved ones are counted apart, since they are in no yield of a rule.
"""

from __future__ import annotations

import datetime as dt
import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Max, Min, Q
from django.db.models.functions import TruncDate

from measurements.alerts.engine.episodes import ClosedBy, State
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.engine.outcome.finishing import LATE_ROW_FOR
from measurements.alerts.engine.outcome.response_clock import ENDING_STEPS, ResponseTime, open_periods
from measurements.alerts.engine.rules import Severity
from measurements.alerts.models import AlertEpisode
from measurements.alerts.models.episode import AlertEpisodeQuerySet
from measurements.alerts.models.step import ResolveOutcome
from measurements.local_days import LocalDays
from patients.clinics.working_hours import WorkingHours
from patients.models import Clinic

RAISED_NEW = Q(is_late=False) | Q(severity=Severity.CRITICAL, detected_at__lte=F("last") + LATE_ROW_FOR)
RAISED = ~Q(state__in=(State.UNCONFIRMED, State.DISSOLVED))


@dataclass(frozen=True)
class EpisodeCount:
    """Episodes of one rule, severity and day."""

    rule: str
    severity: Severity
    day: dt.date
    opened: int
    dissolved: int


@dataclass(frozen=True)
class Answer:
    """A person's first answer to an episode: acknowledged, snoozed or resolved. `is_noise`: a measurement error."""

    rule: str
    severity: Severity
    after: dt.timedelta
    working_time: dt.timedelta
    is_resolved: bool
    is_noise: bool


@dataclass(frozen=True)
class Percentiles:
    """Median and the time within which 90 % were answered."""

    p50: dt.timedelta
    p90: dt.timedelta


class WorkingClock:
    """Time of a clinic's working hours between two instants. Counts for about a year from `start` on."""

    def __init__(self, hours: WorkingHours, start: dt.datetime) -> None:
        self.periods = list(open_periods(hours, start))
        self.opens = [opens for opens, _ in self.periods]
        self.before, total = [], dt.timedelta(0)
        for opens, closes in self.periods:
            self.before.append(total)
            total += closes - opens

    def elapsed(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        return self._since_start(end) - self._since_start(start)

    def _since_start(self, at: dt.datetime) -> dt.timedelta:
        place = bisect_right(self.opens, at) - 1
        if place < 0:
            return dt.timedelta(0)
        opens, closes = self.periods[place]
        return self.before[place] + min(at, closes) - opens


def detected_episodes(clinic: Clinic, days: LocalDays) -> AlertEpisodeQuerySet:
    detected = AlertEpisode.objects.filter(detected_at__gte=days.start, detected_at__lt=days.end)
    return detected.filter(RAISED_NEW, patient__clinic=clinic).order_by()


def count_episodes(clinic: Clinic, days: LocalDays) -> list[EpisodeCount]:
    dated = detected_episodes(clinic, days).annotate(day=TruncDate("detected_at", tzinfo=days.zone))
    rows = dated.values_list("rule", "severity", "day").annotate(
        opened=Count("pk", filter=RAISED), dissolved=Count("pk", filter=Q(state=State.DISSOLVED))
    )
    return [EpisodeCount(rule, Severity(severity), *figures) for rule, severity, *figures in rows]


def fetch_answers(
    clinic: Clinic, days: LocalDays, *, hours: WorkingHours, times: Mapping[str, ResponseTime]
) -> list[Answer]:
    """Of episodes that a person has answered so far; one that was answered before it was confirmed took no time."""
    answered = detected_episodes(clinic, days).filter(RAISED, steps__kind__in=ENDING_STEPS)
    rows = answered.values_list("rule", "severity", "detected_at", "closed_by", "pk").annotate(
        first=Min("steps__at"),
        resolved_at=Max("steps__at", filter=Q(steps__kind=EventKind.RESOLVE)),
        error_at=Max("steps__at", filter=Q(steps__outcome=ResolveOutcome.MEASUREMENT_ERROR)),
    )
    clock, any_hour = WorkingClock(hours, days.start), {code for code, time in times.items() if time.whatever_the_hours}
    found = []
    for rule, severity, detected_at, closed_by, _, first, resolved_at, error_at in rows:
        answered_at = max(first, detected_at)
        after = answered_at - detected_at
        working = after if rule in any_hour else clock.elapsed(detected_at, answered_at)
        is_resolved = closed_by == ClosedBy.PERSON
        found.append(
            Answer(rule, Severity(severity), after, working, is_resolved, is_resolved and error_at == resolved_at)
        )
    return found


def percentiles_of(times: Sequence[dt.timedelta]) -> Percentiles | None:
    if not times:
        return None
    seconds = [time.total_seconds() for time in times]
    p90 = statistics.quantiles(seconds, n=10, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    return Percentiles(dt.timedelta(seconds=statistics.median(seconds)), dt.timedelta(seconds=p90))


@dataclass(frozen=True)
class RuleYield:
    """What became of the episodes that a rule opened. `acted_on`: answered by a person; `noise`: measurement errors."""

    rule: str
    severity: Severity
    opened: int
    acted_on: int
    noise: int
    dissolved: int


def rule_yields(counts: Iterable[EpisodeCount], answers: Iterable[Answer]) -> list[RuleYield]:
    """By severity, then the most often opened first."""
    opened, dissolved, acted_on, noise = (Counter[tuple[str, Severity]]() for _ in range(4))
    for count in counts:
        opened[count.rule, count.severity] += count.opened
        dissolved[count.rule, count.severity] += count.dissolved
    for answer in answers:
        acted_on[answer.rule, answer.severity] += 1
        noise[answer.rule, answer.severity] += answer.is_noise
    keys = sorted(opened, key=lambda key: (key[1].rank, -opened[key], key[0]))
    return [RuleYield(*key, opened[key], acted_on[key], noise[key], dissolved[key]) for key in keys]


@dataclass(frozen=True)
class SeverityLoad:
    """Episodes of one severity. `errors` of `resolved`: resolved by a person as measurement error."""

    severity: Severity
    opened: int
    answered: int
    resolved: int
    errors: int
    answered_after: Percentiles | None
    working_time: Percentiles | None


def severity_loads(counts: Sequence[EpisodeCount], answers: Sequence[Answer]) -> list[SeverityLoad]:
    return [severity_load(severity, counts, answers) for severity in Severity]


def severity_load(severity: Severity, counts: Sequence[EpisodeCount], answers: Sequence[Answer]) -> SeverityLoad:
    own = [answer for answer in answers if answer.severity is severity]
    return SeverityLoad(
        severity,
        opened=sum(count.opened for count in counts if count.severity is severity),
        answered=len(own),
        resolved=sum(answer.is_resolved for answer in own),
        errors=sum(answer.is_noise for answer in own),
        answered_after=percentiles_of([answer.after for answer in own]),
        working_time=percentiles_of([answer.working_time for answer in own]),
    )

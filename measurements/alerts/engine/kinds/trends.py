"""Episodes of the SpO2 trend: a reading below the mean of the 7 local days before minus 1.645 standard deviations."""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left
from collections.abc import Sequence

from measurements.alerts.engine.drafts import Draft, feed_of
from measurements.alerts.engine.episodes import ClosedBy, Reason, State
from measurements.alerts.engine.facts import Reading
from measurements.alerts.engine.kinds.averages import AverageRun, Suppression
from measurements.alerts.engine.kinds.sittings import reading_values
from measurements.alerts.engine.known import Known
from measurements.alerts.engine.rule_versions import RuleTimeline
from measurements.alerts.engine.rules import Rule
from measurements.alerts.engine.shipped_rules import closing_of
from measurements.local_days import ONE_DAY
from measurements.thresholds.evaluation import FLOAT_ERROR_PLACES

STANDARD_DEVIATIONS = 1.645  # one reading of twenty is below it by chance


def trend_episodes(
    timeline: RuleTimeline, known: Known, floor: dt.datetime | None, suppression: Suppression | None
) -> list[Draft]:
    series = known.series(timeline.metric)
    return TrendRun(timeline, known, series, floor, suppression).run() if series.readings else []


def lowest_usual(values: Sequence[float]) -> float:
    """Mean minus 1.645 sample standard deviations."""
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1) if len(values) > 1 else 0.0
    return mean - STANDARD_DEVIATIONS * math.sqrt(variance)


class TrendRun(AverageRun):
    """Judged at readings; the baseline is frozen at the opening and closes it by local days without a low reading."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.baselines: dict[tuple[dt.date, int], float | None] = {}

    def judge(self, at: dt.datetime, rule: Rule) -> None:
        for reading in self.readings[bisect_left(self.taken, at) : self.series.position_after(at)]:
            self.judge_reading(reading, at, rule)

    def judge_reading(self, reading: Reading, at: dt.datetime, rule: Rule) -> None:
        if self.current and reading.id in self.current.feeds[-1].reading_ids:
            return  # several readings of one instant are judged at each of them
        bound = self.current.baseline if self.current else self.baseline(reading, rule)
        value = reading.value_1
        if bound is None or value is None:
            return
        is_low = round(value, FLOAT_ERROR_PLACES) < round(bound, FLOAT_ERROR_PLACES)
        feed = feed_of([reading], reading_values(reading))
        if self.suppression and self.suppression.has_ended(
            rule, reading.taken, feed.values, is_true=is_low, is_false=not is_low
        ):
            self.suppression = None
        if self.current and is_low:
            self.current.feeds.append(feed)
        elif self.current is None and is_low and self.suppression is None:
            draft = Draft(rule, rule.metric, State.OPEN, max(at, feed.known_at), [feed], opened_at=reading.taken)
            draft.baseline, draft.is_late, draft.reason = bound, feed.is_late, Reason.BASELINE_OF_OPENING
            self.found.append(draft)
            self.current, self.days_under = draft, 0

    def baseline(self, reading: Reading, rule: Rule) -> float | None:
        """The same for all readings of a local day."""
        today = self.known.index.day_of(reading.taken)
        key = today, rule.least_readings
        if key not in self.baselines:
            first, end = self.series.position_of_day(today - 7 * ONE_DAY), self.series.position_of_day(today)
            values = [value for value in self.series.columns[0][first:end] if value is not None]
            self.baselines[key] = lowest_usual(values) if len(values) >= rule.least_readings else None
        return self.baselines[key]

    def end_day(self, midnight: dt.datetime, rule: Rule) -> None:
        draft = self.current
        if draft is None or draft.baseline is None:
            return
        day = self.known.index.day_of(midnight) - ONE_DAY
        first, end = bisect_left(self.days, day), bisect_left(self.days, day + ONE_DAY)
        values = [reading.value_1 for reading in self.readings[first:end] if reading.value_1 is not None]
        if not values:
            return
        self.days_under = self.days_under + 1 if min(values) >= draft.baseline else 0
        if self.days_under >= closing_of(rule).days:
            self.close(midnight, ClosedBy.READINGS)

    def describe_today(self, draft: Draft) -> None:
        """A trend has no figure of today."""

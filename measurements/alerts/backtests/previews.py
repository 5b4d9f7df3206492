"""Preview of a changed rule or goal for one patient: its episodes of the last 90 days, now against new."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.safestring import SafeString

from measurements.alerts.backtests.picture import PicturePart, draw_backtest
from measurements.alerts.engine.backtest import BACKTEST_DAYS, Backtest, BacktestEpisode
from measurements.alerts.engine.facts import Reading
from measurements.alerts.engine.rules import Goal, Rule
from measurements.alerts.engine.shipped_rules import GOAL_RULES, SPO2, with_goal
from measurements.alerts.facts.backtest_facts import facts_of_today, load_backtest_facts, rule_of
from measurements.alerts.rule_texts import rule_label
from measurements.models import Metric
from measurements.units import DisplayUnits, Unit
from patients.models import Patient

MAX_EPISODES_LISTED = 30


@dataclass(frozen=True)
class EpisodeRow:
    opened_at: dt.datetime
    closed_at: dt.datetime | None
    worst: str
    metric_label: str


@dataclass(frozen=True)
class RulePreview:
    """`picture` is empty where nothing was measured."""

    title: str
    now: Sequence[EpisodeRow]
    new: Sequence[EpisodeRow]
    is_judged_now: bool
    is_judged_new: bool
    picture: SafeString

    @property
    def rows(self) -> list[tuple[str, int, Sequence[EpisodeRow], bool]]:
        """Of each: its name, how many, the newest of them, and whether the rule judges."""
        return [
            ("Now", len(self.now), list(reversed(self.now))[:MAX_EPISODES_LISTED], self.is_judged_now),
            ("New", len(self.new), list(reversed(self.new))[:MAX_EPISODES_LISTED], self.is_judged_new),
        ]


@dataclass(frozen=True)
class Preview:
    rules: Sequence[RulePreview]
    days: int = BACKTEST_DAYS


def preview_rule(patient: Patient, code: str, new: Rule | None, units: DisplayUnits) -> Preview:
    """With every reading of the rule's metric; of all metrics for a silence."""
    now = timezone.now()
    metric = new.metric if new else ""
    found = load_backtest_facts([patient], now, metrics=[metric] if metric else None)[patient.pk]
    tested = Backtest(facts_of_today(found), now)
    old = rule_of(found, code, now)
    return Preview([compare_rules(code, (old, tested), (new, tested), patient, units)])


def preview_goals(patient: Patient, goals: Mapping[str, Goal], units: DisplayUnits) -> Preview:
    """Of the rules that follow a goal. `goals`: the changed ones, by metric."""
    now = timezone.now()
    found = load_backtest_facts([patient], now, metrics=[SPO2])[patient.pk]
    before, after = (Backtest(facts_of_today(found, changed), now) for changed in ({}, goals))
    rules = [(code, rule_of(found, code, now)) for code in GOAL_RULES]
    return Preview([compare_rules(code, (rule, before), (rule, after), patient, units) for code, rule in rules if rule])


def compare_rules(
    code: str,
    now: tuple[Rule | None, Backtest],
    new: tuple[Rule | None, Backtest],
    patient: Patient,
    units: DisplayUnits,
) -> RulePreview:
    metrics = Metric.objects.in_bulk()
    episodes = [tested.episodes(rule) for rule, tested in (now, new)]
    rows = [[episode_row(episode, metrics, units) for episode in found] for found in episodes]
    rule = new[0] or now[0]
    metric = metrics.get(rule.metric) if rule else None
    picture = SafeString("")
    if metric and rule:
        readings = readings_since(new[1], metric.pk)
        parts = [PicturePart("now", episodes[0]), PicturePart("new", episodes[1])]
        picture = draw_backtest(
            metric,
            units.unit_for(metric),
            readings,
            parts,
            rule=with_goal(rule, new[1].facts.goals),
            span=(new[1].start, new[1].known.at),
            zone=patient.zone,
        )
    return RulePreview(
        rule_label(code, rule.name if rule else ""), rows[0], rows[1], now[0] is not None, new[0] is not None, picture
    )


def readings_since(tested: Backtest, metric: str) -> list[Reading]:
    return [reading for reading in tested.known.counted(metric) if reading.taken >= tested.start and reading.is_trusted]


def episode_row(episode: BacktestEpisode, metrics: Mapping[str, Metric], units: DisplayUnits) -> EpisodeRow:
    metric = metrics.get(episode.metric)
    unit = units.unit_for(metric) if metric else Unit("", 0)
    values = episode.peak if metric and metric.has_second_value else episode.peak[:1]
    worst = "/".join(unit.format_value(value) for value in values if value is not None)
    label = metric.label if metric else ""
    return EpisodeRow(episode.opened_at, episode.closed_at, f"{worst} {unit.name}".strip() if worst else "", label)

"""Picture of a backtest as SVG: readings as points, limits as lines, episodes now and new as bars below."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils.html import format_html
from django.utils.safestring import SafeString

from measurements.alerts.engine.backtest import BacktestEpisode
from measurements.alerts.engine.facts import Reading
from measurements.alerts.engine.rules import Kind, Rule
from measurements.alerts.engine.shipped_rules import GLUCOSE_WEEKLY
from measurements.chart.svg_paths import LEFT, TOP, WIDTH, PlotArea, draw_text
from measurements.local_days import local_midnight
from measurements.models import Metric
from measurements.units import Unit
from patients.wording import count_noun

HEIGHT, BAR_HEIGHT, BAR_STEP = 360, 20, 44
VALUE_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200)  # between two grid lines
MAX_GRID_LINES = 6
BARS_BELOW = 12
POINT = 3  # half of a point's width
LEAST_BAR = 6  # an episode of minutes is seen too
DAYS_BETWEEN_LABELS = 15
LIMIT_KINDS = (Kind.LIMIT, Kind.K_OF_N, Kind.AVERAGE)


@dataclass(frozen=True)
class PicturePart:
    """One row of bars: now or new."""

    name: str
    episodes: Sequence[BacktestEpisode]


def draw_backtest(
    metric: Metric,
    unit: Unit,
    readings: Sequence[Reading],
    parts: Sequence[PicturePart],
    *,
    rule: Rule,
    span: tuple[dt.datetime, dt.datetime],
    zone: ZoneInfo,
) -> SafeString:
    """`span`: first and last instant. Empty without readings."""
    if not readings:
        return SafeString("")
    points = [
        (reading.taken, [unit.convert_value(value) for value in shown_values(metric, reading)]) for reading in readings
    ]
    limits = limit_values(rule, unit)
    low, high = value_ends([value for _, values in points for value in values], limits)
    start, end = (at.timestamp() for at in span)
    area = PlotArea(HEIGHT, start, end, low, high)
    height = HEIGHT + BAR_STEP * len(parts) + BARS_BELOW
    drawn = [
        *draw_values(area, low, high, unit),
        *draw_days(area, span, zone),
        *(draw_limit(area, limit) for limit in limits),
        format_html('<path class="backtest-points" d="{}"/>', SafeString("".join(trace_points(area, points)))),
        *(part for n, row in enumerate(parts) for part in draw_bars(area, row, HEIGHT + BARS_BELOW + BAR_STEP * n)),
    ]
    counts = ", ".join(f"{row.name} {count_noun(len(row.episodes), 'episode')}" for row in parts)
    return format_html(
        '<svg class="picture backtest" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        WIDTH,
        height,
        f"{metric.label}, {count_noun(len(readings), 'reading')}: {counts}",
        SafeString("".join(drawn)),
    )


def shown_values(metric: Metric, reading: Reading) -> list[float]:
    values = (reading.value_1, reading.value_2) if metric.has_second_value else (reading.value_1,)
    return [value for value in values if value is not None]


def limit_values(rule: Rule, unit: Unit) -> list[float]:
    """In the unit of the picture. A gain and a share of readings are no values of the axis."""
    if rule.kind not in LIMIT_KINDS or rule.code == GLUCOSE_WEEKLY:
        return []
    return sorted({unit.convert_value(bound) for _, _, bound in rule.bounds})


def value_ends(values: Iterable[float], limits: Iterable[float]) -> tuple[float, float]:
    """Of the axis, with some space."""
    found = [*values, *limits]
    low, high = min(found), max(found)
    space = max((high - low) * 0.08, 1.0)
    return math.floor(low - space), math.ceil(high + space)


def draw_values(area: PlotArea, low: float, high: float, unit: Unit) -> Iterable[str]:
    step = next((step for step in VALUE_STEPS if (high - low) / step <= MAX_GRID_LINES), VALUE_STEPS[-1])
    for value in range(math.ceil(low / step) * step, math.floor(high) + 1, step):
        y = area.y(value)
        yield format_html('<path class="grid" d="M{} {}H{}"/>', LEFT, y, area.right)
        yield draw_text(LEFT - 10, y + 8, str(value), "end")
    yield draw_text(LEFT + 8, TOP + 18, unit.name)


def draw_days(area: PlotArea, span: tuple[dt.datetime, dt.datetime], zone: ZoneInfo) -> Iterable[str]:
    day = span[0].astimezone(zone).date() + dt.timedelta(days=DAYS_BETWEEN_LABELS // 2)
    while (midnight := local_midnight(day, zone)) < span[1]:
        yield draw_text(area.x(midnight.timestamp()), area.bottom + 30, f"{day:%b} {day.day}", "middle")
        day += dt.timedelta(days=DAYS_BETWEEN_LABELS)


def draw_limit(area: PlotArea, limit: float) -> str:
    y = area.y(limit)
    line = format_html('<path class="backtest-limit" d="M{} {}H{}"/>', LEFT, y, area.right)
    return line + draw_text(area.right + 12, y + 8, f"limit {limit:g}")


def trace_points(area: PlotArea, points: Sequence[tuple[dt.datetime, list[float]]]) -> Iterable[str]:
    for taken, values in points:
        x = area.x(taken.timestamp())
        for value in values:
            yield f"M{x - POINT} {area.y(value) - POINT}h{2 * POINT}v{2 * POINT}h-{2 * POINT}z"


def draw_bars(area: PlotArea, row: PicturePart, top: int) -> Iterable[str]:
    yield draw_text(LEFT - 10, top + BAR_HEIGHT, row.name, "end")
    yield format_html('<path class="grid" d="M{} {}H{}"/>', LEFT, top + BAR_HEIGHT // 2 + 2, area.right)
    for episode in row.episodes:
        x = area.x(max(episode.opened_at.timestamp(), area.start))
        end = area.x(min(episode.closed_at.timestamp(), area.end)) if episode.closed_at else area.right
        width = max(end - x, LEAST_BAR)
        yield format_html(
            '<rect class="backtest-bar backtest-bar--{}" x="{}" y="{}" width="{}" height="{}"/>',
            row.name,
            x,
            top + 2,
            width,
            BAR_HEIGHT,
        )
    yield draw_text(area.right + 12, top + BAR_HEIGHT + 2, count_noun(len(row.episodes), "episode"))

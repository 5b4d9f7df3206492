"""Legend of a chart: markers and marks that occur in it, in words, for pages and paper."""

from __future__ import annotations

from dataclasses import dataclass

from measurements.chart.panels import Panel
from measurements.thresholds.evaluation import range_name
from patients.wording import count_noun

# By key: how a text shows what the chart draws. `static/charts.css` has the same by `key--...`.
SYMBOLS = {
    "1": "●",
    "2": "■",
    "hollow": "○",
    "late": "◎",
    "clock": "▢",
    "check": "✕",
    "out": "⊘",
    "irregular": "◇",
    "meal-1": "◒",
    "meal-2": "◐",
    "meal-3": "◑",
}


@dataclass(frozen=True)
class LegendEntry:
    key: str
    words: str

    @property
    def symbol(self) -> str:
        """A disc for words of the vendor that are unknown here."""
        return SYMBOLS.get(self.key, SYMBOLS["1"])


def describe_band(panel: Panel) -> str:
    """What is drawn of more readings than there is room for."""
    length = panel.plot_data.bucket_days
    days = "each day" if length == 1 else count_noun(length, "day")
    return f"band: lowest to highest of {days}, line: median, points: readings out of {range_name(panel.metric.pk)}"


def describe_legend(panel: Panel) -> list[LegendEntry]:
    """Meal contexts, then the marks of its readings."""
    irregular = f"irregular heartbeat, {count_noun(panel.irregular_count, 'time')}" if panel.irregular_count else ""
    marks = {
        "hollow": "time estimated by the vendor" if panel.estimated else "",
        "late": "came over 24 h late" if panel.late else "",
        "clock": panel.clock_words,
        "check": "check this reading; not in averages" if panel.needs_check else "",
        "out": "excluded or control solution; not counted" if panel.left_out else "",
        "irregular": irregular,
    }
    meals = [LegendEntry(f"meal-{meal.number}", meal.words) for meal in panel.meals]
    return meals + [LegendEntry(key, words) for key, words in marks.items() if words]

"""Filter of readings in the table, the print and the CSV file: by metric, out of goal, marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.text import capfirst

from measurements.models import Metric
from measurements.models.measurement import MeasurementQuerySet
from measurements.readings.latest_judged import judge_reading
from measurements.thresholds.evaluation import PatientThresholds
from measurements.units import VENDOR_UNITS
from patients.lists.filters import FilterRow, build_filter_row

OUT_OF_GOAL, MARKED = "out", "marked"
SHOWN_LABELS = {"": "All", OUT_OF_GOAL: "Out of goal", MARKED: "Marked"}


@dataclass(frozen=True)
class ReadingFilter:
    """`metric`: a code, empty for all; `shown`: a key of SHOWN_LABELS."""

    metric: str = ""
    shown: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> ReadingFilter:
        """Unknown values are ignored; vital signs have codes that are identifiers."""
        metric, shown = query.get("metric", ""), query.get("shown", "")
        return cls(metric if metric.isidentifier() else "", shown if shown in SHOWN_LABELS else "")

    @property
    def parameters(self) -> dict[str, str]:
        return {"metric": self.metric, "shown": self.shown}

    @property
    def is_active(self) -> bool:
        return bool(self.metric or self.shown)

    def label(self, metrics: Sequence[Metric]) -> str:
        """Blood pressure, out of goal."""
        names = [metric.label for metric in metrics if metric.pk == self.metric]
        return capfirst(", ".join([*names, *([SHOWN_LABELS[self.shown].lower()] if self.shown else [])]))

    def apply(self, readings: MeasurementQuerySet, thresholds: PatientThresholds) -> MeasurementQuerySet:
        chosen = readings.filter(metric=self.metric) if self.metric else readings
        if self.shown == MARKED:
            return chosen.marked()
        return chosen.filter(pk__in=out_of_goal_ids(chosen, thresholds)) if self.shown == OUT_OF_GOAL else chosen

    def filter_rows(self, metrics: Sequence[Metric], page_parameters: Mapping[str, str]) -> list[FilterRow]:
        """Options of the table of readings, as links that retain the other parameters of the page."""
        rows = {
            "metric": ("Readings", {"": "All"} | {metric.pk: metric.label for metric in metrics}),
            "shown": ("Show", SHOWN_LABELS),
        }
        return [
            build_filter_row(
                name,
                title,
                labels,
                selected=self.parameters[name],
                other_values={
                    other: page_parameters[other] for other in page_parameters if other not in {name, "table"}
                },
                anchor="#readings",
            )
            for name, (title, labels) in rows.items()
        ]


ALL_READINGS = ReadingFilter()


def out_of_goal_ids(readings: MeasurementQuerySet, thresholds: PatientThresholds) -> list[int]:
    """Evaluated one by one, as everywhere: no second judgement in SQL."""
    judged = readings.filter(metric__in={metric for metric, _, _ in thresholds.by_key}).select_related("metric")
    return [
        row.pk
        for row in judged.order_by().iterator(chunk_size=2000)
        if judge_reading(row, thresholds, VENDOR_UNITS.unit_for(row.metric)).status.is_out_of_range
    ]

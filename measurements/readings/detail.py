"""One moment of a device as a person judges it: its readings side by side, with everything known about each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from devices.hardware_ids import as_printed
from devices.models import Device
from measurements.models import Measurement
from measurements.readings.latest_judged import value_text
from measurements.readings.table import quality_of
from measurements.thresholds.evaluation import Goals, Standing
from measurements.units import VENDORS, Unit, Units


@dataclass(frozen=True)
class Facet:
    """One reading of the moment. `text` is in `unit`."""

    reading: Measurement
    unit: Unit
    text: str
    marks: list[str]  # of its quality
    standing: Standing

    @property
    def excluded(self) -> bool:
        return self.reading.excluded_at is not None

    @property
    def left_out(self) -> bool:
        return self.excluded or self.reading.control

    @property
    def gateway(self) -> str:
        """As on its label and its page."""
        return as_printed(self.reading.hardware_uuid)


@dataclass(frozen=True)
class Moment:
    taken_at: dt.datetime
    device: Device
    facets: list[Facet]

    @property
    def conflict(self) -> bool:
        return any(facet.reading.conflict for facet in self.facets)


def around(reading: Measurement, *, goals: Goals, units: Units = VENDORS) -> Moment:
    """All that the same device took at the same time: a pulse beside its pressure, two values in conflict."""
    together = Measurement.objects.filter(
        patient=reading.patient_id, device=reading.device_id, taken_at=reading.taken_at
    )
    ordered = together.select_related("metric", "excluded_by").order_by("metric__position", "index", "pk")
    return Moment(reading.taken_at, reading.device, [_facet(row, goals, units) for row in ordered])


def _facet(reading: Measurement, goals: Goals, units: Units) -> Facet:
    metric, unit = reading.metric, units.of(reading.metric)
    second = float(reading.value_2) if metric.has_second_value and reading.value_2 is not None else None
    values = (float(reading.value_1), second)
    context = str(reading.filter_params.get("meal_context", ""))
    doubtful = reading.control or reading.excluded_at or reading.conflict or reading.implausible
    standing = Standing.UNJUDGED if doubtful else goals.judge(metric.pk, values, context)
    return Facet(reading, unit, value_text(metric, values, unit), quality_of(reading), standing)

"""Links to the pages of what is no vital sign: shown where the patient has such a device or such readings."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.urls import reverse

from fulfillment.equipment import EquipmentItem
from measurements.activity.watch_days import WATCH_METRICS, WATCH_SENSOR_CODE
from patients.models import Patient


@dataclass(frozen=True)
class MetricPage:
    label: str
    url: str


# Label, route, metrics, and sensor codes of the devices.
METRIC_PAGES = (
    ("Watch: steps, sleep, heart rate", "activity:page", frozenset(WATCH_METRICS), frozenset({WATCH_SENSOR_CODE})),
)


def list_metric_pages(patient: Patient, metrics: Collection[str], items: Iterable[EquipmentItem]) -> list[MetricPage]:
    """`metrics`: codes of those that the patient ever sent; `items`: devices held or on their way."""
    families = {family for item in items if (family := item.family)}
    return [
        MetricPage(label, reverse(route, args=[patient.pk]))
        for label, route, codes, sensors in METRIC_PAGES
        if not codes.isdisjoint(metrics) or not sensors.isdisjoint(families)
    ]

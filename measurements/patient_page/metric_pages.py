"""Links to the pages of what is no vital sign: shown where the patient has such a device or such readings."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.urls import reverse

from fulfillment.equipment import EquipmentItem
from measurements.activity.watch_days import WATCH_METRICS, WATCH_SENSOR_CODE
from measurements.adherence.openings import ADHERENCE_METRICS, ADHERENCE_SENSOR_CODES
from patients.models import Patient


@dataclass(frozen=True)
class MetricPage:
    label: str
    url: str


# Label, route, metrics, and sensor codes of the devices.
METRIC_PAGES: tuple[tuple[str, str, Collection[str], Collection[str]], ...] = (
    ("Watch: steps, sleep, heart rate", "activity:page", WATCH_METRICS, (WATCH_SENSOR_CODE,)),
    ("Pillbox and caps: doses by day", "adherence:page", ADHERENCE_METRICS, ADHERENCE_SENSOR_CODES),
)


def list_metric_pages(patient: Patient, metrics: Collection[str], items: Iterable[EquipmentItem]) -> list[MetricPage]:
    """`metrics`: codes of those that the patient ever sent; `items`: devices held or on their way."""
    families = {family for item in items if (family := item.family)}
    return [
        MetricPage(label, reverse(route, args=[patient.pk]))
        for label, route, codes, sensors in METRIC_PAGES
        if not families.isdisjoint(sensors) or not set(codes).isdisjoint(metrics)
    ]

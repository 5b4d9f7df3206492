"""Readings of a clinic that webhooks missed: new here when a pull asked the vendor for them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum

from devices.models import SyncRow, SyncRun
from devices.models.sync import SyncKind
from measurements.local_days import LocalDays
from patients.models import Clinic


@dataclass(frozen=True)
class MissedReadings:
    """`pulls`: finished comparisons of readings, without which nothing missed could be found."""

    missed: int
    pulls: int


def count_missed_readings(clinic: Clinic, days: LocalDays) -> MissedReadings:
    pulled = SyncRow.objects.filter(
        patient__clinic=clinic, finished_at__gte=days.start, finished_at__lt=days.end, missed__gt=0
    )
    runs = SyncRun.objects.filter(
        kind=SyncKind.MEASUREMENTS, started_at__gte=days.start, started_at__lt=days.end, finished_at__isnull=False
    )
    return MissedReadings(pulled.aggregate(total=Sum("missed", default=0))["total"], runs.order_by().count())

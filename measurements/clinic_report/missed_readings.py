"""How readings of a clinic came here, and which of them webhooks missed: new here when a pull asked for them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Sum

from devices.models import SyncRow, SyncRun
from devices.models.sync import SyncKind
from measurements.local_days import LocalDays
from measurements.models import Measurement
from measurements.models.measurement import MeasurementSource
from patients.models import Clinic


@dataclass(frozen=True)
class MissedReadings:
    """`pulls`: finished comparisons of readings, without which nothing missed could be found.

    `by_webhook`, `by_pull`: readings taken in these days, by what brought them first. A pull also brings the history of
    a new patient, so that not all of `by_pull` was missed.
    """

    by_webhook: int
    by_pull: int
    missed: int
    pulls: int


def count_missed_readings(clinic: Clinic, days: LocalDays) -> MissedReadings:
    pulled = SyncRow.objects.filter(
        patient__clinic=clinic, finished_at__gte=days.start, finished_at__lt=days.end, missed__gt=0
    )
    runs = SyncRun.objects.filter(
        kind=SyncKind.MEASUREMENTS, started_at__gte=days.start, started_at__lt=days.end, finished_at__isnull=False
    )
    taken = Measurement.objects.filter(patient__clinic=clinic, taken_at__gte=days.start, taken_at__lt=days.end)
    by_source = dict(taken.order_by().values_list("source").annotate(count=Count("pk")))
    return MissedReadings(
        by_source.get(MeasurementSource.WEBHOOK, 0),
        by_source.get(MeasurementSource.PULL, 0),
        pulled.aggregate(total=Sum("missed", default=0))["total"],
        runs.order_by().count(),
    )

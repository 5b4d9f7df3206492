"""What pages say of alerts that reached no one, or for which no clinician is responsible."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import TypeVar

from measurements.alerts.models import AlertEpisode, AlertNotification

Key = TypeVar("Key", int, uuid.UUID)


def notices_of(episodes: Collection[AlertEpisode]) -> dict[int, list[str]]:
    """Texts by episode; one query."""
    waiting = [episode.pk for episode in episodes if episode.awaits_answer or episode.is_open]
    rows = AlertNotification.objects.listed().filter(episode__in=waiting)
    return collect_notices((row.episode_id, row) for row in rows.order_by("pk") if row.episode_id is not None)


def notices_of_readings(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """Of readings that can't wait: texts by patient; one query."""
    rows = AlertNotification.objects.listed().filter(patient__in=patients, reading__isnull=False)
    return collect_notices((row.patient_id, row) for row in rows.order_by("pk"))


def collect_notices(rows: Iterable[tuple[Key, AlertNotification]]) -> dict[Key, list[str]]:
    notices: dict[Key, list[str]] = defaultdict(list)
    for key, row in rows:
        if row.unreached_because:
            notices[key].append(f"Reached nobody: {row.get_unreached_because_display()}")
        if row.has_no_responsible:
            notices[key].append("Nobody is responsible")
    return {key: list(dict.fromkeys(texts)) for key, texts in notices.items()}

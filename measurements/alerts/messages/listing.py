"""What pages say of alerts that reached no one, or for which no clinician is responsible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from measurements.alerts.models import AlertEpisode, AlertNotification


def notices_of(episodes: Collection[AlertEpisode]) -> dict[int, list[str]]:
    """Texts by episode; one query."""
    notices: dict[int, list[str]] = defaultdict(list)
    waiting = [episode.pk for episode in episodes if episode.awaits_answer or episode.is_open]
    for row in AlertNotification.objects.listed().filter(episode__in=waiting).order_by("pk"):
        if row.unreached_because:
            notices[row.episode_id].append(f"Reached nobody: {row.get_unreached_because_display()}")
        if row.has_no_responsible:
            notices[row.episode_id].append("Nobody is responsible")
    return {pk: list(dict.fromkeys(texts)) for pk, texts in notices.items()}

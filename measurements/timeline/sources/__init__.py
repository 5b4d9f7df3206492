"""The table of sources of a patient's timeline. A new source is a function and a row here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from measurements.timeline.events import EventSource, TimelineKind
from measurements.timeline.sources import alerts, care, equipment, goals, notes, readings
from patients.models import User
from patients.permissions import Permission, has_permission


class Source(NamedTuple):
    """`permission`: of the users who may see its events, as on the page that the events are from."""

    kind: TimelineKind
    fetch_events: EventSource
    permission: Permission = Permission.VIEW_PATIENTS


SOURCES: Sequence[Source] = (
    Source(TimelineKind.READINGS, readings.fetch_reading_events),
    Source(TimelineKind.READINGS, readings.fetch_exclusion_events),
    Source(TimelineKind.ALERTS, alerts.fetch_episode_events),
    Source(TimelineKind.ALERTS, alerts.fetch_step_events),
    Source(TimelineKind.NOTES, notes.fetch_note_events),
    Source(TimelineKind.GOALS, goals.fetch_goal_events),
    Source(TimelineKind.GOALS, goals.fetch_rule_events),
    Source(TimelineKind.GOALS, goals.fetch_dry_weight_events),
    Source(TimelineKind.GOALS, care.fetch_preset_events),
    Source(TimelineKind.ORDERS, equipment.fetch_order_events, Permission.VIEW_ORDERS),
    Source(TimelineKind.DEVICES, equipment.fetch_device_events),
    Source(TimelineKind.CARE, care.fetch_period_events),
    Source(TimelineKind.CARE, care.fetch_team_events),
    Source(TimelineKind.CARE, care.fetch_pause_events),
    Source(TimelineKind.REVIEWS, alerts.fetch_review_events),
)


def sources_for(user: User) -> list[Source]:
    return [source for source in SOURCES if has_permission(user, source.permission)]

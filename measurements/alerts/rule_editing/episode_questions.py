"""Questions about critical episodes that a changed rule or goal would end: acknowledged, or left in the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from measurements.alerts import steps
from measurements.alerts.models import AlertEpisode
from measurements.thresholds.goal_questions import OutdatedQuestion
from patients.models import User
from patients.permissions import Permission, has_permission

ACKNOWLEDGE, KEEP = "acknowledge", "keep"
STEPS_MEANWHILE = "An alert was worked on meanwhile. Please check the list again."


@dataclass(frozen=True)
class EpisodeQuestion:
    """`answer`: acknowledge, keep, or empty while it is open."""

    episode: AlertEpisode
    answer: str

    @property
    def field_name(self) -> str:
        return f"episode-{self.episode.pk}"


def acknowledge_answered(questions: Sequence[EpisodeQuestion], by: User) -> None:
    """In the transaction that saves, after its scope is locked. OutdatedQuestion if one was worked on meanwhile."""
    if not has_permission(by, Permission.HANDLE_ALERTS):
        return
    try:
        steps.acknowledge_episodes([each.episode for each in questions if each.answer == ACKNOWLEDGE], by=by)
    except steps.StepConflict as conflict:
        raise OutdatedQuestion(STEPS_MEANWHILE) from conflict


def questions_about(episodes: Sequence[AlertEpisode], data: Mapping[str, Any]) -> Sequence[EpisodeQuestion]:
    """One per episode. One answer is for all that the page could not name, if it knew how many."""
    is_for_others = data.get("episodes") == KEEP and data.get("episode_count") == str(len(episodes))
    found = []
    for episode in episodes:
        answer = str(data.get(f"episode-{episode.pk}", "") or (KEEP if is_for_others else ""))
        found.append(EpisodeQuestion(episode, answer if answer in (ACKNOWLEDGE, KEEP) else ""))
    return found

"""What persons do with an alert episode: acknowledge, snooze, assign, escalate, resolve, reopen, note."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from measurements.alerts.engine.facts import EventKind
from measurements.alerts.models import AlertEpisode, AlertStep, PatientReview
from patients.models import Patient, User


class StepConflict(Exception):
    """Another user took steps after the page was shown; nothing of the caller's was saved."""

    def __init__(self, steps: Sequence[AlertStep]) -> None:
        super().__init__("another user took a step meanwhile")
        self.steps = steps


class ReviewRefused(Exception):
    """A critical episode is open and neither acknowledged nor snoozed."""

    def __init__(self, episodes: Sequence[AlertEpisode]) -> None:
        super().__init__("a critical episode is not acknowledged")
        self.episodes = episodes


def take_step(
    *,
    episode: AlertEpisode,
    kind: EventKind,
    by: User,
    step_version: int,
    outcome: str = "",
    text: str = "",
    until: dt.datetime | None = None,
    until_worse: bool = False,
    worse_by: float | None = None,
    to: User | None = None,
) -> AlertEpisode:
    """Record a step and assess the patient, in one transaction; returns the episode as it is then.

    `step_version` is that of the episode as the page showed it. `text`: reason, words of an outcome, or note.
    StepConflict; ValidationError by field; PermissionDenied.
    """
    raise NotImplementedError


def review_patient(*, patient: Patient, by: User, through: dt.datetime, acknowledge: bool = False) -> PatientReview:
    """Record that a user has reviewed the patient up to an instant, at which the page was shown.

    `acknowledge`: with the critical episodes that are not, in one act. ReviewRefused; PermissionDenied.
    """
    raise NotImplementedError


def undo_review(*, review: PatientReview, by: User) -> None:
    """Take back a review on the same day of the clinic. ValidationError; PermissionDenied."""
    raise NotImplementedError

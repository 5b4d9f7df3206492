"""What has to be answered before goals are saved; apps to the right register their questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from measurements.thresholds.editing import Bounds
from measurements.thresholds.evaluation import ThresholdKey
from patients.models import Clinic, Patient, User


class GoalQuestion(Protocol):
    """`answer`: empty while it is open."""

    @property
    def answer(self) -> str: ...


class OutdatedQuestion(Exception):
    """What was asked about has changed meanwhile: nothing of the caller's was saved. Its text is for the user."""


ChangedBounds = Mapping[ThresholdKey, Bounds | None]
FindQuestions = Callable[[Patient | Clinic, ChangedBounds, Mapping[str, Any]], Sequence[Any]]
ApplyAnswers = Callable[[Sequence[Any], User], None]


class Asked(NamedTuple):
    """Questions of one app. `apply_answers`: where goals are saved, in their transaction, with the scope locked."""

    questions: Sequence[GoalQuestion]
    apply_answers: ApplyAnswers


registered: list[tuple[FindQuestions, ApplyAnswers]] = []


def register_goal_questions(find: FindQuestions, apply_answers: ApplyAnswers) -> None:
    registered.append((find, apply_answers))


def ask_about_goals(scope: Patient | Clinic, changed: ChangedBounds, data: Mapping[str, Any]) -> list[Asked]:
    """`data`: the posted form, which has the answers."""
    return [Asked(find(scope, changed, data), apply_answers) for find, apply_answers in registered]

"""Command `episodes`: alert episodes of a facts file, or of a patient as known at an instant, as JSON."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from measurements.alerts.engine.evaluation import evaluate
from measurements.alerts.facts import stored_facts
from measurements.alerts.facts_files.answers import describe_evaluation
from measurements.alerts.facts_files.facts_file import load_facts
from measurements.facts_values import FactsError, read_instant
from patients.models import Patient, User

NAMED_PERSONS = ("by", "to")


class Command(BaseCommand):
    help = "Compute alert episodes (docs/alerts.md) at an instant. A facts file touches no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--facts", metavar="FILE", help="one JSON object, see docs/alerts.md")
        source.add_argument("--patient", metavar="EXTERNAL_ID", help="account id of a stored patient")
        parser.add_argument("--as-of", metavar="INSTANT", help="UTC, such as 2026-11-02T14:30:00Z; of a patient: now")
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, facts: str | None, patient: str | None, as_of: str | None, **_: Any) -> None:
        try:
            at = read_instant(as_of, "--as-of") if as_of else None
            answer = answer_of_file(facts, at) if facts else answer_of_patient(str(patient), at)
        except FactsError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{facts} can't be read: {error.strerror}.") from error
        self.stdout.write(json.dumps(answer, indent=1))


def answer_of_file(path: str, at: dt.datetime | None) -> dict[str, Any]:
    if at is None:
        raise CommandError("Give the instant with --as-of, such as 2026-11-02T14:30:00Z.")
    return describe_evaluation(evaluate(load_facts(Path(path).read_bytes()), at))


def answer_of_patient(external_id: str, at: dt.datetime | None) -> dict[str, Any]:
    """From all stored facts as they were known then."""
    patient = Patient.objects.by_external_id(external_id)
    if patient is None:
        raise CommandError(f"There is no patient {external_id}.")
    now = timezone.now()
    found = stored_facts.load_facts([patient], now, as_of=at or now, whole=True)[patient.pk]
    answer = describe_evaluation(evaluate(found.build(), at or now))
    name_persons([step for episode in answer["episodes"] for step in episode["steps"]])
    return answer


def name_persons(steps: Sequence[dict[str, Any]]) -> None:
    """By their e-mail address instead of the account's number."""
    keys = {int(step[name]) for step in steps for name in NAMED_PERSONS if str(step.get(name) or "").isdigit()}
    emails = dict(User.objects.filter(pk__in=keys).values_list("pk", "email"))
    for step in steps:
        for name in NAMED_PERSONS:
            if str(step.get(name) or "").isdigit():
                step[name] = emails.get(int(step[name]), step[name])

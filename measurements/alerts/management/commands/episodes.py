"""Command `episodes`: alert episodes of a facts file at an instant, as JSON, without touching the database."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from measurements.alerts.engine.evaluation import evaluate
from measurements.alerts.facts_files.answers import describe_evaluation
from measurements.alerts.facts_files.facts_file import load_facts
from measurements.facts_values import FactsError, read_instant


class Command(BaseCommand):
    help = "Compute the alert episodes of a facts file (docs/alerts.md) at an instant. Touches no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--facts", required=True, metavar="FILE", help="one JSON object, see docs/alerts.md")
        parser.add_argument("--as-of", required=True, metavar="INSTANT", help="UTC, such as 2026-11-02T14:30:00Z")
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, facts: str, as_of: str, **_: Any) -> None:
        try:
            at = read_instant(as_of, "--as-of")
            found = load_facts(Path(facts).read_bytes())
        except FactsError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{facts} can't be read: {error.strerror}.") from error
        self.stdout.write(json.dumps(describe_evaluation(evaluate(found, at)), indent=1))

"""Command `billing`: billing lines of a facts file at an instant, as JSON, without touching the database."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from measurements.billing.engine.evaluation import evaluate, of_month
from measurements.billing.facts_files.answers import describe_bill
from measurements.billing.facts_files.facts_file import load_facts
from measurements.billing.facts_files.row_readers import read_month
from measurements.facts_values import FactsError, read_instant


class Command(BaseCommand):
    help = "Compute the billing lines of a facts file (docs/billing.md) at an instant. Touches no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--facts", required=True, metavar="FILE", help="one JSON object, see docs/billing.md")
        parser.add_argument("--as-of", required=True, metavar="INSTANT", help="UTC, such as 2026-11-02T14:30:00Z")
        parser.add_argument("--month", metavar="YYYY-MM", help="only the lines that belong to this month")
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, facts: str, as_of: str, month: str | None = None, **_: Any) -> None:
        try:
            at = read_instant(as_of, "--as-of")
            only = read_month(month, "--month") if month else None
            found = load_facts(Path(facts).read_bytes())
        except FactsError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{facts} can't be read: {error.strerror}.") from error
        bill = evaluate(found, at, months=[only] if only else [])
        self.stdout.write(json.dumps(describe_bill(of_month(bill, only) if only else bill), indent=1))

"""Command `billing`: lines of a facts file at an instant without the database, or a clinic's lines of a month."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from measurements.billing.engine.evaluation import evaluate, of_month
from measurements.billing.facts_files.answers import describe_bill
from measurements.billing.facts_files.facts_file import load_facts
from measurements.billing.facts_files.row_readers import read_month
from measurements.billing.month_export import export_csv, export_rows, month_lines
from measurements.facts_values import FactsError, read_instant
from patients.audit import audit_log
from patients.models import Clinic
from patients.models.audit import AuditAction


class Command(BaseCommand):
    help = (
        "Compute the billing lines of a facts file (docs/billing.md) at an instant, which touches no database; or print"
        " a clinic's stored lines of a month, as the month list shows them."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--facts", metavar="FILE", help="one JSON object, see docs/billing.md")
        source.add_argument("--clinic", metavar="SHORT_NAME", help="such as elm-street")
        parser.add_argument("--as-of", metavar="INSTANT", help="of a facts file: UTC, such as 2026-11-02T14:30:00Z")
        parser.add_argument("--month", metavar="YYYY-MM", help="only the lines that belong to this month")
        parser.add_argument("--format", choices=["json", "csv"], default="json")

    def handle(
        self,
        *,
        facts: str | None = None,
        clinic: str | None = None,
        as_of: str | None = None,
        month: str | None = None,
        **options: Any,
    ) -> None:
        form = options.get("format") or "json"
        try:
            only = read_month(month, "--month") if month else None
        except FactsError as error:
            raise CommandError(str(error)) from error
        if clinic is not None:
            if only is None or as_of is not None:
                raise CommandError("--clinic needs --month, and takes no --as-of.")
            self.stdout.write(clinic_month(clinic, only, form))
            return
        if as_of is None or form != "json":
            raise CommandError("--facts needs --as-of, and is printed as json.")
        self.stdout.write(facts_file_lines(str(facts), as_of, only))


def facts_file_lines(facts: str, as_of: str, only: dt.date | None) -> str:
    try:
        at = read_instant(as_of, "--as-of")
        found = load_facts(Path(facts).read_bytes())
    except FactsError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{facts} can't be read: {error.strerror}.") from error
    bill = evaluate(found, at, months=[only] if only else [])
    return json.dumps(describe_bill(of_month(bill, only) if only else bill), indent=1)


def clinic_month(slug: str, month: dt.date, form: str) -> str:
    """Audited like the page's file."""
    clinic = Clinic.objects.filter(slug=slug).first()
    if clinic is None:
        raise CommandError(f"There is no clinic with the short name {slug!r}.")
    rows = export_rows(month_lines(clinic, month))
    audit_log.record_event(
        AuditAction.EXPORT,
        by=None,
        clinic=clinic,
        patients=dict.fromkeys(row["patient_id"] for row in rows),
        target="billing_month",
        rows=len(rows),
    )
    return export_csv(rows) if form == "csv" else json.dumps(rows, indent=1)

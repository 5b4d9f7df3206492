"""Lines of a clinic's month as rows of a file: one row per line, the same for the page's file and the command."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from measurements.billing import line_words
from measurements.billing.claim_steps import newest_claim_steps
from measurements.billing.models import BillingLine, LineStep
from patients.csv_writer import write_csv
from patients.models import Clinic
from patients.programmes.models import Coverage, MonitoringOrder

COLUMNS = (
    *("month", "patient_id", "family_name", "given_name", "birth_date", "mrn", "payer", "member_id", "programme"),
    *("code", "units", "first", "last", "date_of_service", "status", "because", "cautions", "days", "minutes"),
    *("practitioner", "npi", "diagnoses", "approved_at", "approved_by", "evidence_hash", "claim", "differs_now"),
)


def month_lines(clinic: Clinic, month: dt.date) -> QuerySet[BillingLine]:
    """`month`: its first day. Oldest patients' names first, each patient's lines by date and code."""
    return BillingLine.objects.filter(clinic=clinic, belongs_to=month).order_by(
        "patient__family_name", "patient__given_name", "patient", "last", "code", "pk"
    )


def export_rows(lines: QuerySet[BillingLine]) -> list[dict[str, Any]]:
    """By COLUMNS, as JSON; a number of queries that doesn't grow with the lines."""
    found = list(lines.select_related("patient", "practitioner", "approval__by"))
    patients = {line.patient_id for line in found}
    coverages = rows_by_patient(Coverage.objects.valid().filter(patient__in=patients))
    orders = rows_by_patient(MonitoringOrder.objects.valid().filter(patient__in=patients).order_by("ordered_on", "pk"))
    claims = newest_claim_steps([line.approval_id for line in found if line.approval_id])
    return [
        export_row(line, coverages[line.patient_id], orders[line.patient_id], claims.get(line.approval_id or 0))
        for line in found
    ]


def rows_by_patient(rows: Iterable[Any]) -> Mapping[uuid.UUID, list[Any]]:
    found: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.patient_id].append(row)
    return found


def export_row(
    line: BillingLine, coverages: Sequence[Coverage], orders: Sequence[MonitoringOrder], claim: LineStep | None
) -> dict[str, Any]:
    patient, approval, day = line.patient, line.approval, line.date_of_service
    covered = [row for row in coverages if row.started_on <= day and (row.ended_on is None or day <= row.ended_on)]
    ordered = [row for row in orders if row.ordered_on <= day]
    in_force = ordered[-1] if ordered and (ordered[-1].ended_on is None or day <= ordered[-1].ended_on) else None
    return {
        "month": f"{line.belongs_to:%Y-%m}",
        "patient_id": str(patient.pk),
        "family_name": patient.family_name,
        "given_name": patient.given_name,
        "birth_date": patient.birth_date.isoformat(),
        "mrn": patient.mrn,
        "payer": line.payer,
        "member_id": covered[-1].member_id if covered else "",
        "programme": line.programme,
        "code": line.code,
        "units": line.units,
        **{name: getattr(line, name).isoformat() for name in ("first", "last", "date_of_service")},
        "status": line.status,
        "because": list(line.because),
        "cautions": list(line.cautions),
        "days": len(line.days),
        "minutes": line.minutes,
        "practitioner": line.practitioner.name if line.practitioner else "",
        "npi": line.practitioner.npi if line.practitioner else "",
        "diagnoses": list(in_force.diagnoses) if in_force else [],
        "approved_at": approval.at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if approval else "",
        "approved_by": str(approval.by) if approval else "",
        "evidence_hash": approval.evidence_hash if approval else "",
        "claim": claim.kind if claim else "",
        "differs_now": line_words.describe_difference(line),
    }


def export_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    return write_csv(COLUMNS, csv_cells(rows))


def csv_cells(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[str | int]]:
    """Lists with a space between, what is missing empty."""
    for row in rows:
        yield [" ".join(cell) if isinstance(cell, list) else "" if cell is None else cell for cell in row.values()]

"""Evidence packs of billing lines: of approvals as they were frozen, of other lines as drafts, as JSON and as PDF."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from measurements.billing.engine.evaluation import evaluate
from measurements.billing.engine.lines import Bill, Line
from measurements.billing.evidence.content import evidence_content, evidence_hash
from measurements.billing.evidence.pack_sections import pack_sections
from measurements.billing.evidence.recorded import recorded_rows
from measurements.billing.models import BillingLine, EvidenceFile, LineApproval
from measurements.billing.stored_facts.facts_loader import build_facts, load_rows
from measurements.billing.stored_lines.approved_lines import load_approved_lines
from measurements.documents.pdf import compile_pdf
from patients.models import Clinic, User

TEMPLATE = "billing/evidence.typ"


@dataclass(frozen=True)
class Pack:
    """`sha256`: of the canonical JSON of `content`. A draft was approved by no one and may be another one tomorrow."""

    content: Mapping[str, Any]
    sha256: str
    is_draft: bool = False

    @property
    def name(self) -> str:
        """Of a file: without the patient's name."""
        line = self.content["line"]
        return f"evidence-{line['code']}-{line['first']}" + ("-draft" if self.is_draft else "")


def approved_pack(approval: LineApproval) -> Pack:
    return Pack(approval.evidence, approval.evidence_hash)


def draft_pack(row: BillingLine, *, by: User, now: dt.datetime) -> Pack | None:
    """As the facts are at `now`; None where the line isn't reached, or no longer."""
    rows = load_rows([row.patient])
    facts = build_facts(rows, row.patient)
    approved = load_approved_lines([row.patient_id]).get(row.patient_id, {})
    bill = evaluate(facts, now, months=[row.first.replace(day=1)], stored=[one.line for one in approved.values()])
    line = find_row(bill, row)
    if line is None:
        return None
    recorded = recorded_rows(rows, row.patient, facts, by=by, statement="")
    content = {**evidence_content(facts, line, now, recorded), "draft": True}
    return Pack(content, evidence_hash(content), is_draft=True)


def find_row(bill: Bill, row: BillingLine) -> Line | None:
    lines = (*bill.setups, *bill.windows, *(one for month in bill.months for one in month.lines), *bill.requested)
    key = (row.kind, row.programme, row.first, row.code)
    found = (one for one in lines if (str(one.kind), str(one.programme), one.first, one.code) == key)
    return next(found, None)


def pack_json(packs: Iterable[Pack]) -> list[dict[str, Any]]:
    """With the hash beside the content that it is of."""
    return [{"sha256": pack.sha256, "evidence": pack.content} for pack in packs]


def json_bytes(found: Any) -> bytes:
    return json.dumps(found, sort_keys=True, indent=1, ensure_ascii=False).encode()


def write_pdf(packs: Sequence[Pack], clinic: Clinic, *, created_at: dt.datetime) -> bytes:
    """Each pack begins on a page of its own. Raises DocumentError."""
    data = {
        "clinic": clinic.name,
        "packs": [
            {
                "name": pack.content["patient"].get("name", ""),
                "born": pack.content["patient"].get("birth_date", ""),
                "mrn": pack.content["patient"].get("mrn", ""),
                "member": pack.content["patient"].get("member_ids", ""),
                "code": pack.content["line"]["code"],
                "sha256": pack.sha256,
                "draft": pack.is_draft,
                "sections": pack_sections(pack.content),
            }
            for pack in packs
        ],
    }
    return compile_pdf(TEMPLATE, data, created_at=created_at)


@transaction.atomic
def approved_pdf(approval: LineApproval, clinic: Clinic) -> bytes:
    """Made once, dated with the approval, and the same bytes from then on, whatever a later program would print."""
    locked = LineApproval.objects.select_for_update().get(pk=approval.pk)
    stored = EvidenceFile.objects.filter(approval=locked).first()
    if stored is None:
        content = write_pdf([approved_pack(locked)], clinic, created_at=locked.at)
        stored = EvidenceFile.objects.create(approval=locked, content=content)
    return bytes(stored.content)

"""Rows behind a patient's facts that evidence copies in by value: names, texts, serial numbers, corrections."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache

from django.conf import settings

from measurements.billing.engine.facts import Facts
from measurements.billing.evidence.content import Recorded
from measurements.billing.stored_facts.facts_loader import StoredRows
from patients.models import Patient, User
from patients.time_sessions.models import TimeSession


@cache
def program_version() -> str:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def recorded_rows(rows: StoredRows, patient: Patient, facts: Facts, *, by: User, statement: str) -> Recorded:
    """Two queries: names of people, and corrections of sessions."""
    pk = patient.pk
    orders = rows.recorded.orders.get(pk, ())
    return Recorded(
        patient={
            "name": patient.name,
            "birth_date": patient.birth_date.isoformat(),
            "mrn": patient.mrn,
            "member_ids": ", ".join(row.member_id for row in rows.recorded.coverages.get(pk, ()) if row.member_id),
        },
        people=people_names({by.pk, *named_people(facts)}),
        practitioners={str(row.practitioner_id): row.practitioner.name for row in orders},
        wordings={row.wording.version: row.wording.text for row in rows.recorded.consents.get(pk, ()) if row.wording},
        devices=device_texts(rows, patient),
        sessions={str(row.pk): session_texts(row) for row in rows.sessions.get(pk, ()) if row.patient_id == pk},
        approval={"by": str(by), "statement": statement},
        corrections=corrections(patient),
        program_version=program_version(),
    )


def named_people(facts: Facts) -> Iterable[int]:
    names = {
        *(session.person for session in facts.sessions),
        *(contact.by for contact in facts.contacts),
        *(consent.by for consent in facts.consents),
        *(row.by for row in facts.education),
        *(row.by for row in facts.exclusions),
        *(approval.by for approval in facts.approvals),
    }
    return {int(name) for name in names if name}


def people_names(ids: Iterable[int]) -> Mapping[str, str]:
    return {str(pk): name for pk, name in User.objects.filter(pk__in=list(ids)).values_list("pk", "name")}


def device_texts(rows: StoredRows, patient: Patient) -> Mapping[str, Mapping[str, str]]:
    return {
        str(row.device_id): {
            "sensor": row.device.sensor_id,
            "shipped": row.device.shipped_on.date().isoformat() if row.device.shipped_on else "",
        }
        for row in rows.assignments.get(patient.pk, ())
    }


def session_texts(row: TimeSession) -> Mapping[str, str]:
    return {"done": row.done, "decided": row.decided, "why_typed": row.why_typed}


def corrections(patient: Patient) -> list[Mapping[str, str]]:
    """Sessions that were withdrawn or replaced, with who did so and why."""
    withdrawn = TimeSession.objects.filter(patient=patient, withdrawn_at__isnull=False).select_related("withdrawn_by")
    return [
        {
            "session": str(row.pk),
            "at": row.withdrawn_at.isoformat() if row.withdrawn_at else "",
            "by": str(row.withdrawn_by or ""),
            "reason": row.withdrawn_reason,
        }
        for row in withdrawn.order_by("pk")
    ]

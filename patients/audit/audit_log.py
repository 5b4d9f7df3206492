"""Writer of audit events. Call it inside the transaction of the audited action, so that both commit or neither."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from patients.models import AuditEvent
from patients.models.audit import AuditAction

if TYPE_CHECKING:
    from patients.models import Clinic, User


@dataclass(frozen=True)
class AuditContext:
    """The client's address behind the trusted proxies, and the route's name."""

    address: str | None = None
    route: str = ""


EMPTY_AUDIT_CONTEXT = AuditContext()  # a worker, a command

# Set per request by `patients.accounts.middleware`. The actor is always passed as an argument.
audit_context: ContextVar[AuditContext] = ContextVar("origin", default=EMPTY_AUDIT_CONTEXT)


def record_event(
    action: AuditAction,
    *,
    by: User | None,
    patients: Iterable[uuid.UUID] = (),
    clinic: Clinic | None = None,
    target: str = "",
    **details: Any,
) -> AuditEvent:
    """`details` may hold names of fields, counts, opaque ids and days on which an act takes effect; never a patient's
    data."""
    where = audit_context.get()
    return AuditEvent.objects.create(
        action=action,
        actor_id=by.pk if by else None,
        actor_email=by.email if by else "",
        actor_role=by.role if by else "",
        clinic_id=clinic.pk if clinic else None,
        patient_ids=list(patients),
        target=target,
        address=where.address,
        route=where.route,
        details=details,
    )

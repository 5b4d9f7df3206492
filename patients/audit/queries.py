"""Audit queries: who viewed a patient, what a user viewed, in pages by an indexed key.

Only about patients and users of the asking user's own clinics.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from patients.models import AuditEvent, Patient, User
from patients.models.audit import AuditAction

OPENED, LISTED = "opened", "listed"
MAX_NAMED_PATIENTS = 3  # patients of one row that are shown by name


@dataclass(frozen=True)
class AuditQuery:
    """At least one of `patient` and `actor`. Days are whole, both ends included, in `zone`."""

    patient: Patient | None = None
    actor: User | None = None
    action: str = ""  # an AuditAction, OPENED or LISTED
    since: dt.date | None = None
    until: dt.date | None = None
    zone: str = "UTC"

    @property
    def rows(self) -> QuerySet[AuditEvent]:
        """Newest first."""
        if self.patient is None and self.actor is None:
            return AuditEvent.objects.none()
        found = AuditEvent.objects.order_by("-at", "-pk")
        if self.patient is not None:
            found = found.filter(patient_ids__contains=[self.patient.pk])
        if self.actor is not None:
            found = found.filter(actor_id=self.actor.pk)
        if self.action in (OPENED, LISTED):
            listed = Q(action__in=AuditAction.listings())
            found = found.filter(listed if self.action == LISTED else ~listed)
        elif self.action:
            found = found.filter(action=self.action)
        return found.filter(self.date_filter())

    def date_filter(self) -> Q:
        zone, wanted = ZoneInfo(self.zone), Q()
        if self.since:
            wanted &= Q(at__gte=dt.datetime.combine(self.since, dt.time(), zone))
        if self.until:
            wanted &= Q(at__lt=dt.datetime.combine(self.until + dt.timedelta(days=1), dt.time(), zone))
        return wanted


@dataclass(frozen=True)
class AuditCursor:
    """Key of a page's last row: the next page starts after it, however many rows are added meanwhile."""

    at: dt.datetime
    pk: int

    @classmethod
    def parse_cursor(cls, text: str) -> AuditCursor | None:
        at, _, pk = text.partition("|")
        try:
            place = cls(dt.datetime.fromisoformat(at), int(pk) if pk.isascii() else 0)
        except ValueError:
            return None
        return place if place.at.tzinfo and 0 < place.pk < 2**63 else None

    def __str__(self) -> str:
        return f"{self.at.isoformat()}|{self.pk}"


@dataclass(frozen=True)
class AuditPage:
    rows: Sequence[AuditEvent]
    visible_patients: dict[uuid.UUID, Patient]  # of own clinics; the others stay ids
    next: AuditCursor | None


def fetch_audit_page(query: AuditQuery, *, by: User, cursor: AuditCursor | None, size: int) -> AuditPage:
    found = query.rows
    if cursor:
        found = found.filter(Q(at__lte=cursor.at) & ~Q(at=cursor.at, pk__gte=cursor.pk))
    rows = list(found[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    named = {pk for row in rows for pk in row.patient_ids[:MAX_NAMED_PATIENTS]}
    visible = Patient.objects.visible_to(by).in_bulk(named) if named else {}
    return AuditPage(rows, visible, AuditCursor(rows[-1].at, rows[-1].pk) if more else None)

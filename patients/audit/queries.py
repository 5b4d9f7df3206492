"""Looking back: who viewed this patient, what did this person view. Read in pages by a key that an index holds.

Whose question it is decides what may be asked: about patients of own clinics, and people of own clinics.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from patients.models import AuditEvent, Patient, User

MOST_NAMED = 3  # patients of one row that are shown by name


@dataclass(frozen=True)
class Question:
    """At least one of `patient` and `actor`. Days are whole, both ends included, in `zone`."""

    patient: Patient | None = None
    actor: User | None = None
    action: str = ""
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
        if self.action:
            found = found.filter(action=self.action)
        return found.filter(self._within())

    def _within(self) -> Q:
        zone, wanted = ZoneInfo(self.zone), Q()
        if self.since:
            wanted &= Q(at__gte=dt.datetime.combine(self.since, dt.time(), zone))
        if self.until:
            wanted &= Q(at__lt=dt.datetime.combine(self.until + dt.timedelta(days=1), dt.time(), zone))
        return wanted


@dataclass(frozen=True)
class Place:
    """The last row of a page: the next page begins behind it, however many rows have come on top meanwhile."""

    at: dt.datetime
    pk: int

    @classmethod
    def read(cls, text: str) -> Place | None:
        at, _, pk = text.partition("|")
        try:
            place = cls(dt.datetime.fromisoformat(at), int(pk) if pk.isascii() else 0)
        except ValueError:
            return None
        return place if place.at.tzinfo and 0 < place.pk < 2**63 else None

    def __str__(self) -> str:
        return f"{self.at.isoformat()}|{self.pk}"

    @property
    def behind(self) -> Q:
        return Q(at__lte=self.at) & ~Q(at=self.at, pk__gte=self.pk)


@dataclass(frozen=True)
class Page:
    rows: Sequence[AuditEvent]
    named: dict[uuid.UUID, Patient]  # of own clinics; the others stay ids
    next: Place | None


def page_of(question: Question, *, by: User, behind: Place | None, size: int) -> Page:
    found = question.rows.filter(behind.behind) if behind else question.rows
    rows = list(found[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    return Page(rows, named(rows, by=by), Place(rows[-1].at, rows[-1].pk) if more else None)


def named(rows: Iterable[AuditEvent], *, by: User) -> dict[uuid.UUID, Patient]:
    """The first few patients of each row, those whom this person may see."""
    wanted = {pk for row in rows for pk in row.patient_ids[:MOST_NAMED]}
    return Patient.objects.visible_to(by).in_bulk(wanted) if wanted else {}

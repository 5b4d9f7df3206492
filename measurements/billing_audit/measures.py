"""Measures by which auditors select practices (OIG OEI-02-23-00260 and 00261), of a clinic and a month.

Computed from the stored billing lines, enrolments and sessions, by practitioner, with the patients behind each.
"""

from __future__ import annotations

import datetime as dt
import statistics
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from measurements.billing.engine.code_rules import Kind
from measurements.billing.engine.date_ranges import month_of, next_month
from measurements.billing.engine.lines import Caution, Reason, Status
from measurements.billing.models import BillingLine
from measurements.billing_audit.time_measures import TimedSession, TimeMeasures, measure_time
from measurements.local_days import ONE_DAY, local_midnight
from patients.models import Clinic
from patients.programmes.models import ProgrammeEnrolment
from patients.time_sessions.models import Source, TimeSession

MONTHS_BEFORE = 6  # of which the median number of new patients is compared
SPIKE_LEAST, SPIKE_FACTOR = 5, 2
MONTHS_OF_SUPPLY = 3
LINE_COLUMNS = ("kind", "belongs_to", "status", "because", "cautions", "patient__practitioner__name")
BILLABLE = (Status.SUGGESTED, Status.APPROVED)
LONGEST_SESSION = dt.timedelta(days=1)  # a session over the month's first midnight has begun by then


class Measure(StrEnum):
    """Of patients with lines of the month."""

    NO_RELATIONSHIP = "no_relationship"
    SEVERAL_DEVICE_LINES = "several_device_lines"
    SUPPLY_ONLY = "supply_only"
    ATTESTATION = "attestation"


class PersonName(NamedTuple):
    id: int
    name: str


@dataclass
class PractitionerMeasures:
    """`enrolled_before`: new patients in each of the months before, oldest first."""

    name: str
    enrolled: set[uuid.UUID] = field(default_factory=set)
    enrolled_before: list[int] = field(default_factory=list)
    billed: set[uuid.UUID] = field(default_factory=set)
    found: dict[Measure, set[uuid.UUID]] = field(default_factory=lambda: defaultdict(set))

    @property
    def usual(self) -> float:
        return statistics.median(self.enrolled_before)

    @property
    def is_spike(self) -> bool:
        """At least 5 new patients, and more than twice the median of the six months before."""
        return len(self.enrolled) >= SPIKE_LEAST and len(self.enrolled) > SPIKE_FACTOR * self.usual


RowOf = Callable[[str | None], PractitionerMeasures]


@dataclass(frozen=True)
class AuditMeasures:
    """`practitioners`: by name; the clinic's patients without one come last, under an empty name."""

    clinic: Clinic
    month: dt.date
    practitioners: Sequence[PractitionerMeasures]
    time: TimeMeasures

    @property
    def patients(self) -> set[uuid.UUID]:
        """All behind any of the figures."""
        found: set[uuid.UUID] = set()
        for row in self.practitioners:
            found |= row.enrolled | row.billed
            found.update(*row.found.values())
        return found


def measure_clinic(clinic: Clinic, month: dt.date) -> AuditMeasures:
    """In a constant number of queries."""
    rows: dict[str, PractitionerMeasures] = {}

    def row_of(name: str | None) -> PractitionerMeasures:
        return rows.setdefault(name or "", PractitionerMeasures(name or ""))

    before = [earlier_month(month, count) for count in range(MONTHS_BEFORE, 0, -1)]
    enrolled_in: dict[str, Counter[dt.date]] = defaultdict(Counter)
    for patient, name, started_on in enrolments(clinic, before[0], month):
        enrolled_in[row_of(name).name][month_of(started_on)] += 1
        if month_of(started_on) == month:
            row_of(name).enrolled.add(patient)
    for name, row in rows.items():
        row.enrolled_before = [enrolled_in[name][earlier] for earlier in before]
    add_line_measures(clinic, month, row_of)
    for row in rows.values():
        row.enrolled_before = row.enrolled_before or [0] * MONTHS_BEFORE
    ordered = sorted(rows.values(), key=lambda row: (not row.name, row.name))
    return AuditMeasures(clinic, month, ordered, measure_time(sessions_of(clinic, month), month, clinic.zone))


def earlier_month(month: dt.date, count: int) -> dt.date:
    """Its first day, so many months before."""
    for _ in range(count):
        month = month_of(month - ONE_DAY)
    return month


def enrolments(clinic: Clinic, first: dt.date, month: dt.date) -> Iterable[tuple[uuid.UUID, str | None, dt.date]]:
    """Patient, practitioner, first day: a patient's first enrolment in any programme of these months."""
    found = ProgrammeEnrolment.objects.valid().filter(
        patient__clinic=clinic, started_on__gte=first, started_on__lt=next_month(month)
    )
    ordered = found.order_by("patient_id", "started_on").distinct("patient_id")
    return ordered.values_list("patient_id", "patient__practitioner__name", "started_on")


def add_line_measures(clinic: Clinic, month: dt.date, row_of: RowOf) -> None:
    """From lines with a code; one without has not reached anything that could be claimed."""
    first = earlier_month(month, MONTHS_OF_SUPPLY - 1)
    rows = BillingLine.objects.filter(clinic=clinic, belongs_to__gte=first, belongs_to__lte=month).exclude(code="")
    lines = list(rows.select_related("patient__practitioner").only(*LINE_COLUMNS))
    managed = {line.patient_id for line in lines if line.kind == Kind.MONTH and line.status in BILLABLE}
    of_month = [line for line in lines if line.belongs_to == month]
    billed = [line for line in of_month if line.status in BILLABLE]
    device_lines = Counter(line.patient_id for line in billed if line.kind == Kind.PERIOD)
    for line in billed:
        row_of(line.patient.provider).billed.add(line.patient_id)
    for line in of_month:
        found = row_of(line.patient.provider).found
        for measure, is_found in (
            (Measure.NO_RELATIONSHIP, Reason.RELATIONSHIP in line.because),
            (Measure.ATTESTATION, Reason.OTHER_PRACTICE in line.because or Caution.NO_ATTESTATION in line.cautions),
            (Measure.SEVERAL_DEVICE_LINES, device_lines[line.patient_id] > 1),
            (Measure.SUPPLY_ONLY, device_lines[line.patient_id] and line.patient_id not in managed),
        ):
            if is_found:
                found[measure].add(line.patient_id)


def sessions_of(clinic: Clinic, month: dt.date) -> list[TimedSession]:
    start, end = local_midnight(month, clinic.zone), local_midnight(next_month(month), clinic.zone)
    ended = TimeSession.objects.valid().filter(
        patient__clinic=clinic,
        started_at__gte=start - LONGEST_SESSION,
        started_at__lt=end,
        ended_at__gt=start,
    )
    columns = ("pk", "person_id", "person__name", "patient_id", "started_at", "ended_at", "source")
    return [
        TimedSession(pk, PersonName(person, name), patient, start, end, is_typed=source == Source.TYPED)
        for pk, person, name, patient, start, end, source in ended.values_list(*columns)
    ]

"""Command `prepare_demo_billing`: last month's and this month's billing of the demo's first clinic, in each state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from fulfillment.management.commands import _demo_staff
from measurements.billing.approvals import approve_lines, candidates
from measurements.billing.claim_steps import record_step
from measurements.billing.computation import compute_due_batch, mark_changed_patients_due
from measurements.billing.engine.date_ranges import month_of
from measurements.billing.engine.lines import Status
from measurements.billing.management.commands import _demo_billing_facts, _demo_billing_time
from measurements.billing.management.commands._demo_billing_cases import CASES
from measurements.billing.models import BillingLine, LineApproval, StepKind
from measurements.billing.models.line_approval import STEPS_WITH_REASON
from measurements.local_days import ONE_DAY
from patients.models import Patient, User
from patients.programmes.models import ConsentWording
from patients.time_sessions.approvals import approve_time

STAFF = ("nadia", "omar", "cora")
DAYS_BEFORE_MONTH = 20  # the first window of 30 days ends about the 10th
REASONS = {
    StepKind.DENIED: "The payer has another member ID on file: sent again with the card's copy.",
    StepKind.WRITTEN_OFF: "The patient was promised that nothing is billed for the first month.",
}


class Command(BaseCommand):
    help = "Fill the demo's billing after `prepare_demo_alerts`. Refused outside the demo."

    def handle(self, **_: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This works on invented people. It runs in the demo only (DEMO=1).")
        if not ConsentWording.objects.filter(version=_demo_billing_facts.WORDING_VERSION).exists():
            prepare_billing()


@transaction.atomic
def prepare_billing() -> None:
    """All or nothing: a wording of consent that exists means that it was done."""
    staff = {name: User.objects.get(email=_demo_staff.demo_email(name)) for name in STAFF}
    clinic = staff["cora"].clinics.get()
    now = timezone.now()
    month = month_of(month_of(timezone.localdate(timezone=clinic.zone)) - ONE_DAY)
    names = {case.family_name for case in CASES}
    enrolled = Patient.objects.visible_to(staff["cora"]).enrolled().select_related("clinic")
    patients = {patient.family_name: patient for patient in enrolled if patient.family_name in names}
    first = month - ONE_DAY * DAYS_BEFORE_MONTH
    provider = _demo_billing_facts.prepare_people(staff, clinic, first - _demo_billing_facts.YEAR)
    payers, wording = _demo_billing_facts.prepare_rules(month)
    for case in CASES:
        if patient := patients.get(case.family_name):
            _demo_billing_facts.record_facts(
                case, patient, first, staff=staff, provider=provider, payer=payers[case.payer], wording=wording
            )
    _demo_billing_time.record_last_month(patients, staff["nadia"], month)
    _demo_billing_time.record_this_month(patients, staff["nadia"], now)
    _demo_billing_time.type_other_time(patients, staff["nadia"], month, now)
    approve_cases(patients, staff["omar"], month, now)
    record_claims(patients, staff["cora"])
    _demo_billing_time.type_after_approval(patients, staff["nadia"], month, now)
    compute_lines()


def compute_lines() -> None:
    mark_changed_patients_due()
    while compute_due_batch():
        pass


def approve_cases(patients: Mapping[str, Patient], by: User, month: dt.date, now: dt.datetime) -> None:
    """Time of the month, and then all lines that are ready."""
    chosen = [case for case in CASES if case.family_name in patients]
    for case in chosen:
        if case.has_time_approved or case.steps is not None:
            approve_time(patient=patients[case.family_name], month=month, by=by, now=now)
    compute_lines()
    approved = [patients[case.family_name].pk for case in chosen if case.steps is not None]
    suggested = BillingLine.objects.filter(patient__in=approved, belongs_to=month, status=Status.SUGGESTED)
    found = candidates(list(suggested.select_related("practitioner", "patient__billing_state")), by)
    ready = [one for one in found if not one.refusal]
    approve_lines(lines=[one.line for one in ready], seen={one.seen for one in ready}, by=by)


def record_claims(patients: Mapping[str, Patient], by: User) -> None:
    for case in CASES:
        if case.steps and (patient := patients.get(case.family_name)):
            for approval in LineApproval.objects.of_patients([patient.pk]):
                for kind in case.steps:
                    reason = REASONS[kind] if kind in STEPS_WITH_REASON else ""
                    record_step(approval=approval, kind=kind, reason=reason, by=by)

"""Approval of a patient's time in a month."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Q

from patients.models import Patient, User
from patients.programmes.changes import touch_billing
from patients.programmes.models import BillingPractitioner
from patients.time_sessions.models import TimeApproval


@transaction.atomic
def approve_time(*, patient: Patient, month: dt.date, by: User, now: dt.datetime) -> TimeApproval:
    """The approval in force: this one, or the one that was there already."""
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    in_force = TimeApproval.objects.valid().filter(patient=patient, month=month).first()
    touch_billing([patient.pk])
    return in_force or TimeApproval.objects.create(patient=patient, month=month, approved_by=by, approved_at=now)


def is_billing_practitioner(person: User, day: dt.date) -> bool:
    periods = BillingPractitioner.objects.valid().filter(person=person, started_on__lte=day)
    return periods.filter(Q(ended_on__isnull=True) | Q(ended_on__gte=day)).exists()

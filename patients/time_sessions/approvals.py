"""Approval of a patient's time in a month."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from patients.models import Patient, User
from patients.programmes.changes import touch_billing
from patients.time_sessions.models import TimeApproval


@transaction.atomic
def approve_time(*, patient: Patient, month: dt.date, by: User, now: dt.datetime) -> TimeApproval:
    """The approval in force: this one, or the one that was there already."""
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    in_force = TimeApproval.objects.valid().filter(patient=patient, month=month).first()
    touch_billing([patient.pk])
    return in_force or TimeApproval.objects.create(patient=patient, month=month, approved_by=by, approved_at=now)

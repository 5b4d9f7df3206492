"""What follows from a change of a patient's time: its lines are due, the approval of its month is withdrawn."""

from __future__ import annotations

import datetime as dt

from patients.models import Patient, User
from patients.programmes.changes import touch_billing
from patients.time_sessions.models import TimeApproval, TimeSession


def record_change(session: TimeSession, *, now: dt.datetime, by: User, reason: str) -> None:
    """Call it in the transaction of the change. A session without any second changes no month."""
    end = session.ended_at or now
    if end > session.started_at:
        Patient.objects.select_for_update(no_key=True).get(pk=session.patient_id)
        touch_billing([session.patient_id])
        zone = session.patient.clinic.zone
        months = {day.astimezone(zone).date().replace(day=1) for day in (session.started_at, end)}
        approvals = TimeApproval.objects.valid().filter(patient=session.patient_id, month__in=months)
        approvals.update(withdrawn_at=now, withdrawn_by=by, withdrawn_reason=reason)

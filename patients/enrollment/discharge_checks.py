"""What has to be settled before a patient is discharged; apps to the right register their checks."""

from __future__ import annotations

from collections.abc import Callable

from patients.models import Patient, User

# (patient, by, reason) raises ValidationError by field. Called before the patient is locked.
DischargeCheck = Callable[[Patient, User, str], None]
registered: list[DischargeCheck] = []


def register_discharge_check(check: DischargeCheck) -> None:
    registered.append(check)


def check_discharge(patient: Patient, *, by: User, reason: str) -> None:
    if patient.discharged_at is None:
        for check in registered:
            check(patient, by, reason)

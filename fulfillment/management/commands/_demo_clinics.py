"""Contact data, working hours and the person on call of the demo's clinics."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from patients.models import Clinic, ClinicClosedDay, ClinicHours, User
from patients.models.choices import FederalHoliday

CLOSED_TODAY = "Harbor Family Medicine"
PHONES = {"Elm Street Cardiology": "+16035550142", "Harbor Family Medicine": "+13125550142"}


def describe_demo_clinics(clinics: dict[str, Clinic], coordinators: dict[str, User]) -> None:
    """Only those without working hours, so that what a person has typed stays."""
    for name, clinic in clinics.items():
        if clinic.hours.exists():
            continue
        clinic.phone, clinic.federal_holidays = PHONES.get(name, ""), list(FederalHoliday.values)
        clinic.on_call, clinic.on_call_phone = coordinators.get(name), clinic.phone
        clinic.save(update_fields=["phone", "federal_holidays", "on_call", "on_call_phone"])
        ClinicHours.objects.bulk_create(
            ClinicHours(clinic=clinic, weekday=weekday, opens_at=dt.time(8), closes_at=dt.time(17))
            for weekday in range(5)
        )
        if name == CLOSED_TODAY:
            today = timezone.localdate(timezone=clinic.zone)
            ClinicClosedDay.objects.create(clinic=clinic, day=today, name="Staff training")

"""History of a clinic: what it was before and after a change, as text, and who changed it."""

from __future__ import annotations

from patients.models import Clinic, ClinicChange, User
from patients.us_states import time_zone_label
from patients.validators import format_phone


def describe_clinic(clinic: Clinic) -> dict[str, str]:
    """Text of each field by its label, as stored now."""
    return {
        "name": clinic.name,
        "time zone": time_zone_label(clinic.time_zone),
        "a day's weight": clinic.get_day_weight_display(),
        "seconds without input until time stops": str(clinic.time_idle_seconds),
        "phone": format_phone(clinic.phone),
        "address": clinic.address,
        "patients' e-mail addresses go to the vendor": "yes" if clinic.sends_email else "no",
        "person on call": str(clinic.on_call or ""),
        "phone of the person on call": format_phone(clinic.on_call_phone),
        "clinicians who change alert rules": ", ".join(map(str, clinic.rule_editors.order_by("name", "pk"))),
        "working hours": "; ".join(map(str, clinic.hours.all())),
        "US federal holidays": clinic.get_federal_holidays_display(),
        "other closed days": "; ".join(map(str, clinic.closed_days.all())),
    }


def record_changes(clinic: Clinic, *, before: dict[str, str], by: User) -> list[ClinicChange]:
    """Write what differs between `before` and now; call it in the transaction of the change."""
    after = describe_clinic(Clinic.objects.get(pk=clinic.pk))
    return ClinicChange.objects.bulk_create(
        ClinicChange(clinic=clinic, field=label, before=text, after=after[label], by=by)
        for label, text in before.items()
        if text != after[label]
    )

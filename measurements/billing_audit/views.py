"""Page of the measures of a billing audit: a clinic's month, and the patients behind each figure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from measurements.billing_audit.forms import AuditForm
from measurements.billing_audit.measures import AuditMeasures, Measure, measure_clinic
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, has_permission, requires_permission

MEASURE_WORDS = {
    Measure.NO_RELATIONSHIP: (
        "No earlier visit",
        "Lines refused because no visit before monitoring began is on file.",
    ),
    Measure.SEVERAL_DEVICE_LINES: (
        "Several device lines",
        "Two periods of 30 days may end in one month; more than one device never adds a line.",
    ),
    Measure.SUPPLY_ONLY: (
        "Never managed",
        "Devices billed: a device line in the month, and no line for time in it or the two months before.",
    ),
    Measure.ATTESTATION: (
        "No attestation",
        "No attestation is on file that no other practice bills, or one says that another does.",
    ),
}


@dataclass(frozen=True)
class Figure:
    """`names`: (patient's id, name) of those behind it that the user may see, by name."""

    label: str
    count: int
    names: list[tuple[uuid.UUID, str]]
    is_odd: bool = False
    note: str = ""


@requires_permission(Permission.VIEW_BILLING_AUDIT)
@require_safe
def audit_page(request: HttpRequest) -> HttpResponse:
    """Its month is in the address: it is a clinic's, of no patient."""
    user = current_user(request)
    clinics = list(user.clinics.all())
    form = AuditForm(request.GET.dict(), clinics=clinics, now=timezone.now()) if clinics else None
    if form is None or not form.is_valid():
        return render(request, "billing_audit/audit_page.html", {"form": form, "measures": None})
    measures = measure_clinic(form.chosen_clinic, form.cleaned_data["month"])
    names = fetch_names(measures, user)
    audit_log.record_event(
        AuditAction.LIST,
        by=user,
        clinic=measures.clinic,
        target="billing_audit",
        patients=sorted(names),
        month=f"{measures.month:%Y-%m}",
    )
    context = {
        "form": form,
        "measures": measures,
        "practitioners": describe_practitioners(measures, names),
        "typed_names": named(set(measures.time.typed_by_patient), names),
        "explanations": MEASURE_WORDS.values(),
        "shows_patients": may_see_patients(user),
    }
    return render(request, "billing_audit/audit_page.html", context)


def may_see_patients(user: User) -> bool:
    """Administrators see totals without patients."""
    return has_permission(user, Permission.VIEW_PATIENTS)


def fetch_names(measures: AuditMeasures, user: User) -> dict[uuid.UUID, str]:
    if not may_see_patients(user):
        return {}
    ids = measures.patients.union(measures.time.typed_by_patient)
    return {pk: patient.list_name for pk, patient in Patient.objects.visible_to(user).in_bulk(list(ids)).items()}


def named(patients: set[uuid.UUID], names: dict[uuid.UUID, str]) -> list[tuple[uuid.UUID, str]]:
    return sorted(((pk, names[pk]) for pk in patients if pk in names), key=lambda found: found[1])


def describe_practitioners(measures: AuditMeasures, names: dict[uuid.UUID, str]) -> list[tuple[str, list[Figure]]]:
    """(practitioner, figures), each list of figures in the same order."""
    return [
        (
            row.name or "No provider",
            [
                Figure(
                    "New patients",
                    len(row.enrolled),
                    named(row.enrolled, names),
                    is_odd=row.is_spike,
                    note=f"usually {row.usual:g}",
                ),
                Figure("Patients with a line", len(row.billed), []),
                *(
                    Figure(label, len(row.found[measure]), named(row.found[measure], names), bool(row.found[measure]))
                    for measure, (label, _) in MEASURE_WORDS.items()
                ),
            ],
        )
        for row in measures.practitioners
    ]

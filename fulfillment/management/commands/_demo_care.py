"""Care teams, an absence, notes and contacts of the demo, by the functions of the pages."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from fulfillment import order_notes
from fulfillment.management.commands._demo_staff import ELM, HARBOR
from fulfillment.models import Order
from patients.care import absences, notes, team
from patients.care.models import CareTeamMember
from patients.models import Patient, User

UNASSIGNED = 3  # patients of the first clinic without a responsible clinician


def create_demo_care(staff: dict[str, User], people: dict[str, list[Patient]]) -> None:
    """Once: an existing care team means that it was done. Two clinicians share the first clinic's patients."""
    if CareTeamMember.objects.exists():
        return
    by_clinic = {
        clinic: list(Patient.objects.visible_to(staff[by]).order_by("family_name", "pk"))
        for clinic, by in ((ELM, "cora"), (HARBOR, "carmen"))
    }
    assigned = by_clinic[ELM][UNASSIGNED:]
    for name, by, patients in (
        ("nadia", "cora", assigned[::2]),
        ("omar", "cora", assigned[1::2]),
        ("olaf", "carmen", by_clinic[HARBOR]),
    ):
        if patients:
            ids = [patient.pk for patient in patients]
            team.assign_responsible(patients=ids, user=staff[name], by=staff[by], clinic=patients[0].clinic)
    create_absence(staff, assigned[0])
    create_contacts(staff, assigned)
    create_order_contact(staff["cora"], people["confirmable_address"][0])


def create_absence(staff: dict[str, User], patient: Patient) -> None:
    today = timezone.localdate(timezone=patient.clinic.zone)
    absences.plan_absence(
        clinic=patient.clinic,
        user=staff["omar"],
        first_day=today,
        last_day=today + dt.timedelta(days=4),
        cover=staff["nadia"],
        by=staff["omar"],
    )


def create_contacts(staff: dict[str, User], patients: list[Patient]) -> None:
    """Calls with next steps, one of them due today, and a corrected note."""
    today = timezone.localdate(timezone=patients[0].clinic.zone)
    ago = dt.timedelta(hours=3)
    contacts: list[tuple[str, dict[str, Any]]] = [
        ("cora", {"kind": "call", "outcome": "left_message", "text": "Rang about the first measurement.",
                  "next_step": "Call again and help with the cuff", "next_step_on": today}),
        ("nadia", {"kind": "call", "outcome": "reached", "is_live": True, "text": "Feels well, measures at 7 AM.",
                   "next_step": "Ask about swollen ankles", "next_step_on": today + dt.timedelta(days=7)}),
        ("nadia", {"kind": "visit", "outcome": "reached", "is_live": True, "contact_with": "caregiver",
                   "text": "Daughter was there; showed both how to wear the cuff."}),
        ("cora", {"kind": "call", "outcome": "wrong_number", "text": "This number belongs to another family."}),
    ]  # fmt: skip
    for patient, (name, fields) in zip(patients, contacts, strict=False):
        notes.create_note(patient=patient, by=staff[name], happened_at=timezone.now() - ago, **fields)
    written = notes.create_note(patient=patients[0], by=staff["nadia"], text="Prefers calls after 5 PM.")
    notes.correct_note(note=written, by=staff["nadia"], version_number=1, text="Prefers calls before 5 PM.")


def create_order_contact(by: User, patient: Patient) -> None:
    order = Order.objects.get(patient=patient)
    note = notes.create_note(
        patient=patient,
        by=by,
        kind="call",
        outcome="no_answer",
        next_step="Ask for the right ZIP code",
        next_step_on=timezone.localdate(timezone=patient.clinic.zone),
    )
    order_notes.link_note(order, note)

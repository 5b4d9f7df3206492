"""Views of care teams: patients without a responsible clinician, who cares for how many, and reassignment."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from patients.audit import audit_log
from patients.care import team
from patients.care.forms import AssignForm, ReassignForm
from patients.care.models import CareTeamMember, EndReason
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.lists.sorting import ListColumn
from patients.models import Clinic, Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission
from patients.wording import count_noun

PAGE_SIZE = 50
COLUMNS = tuple(ListColumn(label) for label in ("", "Patient", "Why no clinician is responsible"))
SORT_KEYS = tuple(SortKey(name) for name in ("family_name", "given_name", "pk"))


@dataclass(frozen=True)
class Workload:
    """For how many patients under care a person is responsible, and on how many other teams the person is."""

    name: str
    responsible: int
    others: int


@requires_permission(Permission.EDIT_PATIENTS)
@require_safe
def team_page(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    clinics = list(user.clinics.all())
    forms = {"assign_form": AssignForm(clinics=clinics), "reassign_form": ReassignForm(clinics=clinics)}
    return render_team_page(request, user, clinics, **forms)


@requires_permission(Permission.EDIT_PATIENTS)
@require_POST
def assign_patients(request: HttpRequest) -> HttpResponse:
    """Make a clinician responsible for the ticked patients; those of no own clinic are ignored."""
    user = current_user(request)
    clinics = list(user.clinics.all())
    form = AssignForm(request.POST, clinics=clinics)
    chosen = parse_ids(request.POST.getlist("patients"))
    if form.is_valid() and not chosen:
        form.add_error(None, "Tick the patients first.")
    if form.is_valid():
        clinician = form.cleaned_data["user"]
        try:
            with transaction.atomic():
                rows = Patient.objects.visible_to(user).filter(pk__in=chosen).values_list("clinic", flat=True)
                counts = [
                    team.assign_responsible(patients=chosen, user=clinician, by=user, clinic=clinic)
                    for clinic in Clinic.objects.filter(pk__in=set(rows)).order_by("pk")
                ]
        except ValidationError as error:
            form.add_error("user", error.messages)
        else:
            messages.success(request, f"{clinician} is responsible for {count_noun(sum(counts), 'more patient')}.")
            return redirect("care:team")
    return render_team_page(
        request, user, clinics, assign_form=form, reassign_form=ReassignForm(clinics=clinics), chosen=chosen
    )


@requires_permission(Permission.EDIT_PATIENTS)
@require_POST
def reassign_patients(request: HttpRequest) -> HttpResponse:
    """Ask with the number of patients, then give all of one person's patients to another one."""
    user = current_user(request)
    clinics = list(user.clinics.all())
    form = ReassignForm(request.POST, clinics=clinics)
    if not form.is_valid():
        return render_team_page(request, user, clinics, assign_form=AssignForm(clinics=clinics), reassign_form=form)
    leaving, taking = form.cleaned_data["leaving"], form.cleaned_data["user"]
    count = CareTeamMember.objects.open().filter(user=leaving, patient__clinic__in=clinics).count()
    if form.cleaned_data["expected"] != count:
        return render(request, "care/reassign.html", {"leaving": leaving, "taking": taking, "count": count})
    try:
        with transaction.atomic():
            for clinic in clinics:
                team.reassign_patients(leaving=leaving, user=taking, by=user, clinic=clinic)
    except ValidationError as error:
        form.add_error("user", error.messages)
        return render_team_page(request, user, clinics, assign_form=AssignForm(clinics=clinics), reassign_form=form)
    messages.success(request, f"{taking} has the {count_noun(count, 'patient')} of {leaving} now.")
    return redirect("care:team")


def render_team_page(request: HttpRequest, user: User, clinics: Sequence[Clinic], **context: Any) -> HttpResponse:
    visible = Patient.objects.visible_to(user)
    unassigned = visible.enrolled().filter(team.unassigned_condition())
    page = paginate(
        unassigned,
        keys=SORT_KEYS,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=visible,
        rows=visible.select_related("clinic"),
    )
    audit_log.record_event(AuditAction.LIST, by=user, patients=[patient.pk for patient in page.rows])
    reasons = unassigned_reasons(page.rows)
    shown = {
        "page": page,
        "rows": [(patient, reasons[patient.pk]) for patient in page.rows],
        "columns": COLUMNS,
        "workloads": count_workloads(clinics),
        "filter_query": "",
    }
    return render(request, "care/team.html", shown | {"chosen": ()} | context)


def unassigned_reasons(patients: Sequence[Patient]) -> dict[uuid.UUID, str]:
    """Why no clinician is responsible today; one query."""
    reasons = {patient.pk: "None is chosen yet." for patient in patients}
    members = CareTeamMember.objects.responsible().filter(patient__in=patients).select_related("user")
    # A role or clinic that was taken outside of these pages ends no row: like everywhere, that is judged when read.
    members = members.annotate(can_care=Exists(CareTeamMember.objects.current().filter(pk=OuterRef("pk"))))
    for member in members.order_by("started_at", "pk"):  # the newest says why
        if member.ended_at is None and member.can_care:
            reasons[member.patient_id] = f"{member.user} is away today, and no colleague covers."
        elif member.ended_at is None or member.end_reason == EndReason.LEFT:
            reasons[member.patient_id] = f"{member.user} has left or has another role."
        else:
            reasons[member.patient_id] = "None is chosen now."
    return reasons


def count_workloads(clinics: Sequence[Clinic]) -> list[Workload]:
    """Of everyone who may be on a care team; two queries."""
    members = CareTeamMember.objects.current().filter(patient__clinic__in=clinics, patient__discharged_at__isnull=True)
    grouped = members.order_by().values_list("user", "is_responsible").annotate(count=Count("pk"))
    counts = {(user_id, responsible): count for user_id, responsible, count in grouped}
    return [
        Workload(str(user), counts.get((user.pk, True), 0), counts.get((user.pk, False), 0))
        for user in team.candidates(clinics)
    ]


def parse_ids(texts: Sequence[str]) -> list[uuid.UUID]:
    """Ids of ticked patients; what is no id was not on the page."""
    found = []
    for text in texts:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found

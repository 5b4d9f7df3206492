"""Admin of care teams and absences; patients are given to another person by an action with a choice of the person."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline, ScopedAdmin, has_model_permission, viewer
from patients.admin_site.filters import EmptyFieldFilter
from patients.admin_site.optimistic_lock import OptimisticLockAdmin
from patients.admin_site.site import DashboardFigure, DashboardPanel, register_dashboard_panel
from patients.care import absences, team
from patients.care.models import Absence, CareTeamMember
from patients.care.team_fields import PersonField
from patients.models import Clinic, Patient, User
from patients.permissions import current_user
from patients.wording import count_noun


class PersonActionForm(ActionForm):
    """The choice of an action, and of the person that it gives patients to."""

    person = PersonField(required=False, label="To", empty_label="Choose a person…")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person: Any = self.fields["person"]
        person.offer_people_of(list(viewer.get().clinics.all()))


class ResponsibleFilter(admin.SimpleListFilter):
    title, parameter_name = "responsible clinician", "responsible"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", "None today")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Patient]) -> QuerySet[Patient]:
        return rows.enrolled().filter(team.unassigned_condition()) if self.value() else rows  # type: ignore[attr-defined]


class ReassignMixin(ScopedAdmin):
    """Action that gives the patients of the selected rows to a person; `move_patients` of the admin does it."""

    action_form = PersonActionForm

    def has_reassign_permission(self, request: HttpRequest) -> bool:
        return has_model_permission(request, "reassign", CareTeamMember)

    def reassign_selected(self, request: HttpRequest, rows: QuerySet[Any], move: Any) -> None:
        """`move` has the person and the rows of one clinic, and returns a number of patients."""
        try:
            field: Any = PersonActionForm().fields["person"]
            person = field.clean(request.POST.get("person"))
            if person is None:
                raise ValidationError("Choose the person beside the action.")
            by_clinic: dict[Clinic, list[Any]] = defaultdict(list)
            for row in rows:
                by_clinic[row.clinic if hasattr(row, "clinic") else row.patient.clinic].append(row)
            moved = sum(move(person, clinic, chosen) for clinic, chosen in by_clinic.items())
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, f"{count_noun(moved, 'patient')} given to {person}.")


@admin.register(CareTeamMember)
class CareTeamMemberAdmin(ReassignMixin, ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("patient_name", "user", "is_responsible", "started_at", "ended_at", "end_reason")
    list_filter = ("is_responsible", ("ended_at", EmptyFieldFilter), "end_reason")
    list_select_related = ("patient__clinic", "user")
    actions = ("reassign",)

    @admin.action(description="Give these patients to", permissions=["reassign"])
    def reassign(self, request: HttpRequest, rows: QuerySet[CareTeamMember]) -> None:
        by = current_user(request)

        def move(person: User, clinic: Clinic, chosen: list[CareTeamMember]) -> int:
            return team.replace_members(chosen, user=person, by=by, clinic=clinic)

        self.reassign_selected(request, rows.open(), move)  # type: ignore[attr-defined]  # the manager's queryset


class CareTeamInline(ReadOnlyInline):
    """On the page of a patient: who was on the team when."""

    model = CareTeamMember
    fields = ("user", "is_responsible", "started_at", "started_by", "ended_at", "end_reason")
    show_change_link = False


@register_dashboard_panel
def care_team_panel(request: HttpRequest) -> DashboardPanel:
    patients = Patient.objects.visible_to(current_user(request)).enrolled()
    unassigned = patients.filter(team.unassigned_condition()).count()
    away = Absence.objects.visible_to(current_user(request)).today().count()
    lines = [
        DashboardFigure(
            "Patients without a responsible clinician today",
            f"{unassigned:,}",
            f"{reverse('admin:patients_patient_changelist')}?{ResponsibleFilter.parameter_name}=none",
            tone="warn" if unassigned else "ok",
        ),
        DashboardFigure("People away today", str(away), reverse("admin:care_absence_changelist")),
    ]
    return DashboardPanel("Care teams", lines)


class AbsenceForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            absence = Absence(pk=self.instance.pk, **{name: cleaned[name] for name in AbsenceAdmin.fields})
            absences.check_absence(absence)
        return cleaned


@admin.register(Absence)
class AbsenceAdmin(OptimisticLockAdmin):
    clinic_path = "clinic"
    form = AbsenceForm
    list_display = ("user", "first_day", "last_day", "cover", "clinic", "withdrawn_at")
    fields = ("clinic", "user", "first_day", "last_day", "cover")
    actions = ("withdraw",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        own = current_user(request).clinics.all()
        kwargs["queryset"] = own if db_field.name == "clinic" else team.candidates(own)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: bool) -> None:
        if not change:
            obj.planned_by = current_user(request)
        super().save_model(request, obj, form, change)
        absences.record_absence_change(obj, by=current_user(request))

    @admin.action(description="Withdraw: the person isn't away", permissions=["change"])
    def withdraw(self, request: HttpRequest, rows: QuerySet[Absence]) -> None:
        for absence in rows:
            absences.withdraw_absence(absence=absence, by=current_user(request))
        messages.success(request, "Withdrawn.")

"""Admin of audit events: views of patients and actions of users, read only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join

from patients.admin.audit_search import audit_search_page
from patients.admin_site.base import ReadOnlyAdmin, viewer
from patients.admin_site.display import admin_record_link
from patients.admin_site.filters import ActorFilter, PatientFilter, RoleFilter, SeenFilter
from patients.audit import audit_log, display
from patients.models import AuditEvent, Clinic, Patient, User
from patients.permissions import current_user


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    visible_to_superuser = True
    clinic_path = "clinic_id"
    list_display = ("when", "action_label", "actor_label", "patients", "record", "address")
    list_filter = (SeenFilter, "action", RoleFilter, PatientFilter, ActorFilter)
    search_fields = ("target",)
    search_help_text = "A record, such as order:3f2a… or user:12"
    change_list_template = "admin/patients/auditevent/change_list.html"
    fields = (
        "exact_time",
        "action_label",
        "actor_label",
        "role",
        "clinic",
        "patient_names",
        "record",
        "page",
        "address",
        "details_label",
    )

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(audit_search_page)
        return [path("search/", view, name="patients_auditevent_search"), *super().get_urls()]

    def scope(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        """Events of the own clinics, their users' sign-ins, and failed sign-ins of their accounts.

        By lists of ids: within an OR, PostgreSQL would use no index for a subquery.
        """
        clinics = list(user.clinics.values_list("pk", flat=True))
        people = list(User.objects.filter(clinics__in=clinics).values_list("pk", flat=True))
        targets = [f"user:{pk}" for pk in people]
        return rows.filter(Q(clinic_id__in=clinics) | Q(actor_id__in=people) | Q(target__in=targets))

    @admin.display(description="when", ordering="at")
    def when(self, event: AuditEvent) -> dt.datetime:
        return event.at

    @admin.display(description="when")
    def exact_time(self, event: AuditEvent) -> str:
        """To the second, as in the search. Django formats dates of columns only, not of a record's page."""
        return date_format(timezone.localtime(event.at), "M j, Y, g:i:s A")

    @admin.display(description="did")
    def action_label(self, event: AuditEvent) -> str:
        return event.get_action_display()

    @admin.display(description="who")
    def actor_label(self, event: AuditEvent) -> str:
        return event.actor_email or "the product itself"

    @admin.display(description="patients")
    def patients(self, event: AuditEvent) -> str:
        """Only the count; names are on the record's page and in the search."""
        return str(len(event.patient_ids) or "")

    @admin.display(description="record")
    def record(self, event: AuditEvent) -> str:
        return display.target_label(event.target)

    @admin.display(description="role then")
    def role(self, event: AuditEvent) -> str:
        return display.role_label(event.actor_role)

    @admin.display(description="clinic")
    def clinic(self, event: AuditEvent) -> str:
        clinic = Clinic.objects.filter(pk=event.clinic_id).first() if event.clinic_id else None
        return clinic.name if clinic else ""

    @admin.display(description="patients")
    def patient_names(self, event: AuditEvent) -> str:
        """Names of patients of the own clinics, and the count of the others."""
        own = self.visible_patients(event)
        names = [admin_record_link(patient, patient.name) for patient in own]
        others = len(event.patient_ids) - len(own)
        return format_html_join(
            ", ", "{}", ((said,) for said in [*names, *([f"{others} not named"] if others else [])])
        )

    @admin.display(description="page")
    def page(self, event: AuditEvent) -> str:
        return display.page_label(event.route)

    @admin.display(description="details")
    def details_label(self, event: AuditEvent) -> str:
        return display.format_details(event.details)

    def record_view(self, request: HttpRequest, rows: Iterable[Model], *, one: str = "") -> None:
        """A record's page names patients, so viewing it is audited for them; the list only counts them."""
        seen = [patient.pk for row in rows for patient in self.visible_patients(row)] if one else []
        audit_log.record_event(
            self.audit_action(request, one), by=current_user(request), patients=seen, target=self.audit_target(one)
        )

    def visible_patients(self, event: Any) -> list[Patient]:
        own = Patient.objects.visible_to(viewer.get()).filter(pk__in=event.patient_ids)
        return list(own.order_by("family_name", "given_name", "pk"))


def audit_list_link(parameter: str, pk: Any) -> str:
    """To what was opened; what was only listed is one click away."""
    address = f"{reverse('admin:patients_auditevent_changelist')}?{parameter}={pk}&seen={SeenFilter.OPENED}"
    return format_html('<a href="{}">Open the audit</a>', address)

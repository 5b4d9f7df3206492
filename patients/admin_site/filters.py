"""List filters of the admin, by opaque ids, roles and states only, because addresses are logged."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from patients import posted_searches
from patients.models import AuditEvent, Patient, Role
from patients.models.audit import AuditAction
from patients.permissions import current_user


class EmptyFieldFilter(admin.EmptyFieldListFilter):
    """Django's empty-field filter with labels for what empty means."""

    when_empty, when_filled = "Empty", "Not empty"

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            words = str(choice["display"]).replace("Not empty", self.when_filled).replace("Empty", self.when_empty)
            yield {**choice, "display": words}


class DischargedFilter(EmptyFieldFilter):
    when_empty, when_filled = "Under care", "Discharged"


class UserClinicsFilter(admin.RelatedOnlyFieldListFilter):
    """Without a choice for "no clinic": such users are never listed here."""

    include_empty_choice = False


class ClinicFilter(admin.SimpleListFilter):
    """Own clinics; Django's own filter would read all patients to find them."""

    title, parameter_name = "clinic", "clinic"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(clinic.pk), clinic.name) for clinic in current_user(request).clinics.all()]

    def queryset(self, request: HttpRequest, rows: QuerySet[Patient]) -> QuerySet[Patient]:
        value = self.value() or ""
        if not value:
            return rows
        return (
            rows.filter(clinic=int(value)) if value.isascii() and value.isdigit() and len(value) < 10 else rows.none()
        )


class FoundFilter(admin.SimpleListFilter):
    """The rows of a posted search, while its key is in the address."""

    title, parameter_name = "found by", posted_searches.QUERY_NAME

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        searched = posted_searches.find_search(request)
        self.text, self.find_rows = searched["find"] if searched else "", model_admin.find_rows
        return [(request.GET[self.parameter_name], self.text)] if searched else []

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        found: QuerySet[Any] = self.find_rows(rows, self.text)
        return found


class SingleIdFilter(admin.SimpleListFilter):
    """Filters by one opaque id of a link; shown only while it is set."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get(self.parameter_name or "")
        return [(chosen, chosen)] if chosen else []


class PatientFilter(SingleIdFilter):
    title, parameter_name = "patient", "patient"

    def queryset(self, request: HttpRequest, rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        try:
            return rows.filter(patient_ids__contains=[uuid.UUID(self.value())]) if self.value() else rows
        except ValueError:
            return rows.none()


class ActorFilter(SingleIdFilter):
    title, parameter_name = "person", "actor_id"

    def queryset(self, request: HttpRequest, rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        value = self.value() or ""
        if not value:
            return rows
        return rows.filter(actor_id=int(value)) if value.isascii() and value.isdigit() else rows.none()


class SeenFilter(admin.SimpleListFilter):
    """What was opened or changed, apart from what was only part of a list."""

    title, parameter_name = "how", "seen"
    OPENED, LISTED = "opened", "listed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(self.OPENED, "Opened or changed"), (self.LISTED, "Only listed")]

    def queryset(self, request: HttpRequest, rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        listed = Q(action__in=AuditAction.listings())
        return rows.filter({self.OPENED: ~listed, self.LISTED: listed}.get(self.value() or "", Q()))


class RoleFilter(admin.SimpleListFilter):
    """Choices of the enum; Django's own filter would read the whole audit to find them."""

    title, parameter_name = "role", "actor_role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Role.choices)

    def queryset(self, request: HttpRequest, rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return rows.filter(actor_role=self.value()) if self.value() else rows

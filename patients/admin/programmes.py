"""Admin of programmes and billing facts: patients' facts to read, payers and wordings of consent to edit."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from patients.admin_site.base import ReadOnlyAdmin
from patients.admin_site.filters import EmptyFieldFilter
from patients.admin_site.optimistic_lock import OptimisticLockAdmin
from patients.models import Role, User
from patients.permissions import current_user
from patients.programmes import facts
from patients.programmes.forms import FactModelForm
from patients.programmes.models import (
    AccessAlignment,
    ApcmPeriod,
    BillingFactsVersion,
    BillingPractitioner,
    Consent,
    ConsentWording,
    Coverage,
    Credential,
    Education,
    Employment,
    MonitoringOrder,
    Payer,
    PracticeAttestation,
    PriorAuthorisation,
    ProgrammeEnrolment,
    QualifyingVisit,
    ZoneChange,
)
from patients.programmes.models.consent import WORDING_COLUMNS

WITHDRAWN_FILTER = ("withdrawn_at", EmptyFieldFilter)


class PatientFactAdmin(ReadOnlyAdmin):
    """Facts are recorded, ended and withdrawn on the patient's page."""

    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_select_related: ClassVar[tuple[str, ...]] = ("patient", "recorded_by")
    list_filter: ClassVar[tuple[Any, ...]] = (WITHDRAWN_FILTER,)


@admin.register(ProgrammeEnrolment)
class ProgrammeEnrolmentAdmin(PatientFactAdmin):
    list_display = ("patient_name", "programme", "system", "started_on", "ended_on", "recorded_by", "withdrawn_at")
    list_filter = ("programme", WITHDRAWN_FILTER)


@admin.register(Education)
class EducationAdmin(PatientFactAdmin):
    list_display = ("patient_name", "programme", "done_on", "done_by", "recorded_by", "withdrawn_at")
    list_select_related = ("patient", "recorded_by", "done_by")


@admin.register(Coverage)
class CoverageAdmin(PatientFactAdmin):
    list_display = ("patient_name", "payer", "started_on", "ended_on", "recorded_by", "withdrawn_at")
    list_select_related = ("patient", "recorded_by", "payer")


@admin.register(PriorAuthorisation)
class PriorAuthorisationAdmin(PatientFactAdmin):
    list_display = ("patient_name", "payer", "code", "started_on", "ended_on", "recorded_by", "withdrawn_at")
    list_select_related = ("patient", "recorded_by", "payer")


@admin.register(Consent)
class ConsentAdmin(PatientFactAdmin):
    list_display = ("patient_name", "given_on", "how", "taken_by", "wording", "revoked_on", "withdrawn_at")
    list_select_related = ("patient", "taken_by", "wording")
    list_filter = ("how", WITHDRAWN_FILTER)


@admin.register(MonitoringOrder)
class MonitoringOrderAdmin(PatientFactAdmin):
    list_display = ("patient_name", "practitioner", "ordered_on", "ended_on", "recorded_by", "withdrawn_at")
    list_select_related = ("patient", "recorded_by", "practitioner")


@admin.register(QualifyingVisit)
class QualifyingVisitAdmin(PatientFactAdmin):
    list_display = ("patient_name", "visited_on", "kind", "is_initiating", "recorded_by", "withdrawn_at")


@admin.register(PracticeAttestation)
class PracticeAttestationAdmin(PatientFactAdmin):
    list_display = ("patient_name", "attested_on", "other_practice_bills", "recorded_by", "withdrawn_at")


@admin.register(AccessAlignment)
class AccessAlignmentAdmin(PatientFactAdmin):
    list_display = ("patient_name", "track", "started_on", "ended_on", "recorded_by", "withdrawn_at")


@admin.register(ApcmPeriod)
class ApcmPeriodAdmin(PatientFactAdmin):
    list_display = ("patient_name", "started_on", "ended_on", "recorded_by", "withdrawn_at")


@admin.register(ZoneChange)
class ZoneChangeAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("patient_name", "time_zone", "starts_at", "is_correction", "recorded_by", "recorded_at")
    list_select_related = ("patient", "recorded_by")


@admin.register(BillingFactsVersion)
class BillingFactsVersionAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("patient_name", "version", "changed_at")
    list_select_related = ("patient",)


class PersonFactForm(FactModelForm):
    """A new fact about a person; of one on file its last day, once, or a withdrawal."""

    withdraw_because = forms.CharField(
        label="Withdraw because",
        required=False,
        max_length=200,
        help_text="Of a mistake: it then counts for nothing. Record the right one anew.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            del self.fields["withdraw_because"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        person = cleaned.get("person")
        if person and self._meta.model is BillingPractitioner and person.role != Role.CLINICIAN:
            self.add_error("person", "Only a clinician can be a billing practitioner.")
        return cleaned


class PersonFactAdmin(OptimisticLockAdmin):
    """Dates of a person: recorded once, then ended or withdrawn."""

    clinic_path = "person__clinics"
    form = PersonFactForm
    list_select_related = ("person", "recorded_by")
    list_filter = (WITHDRAWN_FILTER,)
    own_fields: ClassVar[tuple[str, ...]] = ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields = ["person", *self.own_fields, "started_on", "ended_on"]
        if obj is None:
            return fields
        history = ["recorded_by", "recorded_at"]
        if obj.withdrawn_at:
            return [*fields, *history, "withdrawn_by", "withdrawn_at", "withdrawn_reason"]
        return [*fields, "withdraw_because", *history]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        can_end = obj.ended_on is None and obj.withdrawn_at is None
        open_fields = {"withdraw_because", "ended_on" if can_end else ""}
        return [name for name in self.get_fields(request, obj) if name not in open_fields]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and obj.withdrawn_at)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        own = current_user(request).clinics.all()
        kwargs["queryset"] = User.objects.filter(clinics__in=own, is_active=True).distinct()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        by = current_user(request)
        if not change:
            facts.record_fact(obj, by=by)
        elif reason := form.cleaned_data["withdraw_because"]:
            facts.withdraw_fact(obj, reason=reason, by=by)
        elif "ended_on" in form.changed_data and obj.ended_on:
            facts.end_fact(obj, day=obj.ended_on, by=by)


@admin.register(Credential)
class CredentialAdmin(PersonFactAdmin):
    own_fields = ("name",)
    list_display = ("person", "name", "started_on", "ended_on", "recorded_by", "withdrawn_at")


@admin.register(Employment)
class EmploymentAdmin(PersonFactAdmin):
    own_fields = ("kind",)
    list_display = ("person", "kind", "started_on", "ended_on", "recorded_by", "withdrawn_at")


@admin.register(BillingPractitioner)
class BillingPractitionerAdmin(PersonFactAdmin):
    list_display = ("person", "started_on", "ended_on", "recorded_by", "withdrawn_at")


@admin.register(Payer)
class PayerAdmin(OptimisticLockAdmin):
    list_display = ("name", "is_offered")
    list_filter = ("is_offered",)


@admin.register(ConsentWording)
class ConsentWordingAdmin(OptimisticLockAdmin):
    """Once a consent names a wording, only whether it is offered can change: write a new version."""

    list_display = ("version", *WORDING_COLUMNS[2:], "is_offered")
    fields: ClassVar = (*WORDING_COLUMNS, "is_offered")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        used = isinstance(obj, ConsentWording) and obj.consents.exists()
        return WORDING_COLUMNS if used else ()

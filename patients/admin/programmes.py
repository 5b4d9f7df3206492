"""Admin of programmes and billing facts: patients' facts to read, payers and wordings of consent to edit."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from patients.admin_site.base import ReadOnlyAdmin
from patients.admin_site.filters import EmptyFieldFilter
from patients.admin_site.optimistic_lock import OptimisticLockAdmin
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


class PersonFactAdmin(ReadOnlyAdmin):
    clinic_path = "person__clinics"
    list_select_related = ("person", "recorded_by")
    list_filter = (WITHDRAWN_FILTER,)


@admin.register(Credential)
class CredentialAdmin(PersonFactAdmin):
    list_display = ("person", "name", "started_on", "ended_on", "recorded_by", "withdrawn_at")


@admin.register(Employment)
class EmploymentAdmin(PersonFactAdmin):
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

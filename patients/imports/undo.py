"""Undo of an import: its patients are deleted, all or none, while nothing belongs to one of them."""

from __future__ import annotations

from collections import Counter

from django.db import transaction
from django.db.models import F, ProtectedError

from patients.audit import audit_log
from patients.care.models import CareTeamMember
from patients.imports.models import ImportState, PatientImport, RowState, enrolled_patients
from patients.imports.runs import StaleImport
from patients.models import AuditEvent, Patient, User
from patients.wording import count_noun


class PatientsInUse(Exception):
    """Something belongs to patients of the import: orders, devices, readings, notes. Nothing was undone."""


@transaction.atomic
def undo_import(patient_import: PatientImport, *, by: User) -> int:
    """Returns how many patients were deleted. What protects a patient in the database protects the import."""
    mine = PatientImport.objects.select_for_update(no_key=True).filter(pk=patient_import.pk, dry_run=False)
    if mine.filter(state__in=(ImportState.FINISHED, ImportState.STOPPED)).first() is None:
        raise StaleImport
    patients = enrolled_patients(patient_import)
    # Who is adding an order for one of them at this time is waited for, and then found.
    ids = list(patients.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    patient_import.rows.filter(state=RowState.ENROLLED).update(state=RowState.UNDONE)
    CareTeamMember.objects.filter(patient__in=ids).delete()  # said about a patient, not done for one
    try:
        Patient.objects.filter(pk__in=ids).delete()
    except ProtectedError as error:
        raise PatientsInUse(describe_rows(error)) from error
    PatientImport.objects.filter(pk=patient_import.pk).update(state=ImportState.UNDONE, version=F("version") + 1)
    audit_log.record_event(
        AuditEvent.Action.UNDO_IMPORT,
        by=by,
        patients=ids,
        clinic=patient_import.clinic,
        target=f"import:{patient_import.pk}",
        count=len(ids),
    )
    return len(ids)


def describe_rows(error: ProtectedError) -> str:
    """ "3 orders, 1 device"."""
    counted = Counter(type(row)._meta for row in error.protected_objects)
    return ", ".join(
        count_noun(count, f"{meta.verbose_name},{meta.verbose_name_plural}") for meta, count in counted.items()
    )

"""Alignment step of time zones that were guessed by state before the ZIP code was asked."""

from __future__ import annotations

from django.utils import timezone

from patients.audit.row_alignment import AlignedSlice, AlignmentStep, RowKey, aligned_patients, next_patients
from patients.models import Patient
from patients.programmes import zone_changes
from patients.zip_codes import differs_from_zip_code, find_zip_code, zone_by_state


def align_time_zones(after: RowKey | None) -> AlignedSlice:
    """A zone other than the state's was chosen by a person and stays. Days are counted anew in the new zone."""
    patients = next_patients(after)
    guessed = [
        patient
        for patient in Patient.objects.filter(pk__in=patients).order_by("pk")
        if patient.time_zone == zone_by_state().get(patient.state)
        and differs_from_zip_code(patient.time_zone, patient.zip_code)
    ]
    for patient in guessed:
        found = find_zip_code(patient.zip_code)
        patient.time_zone = found.time_zone if found else patient.time_zone
        patient.summary_stale_at = timezone.now()
        patient.edit_version += 1  # an edit form that is open holds the old zone
    zone_changes.record_corrections((patient.pk, patient.time_zone) for patient in guessed)
    Patient.objects.bulk_update(guessed, ["time_zone", "summary_stale_at", "edit_version"])
    return aligned_patients(patients, changed=[patient.pk for patient in guessed])


STEPS = (
    AlignmentStep(
        "patients.time_zones",
        "Time zones that were guessed by state become those of the ZIP code; days of readings are counted in them.",
        align_time_zones,
    ),
)

"""Purge of old imports: the file's rows go with the file; which patients came from it stays known."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from patients.files.stored_files import DEFAULT_LIFETIME
from patients.imports.models import ImportState, PatientImport

EMPTIED: dict[str, Any] = {"cells": [], "kinds": {}, "identity": {}, "problems": [], "notes": []}


def purge_old_imports() -> int:
    """Imports that enrolled no patient are deleted; of the others, all but the patients' rows. Returns how many."""
    old = PatientImport.objects.filter(created_at__lt=timezone.now() - DEFAULT_LIFETIME, purged_at__isnull=True)
    purged = 0
    for patient_import in old.exclude(state__in=ImportState.active()):
        with transaction.atomic():
            rows = patient_import.rows.filter(patient__isnull=False)
            if rows.exists():
                patient_import.rows.filter(patient__isnull=True).delete()
                rows.update(**EMPTIED)
                PatientImport.objects.filter(pk=patient_import.pk).update(
                    purged_at=timezone.now(), headings=[], mapping={}, version=F("version") + 1
                )
            else:
                patient_import.delete()
        purged += 1
    return purged

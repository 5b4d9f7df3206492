"""PatientImport and ImportRow: an uploaded list of patients as work, and the fate of each of its rows."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from patients.files.models import StoredFile
from patients.models import Clinic, Patient, User
from patients.models.patient import can_see_patients, format_live_version
from patients.queueing.work_item import WorkItem, WorkItemQuerySet


class ImportState(models.TextChoices):
    COLUMNS = "columns", "Columns to confirm"
    CHECKING = "checking", "Checking"
    CHECKED = "checked", "Checked"
    IMPORTING = "importing", "Importing"
    FINISHED = "finished", "Finished"
    STOPPED = "stopped", "Stopped"
    UNDONE = "undone", "Undone"

    @classmethod
    def active(cls) -> tuple[ImportState, ...]:
        """A worker has rows to do."""
        return (cls.CHECKING, cls.IMPORTING)

    @property
    def tone(self) -> str:
        """Name of the colours of a state on pages."""
        tones = {self.CHECKING: "info", self.IMPORTING: "info", self.FINISHED: "ok", self.STOPPED: "bad"}
        return tones.get(self, "idle")


class RowState(models.TextChoices):
    WAITING = "waiting", "Not checked yet"
    READY = "ready", "Can be enrolled"
    PROBLEM = "problem", "Has a problem"
    DUPLICATE = "duplicate", "Is a patient already"
    ENROLLED = "enrolled", "Enrolled"
    UNDONE = "undone", "Undone"

    @property
    def tone(self) -> str:
        """Name of the colours of a state on pages."""
        tones = {self.READY: "info", self.ENROLLED: "ok", self.PROBLEM: "bad", self.DUPLICATE: "warn"}
        return tones.get(self, "idle")


class PatientImportQuerySet(WorkItemQuerySet["PatientImport"]):
    def visible_to(self, user: User) -> PatientImportQuerySet:
        """Imports of the user's own clinics."""
        return self.filter(clinic__people=user) if can_see_patients(user) else self.none()

    def active(self) -> PatientImportQuerySet:
        return self.filter(state__in=ImportState.active())


class PatientImport(WorkItem):
    """One uploaded file. `run` counts passes over its rows: each check or import judges all of them anew."""

    GUARDED_FIELDS: ClassVar[tuple[str, ...]] = ("lease", "run", "state")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patient_imports")
    by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="patient_imports",
        help_text="Enrols the patients; empty for the command line.",
    )
    stored_file = models.ForeignKey(StoredFile, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    file_name = models.CharField(max_length=255)
    state = models.CharField(max_length=12, choices=ImportState, default=ImportState.COLUMNS)
    headings = models.JSONField(default=list)
    notes = models.JSONField(default=list, blank=True)
    mapping = models.JSONField(default=dict, blank=True, help_text="Index of the column, by field.")
    answers = models.JSONField(default=dict, blank=True)
    questions = models.JSONField(default=list, blank=True)
    total_rows = models.PositiveIntegerField("rows", default=0)
    run = models.PositiveIntegerField(default=0)
    dry_run = models.BooleanField(default=True)
    problem = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)  # of what its page shows
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True)

    objects = PatientImportQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "pk")
        verbose_name = "import of patients"
        verbose_name_plural = "imports of patients"
        constraints = (
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="patient_import_state_known"),
        )
        indexes = (
            models.Index(fields=("clinic", "-created_at", "id"), name="patient_import_list"),
            models.Index(
                fields=("next_attempt_at",),
                condition=Q(state__in=("checking", "importing")),
                name="patient_import_due",
            ),
        )

    def __str__(self) -> str:
        return f"import {self.pk}"

    @property
    def is_active(self) -> bool:
        return self.state in ImportState.active()

    @property
    def tone(self) -> str:
        return ImportState(self.state).tone

    def live_version(self) -> str:
        """Changes with the import, its rows and their patients."""
        totals = self.rows.filter(patient__isnull=False).aggregate(
            count=Count("pk"), versions=Coalesce(Sum("patient__live_version"), 0)
        )
        return format_live_version(totals["count"], totals["versions"] + self.version)


class ImportRowQuerySet(models.QuerySet["ImportRow"]):
    def not_done(self, run: int) -> ImportRowQuerySet:
        return self.exclude(run=run)

    def enrollable(self) -> ImportRowQuerySet:
        return self.filter(state__in=(RowState.READY, RowState.ENROLLED))


class ImportRow(models.Model):
    """One row of the file. `patient` is the enrolled one, `known_patient` the one that it is a duplicate of."""

    patient_import = models.ForeignKey(PatientImport, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField("row in the file")
    cells = models.JSONField(default=list)
    kinds = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=RowState, default=RowState.WAITING)
    run = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list, blank=True)
    notes = models.JSONField(default=list, blank=True)
    identity = models.JSONField(default=dict, blank=True)
    another_person = models.BooleanField(default=False)
    patient = models.ForeignKey(Patient, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    known_patient = models.ForeignKey(Patient, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        ordering = ("patient_import", "number")
        verbose_name = "row of an import"
        verbose_name_plural = "rows of imports"
        constraints = (
            models.UniqueConstraint(fields=("patient_import", "number"), name="import_row_once"),
            models.CheckConstraint(condition=Q(state__in=RowState.values), name="import_row_state_known"),
        )
        indexes = (models.Index(fields=("patient_import", "state", "number"), name="import_row_by_state"),)

    def __str__(self) -> str:
        return f"row {self.number} of import {self.patient_import_id}"


def enrolled_patients(patient_import: PatientImport) -> QuerySet[Patient]:
    rows = patient_import.rows.filter(state=RowState.ENROLLED, patient__isnull=False)
    return Patient.objects.filter(pk__in=rows.values("patient_id"))

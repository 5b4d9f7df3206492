"""Files taken in or made by workers: rows of at most 1 MiB, with digest, owner and expiry."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

from patients.models import Clinic, User

PART_BYTES = 1024 * 1024


class StoredFile(models.Model):
    """A file of a clinic. It expires, and is then deleted with its parts. Each download is audited."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="stored_files")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="stored_files")
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField(help_text="Bytes.")
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("-created_at", "pk")

    def __str__(self) -> str:
        return f"file {self.pk}"


class StoredFilePart(models.Model):
    stored_file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()
    body = models.BinaryField()

    class Meta:
        ordering = ("stored_file", "number")
        constraints = (
            models.UniqueConstraint(fields=("stored_file", "number"), name="stored_file_part_once"),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("body"), PART_BYTES), name="stored_file_part_small"
            ),
        )

    def __str__(self) -> str:
        return f"part {self.number} of file {self.stored_file_id}"

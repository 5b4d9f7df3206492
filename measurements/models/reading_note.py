from __future__ import annotations

from django.db import models

from patients.care.models import Note

from .measurement import Measurement


class ReadingNote(models.Model):
    """Link of a note or contact to the reading that it is about."""

    measurement = models.ForeignKey(
        Measurement, on_delete=models.PROTECT, related_name="reading_notes", verbose_name="reading"
    )
    note = models.OneToOneField(Note, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("pk",)
        verbose_name, verbose_name_plural = "note on a reading", "notes on readings"

    def __str__(self) -> str:
        return f"note {self.note_id} on reading {self.measurement_id}"

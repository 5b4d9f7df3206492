from __future__ import annotations

from django.db import models

from patients.care.models import Note

from .episode import AlertEpisode


class EpisodeNote(models.Model):
    """Link of a note or contact to the alert episode that it is about. A step of the kind note is written in one."""

    episode = models.ForeignKey(AlertEpisode, on_delete=models.PROTECT, related_name="episode_notes")
    note = models.OneToOneField(Note, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("pk",)
        verbose_name, verbose_name_plural = "note on an alert episode", "notes on alert episodes"

    def __str__(self) -> str:
        return f"note {self.note_id} on episode {self.episode_id}"

from __future__ import annotations

from django.db import models
from django.db.models import Q

from patients.models import Clinic
from patients.validators import validate_plain_text


class NoteTemplateQuerySet(models.QuerySet["NoteTemplate"]):
    def offered_in(self, clinic: Clinic) -> NoteTemplateQuerySet:
        return self.filter(clinic=clinic, is_offered=True)


class NoteTemplate(models.Model):
    """A text of a clinic that the form of a note inserts. What was inserted is the writer's: no note refers to it."""

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="note_templates")
    name = models.CharField(max_length=80, validators=[validate_plain_text])
    text = models.TextField(max_length=2000)
    is_offered = models.BooleanField("offered in the form", default=True)

    objects = NoteTemplateQuerySet.as_manager()

    class Meta:
        ordering = ("name", "pk")
        verbose_name = "note template"
        constraints = (
            models.UniqueConstraint(fields=("clinic", "name"), name="note_template_once"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(text=""), name="note_template_has_text"),
        )

    def __str__(self) -> str:
        return self.name

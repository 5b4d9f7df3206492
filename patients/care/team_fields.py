"""Form fields of a patient's care team: the responsible clinician and the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from patients.care import team
from patients.models import Clinic, User


class PeopleOfClinics:
    """Mixin of a field: its choices are people who may be on care teams of the given clinics.

    With several clinics, as long as a user hasn't chosen one, each person's clinic is beside the name.
    """

    responsible = False
    clinics: Sequence[Clinic] = ()
    queryset: Any
    choices: Any
    empty_label: Any

    def offer_people_of(self, clinics: Sequence[Clinic]) -> None:
        self.clinics = clinics
        self.queryset = people = team.candidates(clinics, responsible=self.responsible).prefetch_related("clinics")
        # Read now: choices that are read while the field is rendered would be a query of a template fragment.
        empty = [("", self.empty_label)] if self.empty_label else []
        self.choices = [*empty, *((user.pk, self.label_from_instance(user)) for user in people)]

    def label_from_instance(self, obj: Any) -> str:
        role = "" if self.responsible else f", {obj.get_role_display().lower()}"
        if len(self.clinics) < 2:
            return f"{obj}{role}"
        clinics = ", ".join(clinic.name for clinic in obj.clinics.all() if clinic in self.clinics)
        return f"{obj}{role} ({clinics})"


class PersonField(PeopleOfClinics, forms.ModelChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(User.objects.none(), **kwargs)


class ResponsibleField(PersonField):
    responsible = True


class PeopleField(PeopleOfClinics, forms.ModelMultipleChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(User.objects.none(), widget=forms.CheckboxSelectMultiple, **kwargs)

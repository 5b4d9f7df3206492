"""Practitioners (responsible providers): find or create one by name, and the choices of a list filter."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Q, Subquery

from patients.models import Clinic, Patient, Practitioner


def find_or_create(*, clinic: Clinic, name: str) -> Practitioner | None:
    """The clinic's practitioner of this name, however it is spelled; None for an empty name.

    Raises ValidationError for the field `provider`.
    """
    if not name:
        return None
    new = Practitioner(clinic=clinic, name=name)
    try:
        new.full_clean(exclude=("clinic",), validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise ValidationError({"provider": error.messages}) from error
    found, _ = Practitioner.objects.get_or_create(
        clinic=clinic, folded_name=new.folded_name, defaults={"name": new.name}
    )
    return found


def exists_in(clinics: Iterable[Clinic], practitioner_id: int) -> bool:
    return Practitioner.objects.filter(pk=practitioner_id, clinic__in=clinics).exists()


def filter_choices(clinics: Collection[Clinic], *, chosen: str = "") -> list[tuple[str, str]]:
    """(id, name) of those with patients under care and of the chosen one; with the clinic if there are several."""
    enrolled = Patient.objects.enrolled().filter(clinic=OuterRef("clinic"), practitioner=OuterRef("pk"))
    one = Subquery(enrolled.order_by().values("pk")[:1])  # EXISTS would become a join that reads all patients
    offered = Practitioner.objects.alias(patient_id=one).filter(
        Q(patient_id__isnull=False) | Q(pk=int(chosen or 0)), clinic__in=clinics
    )
    clinic_names = {clinic.pk: f", {clinic.name}" if len(clinics) > 1 else "" for clinic in clinics}
    found = offered.values_list("pk", "clinic", "name")
    return [(str(pk), name + clinic_names[clinic]) for pk, clinic, name in found]

"""Protection of the last administrator of a clinic, without whom no person there could be invited or changed."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError

from patients.models import Clinic, Role, User


def require_remaining_administrator(
    user: User, *, role: str, clinics: Collection[Clinic] | None = None, is_active: bool = True
) -> None:
    """Refuse a change that leaves a clinic without an active administrator. Call it in the transaction of the change.

    `clinics` None: they stay. An invited person who hasn't accepted yet is no administrator. Raises ValidationError,
    by field where the change is one of `role` or `clinics`.
    """
    # Locked, so that of two administrators who remove each other at once the second finds the first one gone.
    locked = list(Clinic.objects.filter(people=user.pk).order_by("pk").select_for_update(of=("self",), no_key=True))
    administrators = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True)
    if not administrators.filter(pk=user.pk).exists():
        return
    stays = is_active and role == Role.ADMINISTRATOR
    retained = {clinic.pk for clinic in (locked if clinics is None else clinics)} if stays else set()
    others = administrators.exclude(pk=user.pk)
    alone = [clinic for clinic in locked if clinic.pk not in retained and not others.filter(clinics=clinic).exists()]
    if not alone:
        return
    names = ", ".join(clinic.name for clinic in alone)
    message = f"This is the last administrator of {names}. Make another person administrator there first."
    if not is_active:
        raise ValidationError(message, code="last_administrator")
    field = "clinics" if stays else "role"
    raise ValidationError({field: ValidationError(message, code="last_administrator")})

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from patients.admin_site.filters import ClinicFilter
from patients.admin_site.optimistic_lock import OptimisticLockAdmin
from patients.models import Practitioner, User
from patients.permissions import current_user


class PractitionerForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        clinic, user = cleaned.get("clinic") or getattr(self.instance, "clinic", None), cleaned.get("user")
        if clinic and user and not user.clinics.filter(pk=clinic.pk).exists():
            self.add_error("user", "This account belongs to another clinic.")
        return cleaned


@admin.register(Practitioner)
class PractitionerAdmin(OptimisticLockAdmin):
    """Providers of the own clinics. A patient's form also creates them, by name."""

    clinic_path = "clinic"
    form = PractitionerForm
    list_display = ("name", "clinic", "npi", "user")
    list_filter = (ClinicFilter,)
    fields = ("clinic", "name", "npi", "user")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("clinic",) if obj else ()  # patients of the clinic refer to it

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        own = current_user(request).clinics.all()
        people = User.objects.filter(clinics__in=own, is_active=True).distinct()
        kwargs["queryset"] = people if db_field.name == "user" else own
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

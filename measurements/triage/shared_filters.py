"""Filters of the triage list under a name, shared within a clinic: saved, used and removed by its people."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from measurements.alerts.models import SharedTriageFilter
from measurements.triage.filters import TRIAGE_PREFERENCE, TriageSettings
from patients.models import Clinic, User
from patients.permissions import Permission, current_user, requires_permission
from patients.preferences import save_preference
from patients.validators import validate_plain_text

MAX_OF_CLINIC = 20


class ShareForm(forms.Form):
    name = forms.CharField(max_length=40, validators=[validate_plain_text])
    clinic = forms.ModelChoiceField(Clinic.objects.none())

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        field: Any = self.fields["clinic"]
        field.queryset = user.clinics.all()
        self.fields["name"].error_messages["required"] = "Write a name."


def shared_filters_of(user: User) -> QuerySet[SharedTriageFilter]:
    return SharedTriageFilter.objects.filter(clinic__in=user.clinics.all()).select_related("clinic")


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def share_filters(request: HttpRequest) -> HttpResponse:
    """Save the user's current filters under a name, for the people of a clinic."""
    user = current_user(request)
    form = ShareForm(request.POST, user=user)
    settings = replace(TriageSettings.for_user(user, user.clinics.all()), clinic="")
    if not form.is_valid():
        messages.error(request, f"Not saved: {' '.join(str(text) for found in form.errors.values() for text in found)}")
        return redirect("triage:list")
    row = SharedTriageFilter(by=user, values=asdict(settings), **form.cleaned_data)
    try:
        if row.clinic.triage_filters.count() >= MAX_OF_CLINIC:
            raise ValidationError("The clinic has enough of them. Remove one first.")
        row.full_clean()
    except ValidationError as error:
        messages.error(request, f"Not saved: {' '.join(error.messages)}")
    else:
        row.save(force_insert=True)
        messages.success(request, f"“{row.name}” is saved for {row.clinic.name}.")
    return redirect("triage:list")


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def use_shared_filters(request: HttpRequest, filter_id: int) -> HttpResponse:
    """They become the user's own, limited to their clinic where the user has several."""
    user = current_user(request)
    row = get_object_or_404(shared_filters_of(user), pk=filter_id)
    clinic = str(row.clinic_id) if user.clinics.count() > 1 else ""
    chosen = TriageSettings().with_changes({**row.values, "clinic": clinic})
    save_preference(by=user, name=TRIAGE_PREFERENCE, value=asdict(chosen))
    return redirect("triage:list")


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def remove_shared_filters(request: HttpRequest, filter_id: int) -> HttpResponse:
    row = get_object_or_404(shared_filters_of(current_user(request)), pk=filter_id)
    row.delete()
    messages.success(request, f"“{row.name}” is removed.")
    return redirect("triage:list")

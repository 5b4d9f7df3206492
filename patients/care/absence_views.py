"""Views of absences: the plan with its form, editing and withdrawing one."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from patients.care import absences
from patients.care.forms import AbsenceForm
from patients.care.models import Absence
from patients.permissions import Permission, current_user, requires_permission

MAX_SHOWN = 200  # of all own clinics, today's and coming ones


@requires_permission(Permission.PLAN_ABSENCES)
@require_http_methods(["GET", "HEAD", "POST"])
def absence_page(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    clinics = list(user.clinics.all())
    form = AbsenceForm(request.POST or None, clinics=clinics)
    if form.is_valid():
        try:
            absences.plan_absence(by=user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "The absence is planned.")
            return redirect("care:absences")
    rows = Absence.objects.visible_to(user).not_over().select_related("user", "cover", "clinic")
    context = {"form": form, "absences": rows[:MAX_SHOWN], "several_clinics": len(clinics) > 1}
    return render(request, "care/absences.html", context)


@requires_permission(Permission.PLAN_ABSENCES)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_absence(request: HttpRequest, absence_id: int) -> HttpResponse:
    """Other days or another cover. A withdrawn absence has no page."""
    user = current_user(request)
    planned = Absence.objects.visible_to(user).planned().select_related("clinic", "user")
    absence = get_object_or_404(planned, pk=absence_id)
    form = AbsenceForm(request.POST or None, clinics=[absence.clinic], absence=absence)
    if form.is_valid():
        try:
            absences.edit_absence(absence=absence, by=user, **form.edited_fields())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "The absence is changed.")
            return redirect("care:absences")
    return render(request, "care/absence_edit.html", {"form": form, "absence": absence})


@requires_permission(Permission.PLAN_ABSENCES)
@require_POST
def withdraw_absence(request: HttpRequest, absence_id: int) -> HttpResponse:
    user = current_user(request)
    absence = get_object_or_404(Absence.objects.visible_to(user), pk=absence_id)
    absences.withdraw_absence(absence=absence, by=user)
    messages.success(request, "The absence is withdrawn.")
    return redirect("care:absences")

"""A person's choices: which alerts are mailed, quiet hours, the sound of the triage list."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from measurements.alerts.messages.choices import choices_of, save_choices
from measurements.alerts.messages.forms import MessageChoicesForm
from patients.permissions import Permission, current_user, requires_permission


@requires_permission(Permission.VIEW_PATIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def message_choices(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    form = MessageChoicesForm(request.POST or None, choices=choices_of(user))
    if request.method == "POST" and form.is_valid():
        save_choices(by=user, choices=form.chosen())
        messages.success(request, "Your choices are saved.")
        return redirect("alert_messages:choices")
    return render(request, "alerts/message_choices.html", {"form": form})

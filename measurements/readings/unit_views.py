"""The units that a person reads and types in, chosen on a page of its own or beside the charts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from measurements import units
from patients.permissions import current_user, requires_sign_in


@requires_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def choose_units(request: HttpRequest) -> HttpResponse:
    """One pair of units at a time; then back to where the person was."""
    user = current_user(request)
    if request.method != "POST":
        return render(request, "measurements/unit_choice.html", {"units": units.units_for(user), "back": request.path})
    units.save_units_preference(units=units.units_for(user).with_unit(request.POST.get("unit", "")), by=user)
    back = request.POST.get("back", "")
    # Of this site alone: an address that somebody else wrote must not lead elsewhere.
    ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if ours else reverse("patients:units"))

"""The units that a person reads and types in, chosen on a page of its own or beside the charts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from measurements import units
from patients.permissions import person, signed_in


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """One pair of units at a time; then back to where the person was."""
    user = person(request)
    if request.method != "POST":
        return render(request, "patients/units.html", {"units": units.of(user), "back": request.path})
    units.choose(units=units.of(user).with_one(request.POST.get("unit", "")), by=user)
    back = request.POST.get("back", "")
    # Of this site alone: an address that somebody else wrote must not lead elsewhere.
    ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if ours else reverse("patients:units"))

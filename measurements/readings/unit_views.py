"""View that saves the display units of a user."""

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
    """Saves one unit, then redirects to the page in `back`."""
    user = current_user(request)
    if request.method != "POST":
        return render(request, "measurements/unit_choice.html", {"units": units.units_for(user), "back": request.path})
    units.save_units_preference(units=units.units_for(user).with_unit(request.POST.get("unit", "")), by=user)
    back = request.POST.get("back", "")
    # Only a path of this site: the form must not redirect elsewhere.
    ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if ours else reverse("patients:units"))

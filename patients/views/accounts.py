from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from patients import accounts
from patients.access import home_of, public, signed_in
from patients.forms import ChoosePasswordForm


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    return redirect(home_of(request.user))


@public
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Looking at the link uses nothing up: mail scanners follow links. Choosing the password does."""
    try:
        user = accounts.invited(token)
        form = ChoosePasswordForm(user, request.POST or None)
        if form.is_valid():
            user = accounts.accept(token=token, password=form.cleaned_data["new_password1"])
            get_adapter().login(request, user)
            messages.success(request, "Your account is open. Welcome!")
            return redirect(home_of(user))
    except accounts.InvitationOver:
        return render(request, "account/invitation_over.html", status=410)
    return render(request, "account/invitation.html", {"form": form, "invited": user})

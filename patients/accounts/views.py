from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from patients.accounts import invitations, session_timeout
from patients.enrollment.forms import ChoosePasswordForm
from patients.permissions import home_of, public, signed_in


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    return redirect(home_of(request.user))


@public
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Looking at the link uses nothing up: mail scanners follow links. Choosing the password does."""
    try:
        user = invitations.invited(token)
        form = ChoosePasswordForm(user, request.POST or None)
        if form.is_valid():
            user = invitations.accept(token=token, password=form.cleaned_data["new_password1"])
            messages.success(request, "Your account is open. Welcome!")
            record_authentication(request, user, "password")
            return perform_login(request, user, redirect_url=home_of(user))
    except invitations.InvitationOver:
        return render(request, "account/invitation_over.html", status=410)
    return render(request, "account/invitation.html", {"form": form, "invited": user})


@signed_in
def passkeys(_request: HttpRequest) -> HttpResponse:
    """Where allauth leads after a change to one: they stand on the page of the whole second step."""
    return redirect("mfa_index")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def alive(request: HttpRequest) -> HttpResponse:
    """Posted by a page on which somebody does something, and asked by one that wonders how long it may still show.

    Both are told how many seconds are left; asking keeps nobody signed in.
    """
    left = session_timeout.left(request.session)
    return HttpResponse(status=204, headers={"Session-Idle-Left": left.idle, "Session-Left": left.at_most})

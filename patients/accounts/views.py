from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from patients.accounts import invitations, session_timeout
from patients.accounts.password_forms import InvitationPasswordForm
from patients.permissions import allow_anonymous, home_url_for, requires_sign_in


@requires_sign_in
def redirect_home(request: HttpRequest) -> HttpResponse:
    return redirect(home_url_for(request.user))


@allow_anonymous
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """A GET doesn't use the link up, because mail scanners follow links; choosing the password does."""
    try:
        user = invitations.get_invited_user(token)
        form = InvitationPasswordForm(user, request.POST or None)
        if form.is_valid():
            user = invitations.accept_invitation(token=token, password=form.cleaned_data["new_password1"])
            messages.success(request, "Your account is open. Welcome!")
            record_authentication(request, user, "password")
            return perform_login(request, user, redirect_url=home_url_for(user))
    except invitations.InvitationExpired:
        return render(request, "account/invitation_expired.html", status=410)
    return render(request, "account/invitation.html", {"form": form, "invited": user})


@requires_sign_in
def redirect_to_mfa_page(_request: HttpRequest) -> HttpResponse:
    """Redirect target of allauth after a change of passkeys: they are listed on the MFA page."""
    return redirect("mfa_index")


@requires_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def session_keepalive(request: HttpRequest) -> HttpResponse:
    """POST from a page with user activity extends the session; GET only reads how long it lasts.

    Both return the seconds that are left.
    """
    left = session_timeout.session_time_left(request.session)
    return HttpResponse(
        status=204, headers={"Session-Idle-Left": left.idle_seconds, "Session-Left": left.total_seconds_left}
    )

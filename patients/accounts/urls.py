"""Routes of allauth in use: no sign-up, no e-mail management, no social accounts, no trusted browsers."""

from __future__ import annotations

from allauth.account import views as allauth
from allauth.mfa.base import views as second_step
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as passkeys
from django.urls import path, re_path

from patients.accounts import views
from patients.permissions import allow_anonymous, requires_sign_in

urlpatterns = [
    path("alive/", views.session_keepalive, name="account_session_keepalive"),
    path("login/", allow_anonymous(allauth.login), name="account_login"),
    path("logout/", allow_anonymous(allauth.logout), name="account_logout"),
    path("inactive/", allow_anonymous(allauth.account_inactive), name="account_inactive"),
    path("invitation/<str:token>/", views.accept_invitation, name="account_accept_invitation"),
    path("password/change/", requires_sign_in(allauth.password_change), name="account_change_password"),
    path("password/reset/", allow_anonymous(allauth.password_reset), name="account_reset_password"),
    path("password/reset/done/", allow_anonymous(allauth.password_reset_done), name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allow_anonymous(allauth.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        allow_anonymous(allauth.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path("confirm/", requires_sign_in(allauth.reauthenticate), name="account_reauthenticate"),
    path("second-step/", requires_sign_in(second_step.index), name="mfa_index"),
    path("second-step/sign-in/", allow_anonymous(second_step.authenticate), name="mfa_authenticate"),
    path("second-step/confirm/", requires_sign_in(second_step.reauthenticate), name="mfa_reauthenticate"),
    path("second-step/app/", requires_sign_in(app.activate_totp), name="mfa_activate_totp"),
    path("second-step/app/remove/", requires_sign_in(app.deactivate_totp), name="mfa_deactivate_totp"),
    path("second-step/codes/", requires_sign_in(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "second-step/codes/new/", requires_sign_in(recovery.generate_recovery_codes), name="mfa_generate_recovery_codes"
    ),
    path(
        "second-step/codes/file/",
        requires_sign_in(recovery.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("second-step/passkeys/", views.redirect_to_mfa_page, name="mfa_list_webauthn"),
    path("second-step/passkeys/new/", requires_sign_in(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path(
        "second-step/passkeys/confirm/",
        requires_sign_in(passkeys.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path("second-step/passkeys/<int:pk>/", requires_sign_in(passkeys.edit_webauthn), name="mfa_edit_webauthn"),
    path(
        "second-step/passkeys/<int:pk>/remove/", requires_sign_in(passkeys.remove_webauthn), name="mfa_remove_webauthn"
    ),
]

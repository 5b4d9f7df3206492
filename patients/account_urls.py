"""Only these of allauth's pages exist here: no sign-up, no other e-mail addresses, no social accounts."""

from __future__ import annotations

from allauth.account import views as allauth
from django.urls import path, re_path

from patients.access import public, signed_in
from patients.views import accounts

urlpatterns = [
    path("login/", public(allauth.login), name="account_login"),
    path("logout/", public(allauth.logout), name="account_logout"),
    path("inactive/", public(allauth.account_inactive), name="account_inactive"),
    path("invitation/<str:token>/", accounts.accept_invitation, name="account_accept_invitation"),
    path("password/change/", signed_in(allauth.password_change), name="account_change_password"),
    path("password/reset/", public(allauth.password_reset), name="account_reset_password"),
    path("password/reset/done/", public(allauth.password_reset_done), name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        public(allauth.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        public(allauth.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
]

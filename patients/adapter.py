"""How allauth behaves here: no sign-up, one idea of the client's address, a lockout that knows person and place."""

from __future__ import annotations

from functools import partial
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from patients import accounts, audit
from patients.access import home_of
from patients.models import AuditEvent
from patients.origin import client_address


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "local"

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return home_of(request.user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return home_of(request.user)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Person and address together: nobody can lock a nurse out of her own desk from elsewhere."""
        return f"{credentials.get('email', '').lower()} {self.get_client_ip(request)}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Counts before the password is looked at; also per person over all addresses, against a botnet's patience."""
        email = credentials.get("email", "").lower()
        anywhere = ratelimit.consume(request, app="allauth.account", action="login_failed_anywhere", key=email)
        try:
            if not anywhere:
                raise self.validation_error("too_many_login_attempts")
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            self._record_failure(email, locked=True)
            raise
        self._anywhere = anywhere

    def _rollback_login_failed_rl_usage(self) -> None:
        super()._rollback_login_failed_rl_usage()
        self._anywhere.rollback()

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        self._record_failure(credentials.get("email", ""), locked=False)

    def _record_failure(self, email: str, *, locked: bool) -> None:
        """What was typed is kept only when it is somebody's address: it may have been a password."""
        user = accounts.find(email)
        audit.record(
            AuditEvent.Action.SIGN_IN_FAILED, by=None, target=f"user:{user.pk}" if user else "", locked_out=locked
        )

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return accounts.absolute(path.replace("UID-KEY", key))

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        user.set_password(password)
        user.save(update_fields=["password"])

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """After the commit: a mail server that hangs must hold no transaction open."""
        message = self.render_mail(template_prefix, email, {"site_url": settings.SITE_URL, **context})
        transaction.on_commit(partial(message.send), robust=True)

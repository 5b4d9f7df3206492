"""Authentication backends: sign-in by e-mail address, and admin permissions by role instead of by groups in rows."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from patients.accounts import mfa
from patients.app_config import project_app_configs
from patients.models import Role, User


class SignInBackend(AuthenticationBackend):
    """Sign-in by e-mail address and password; one query loads the session's user and whether MFA is set up."""

    def get_user(self, user_id: Any) -> User | None:
        user = mfa.with_mfa_enabled_at(User.objects.filter(pk=user_id)).first()
        return user if user is not None and self.user_can_authenticate(user) else None


class RoleBackend(BaseBackend):
    """Answers `user.has_perm("app.verb_model")` from what the apps declare for the role. It authenticates no user."""

    def has_perm(self, user_obj: AbstractBaseUser | AnonymousUser, perm: str, obj: Model | None = None) -> bool:
        return perm in self.get_all_permissions(user_obj)

    def has_module_perms(self, user_obj: AbstractBaseUser | AnonymousUser, app_label: str) -> bool:
        return any(name.startswith(f"{app_label}.") for name in self.get_all_permissions(user_obj))

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        return admin_permissions_of(getattr(user_obj, "role", "")) if user_obj.is_active else set()


def admin_permissions_of(role: str) -> set[str]:
    """Django's names, `app.verb_model`, of everything that a role may do in the admin."""
    if role != Role.ADMINISTRATOR:
        return set()
    return {
        f"{config.label}.{verb}_{model}"
        for config in project_app_configs()
        for model, verbs in config.admin_permissions.items()
        for verb in verbs
    }

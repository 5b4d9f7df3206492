"""What a role may do in the admin: one table instead of rows of groups, so that code and rights can't drift apart."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from patients.accounts import mfa
from patients.models import Role, User

VIEW_ONLY = frozenset({"view"})
VIEW_AND_EDIT = frozenset({"view", "add", "change"})

# Nobody deletes a record in the admin; the contents of a kit are the exception, since they are only a template.
ADMIN_PERMISSIONS: dict[str, dict[str, frozenset[str]]] = {
    Role.ADMINISTRATOR: {
        "patients.clinic": frozenset({"view", "change"}),
        "patients.user": VIEW_AND_EDIT,
        "patients.patient": VIEW_ONLY,
        "patients.auditevent": VIEW_ONLY,
        "devices.operatoralarm": VIEW_ONLY,
        "devices.devicetype": VIEW_ONLY,
        "devices.webhookcount": VIEW_ONLY,
        "devices.gateway": VIEW_ONLY,
        "devices.device": VIEW_ONLY,
        "devices.hardwarechange": VIEW_ONLY,
        "devices.assignment": VIEW_ONLY,
        "devices.delivery": frozenset({"view", "replay"}),
        "devices.vendorcall": VIEW_ONLY,
        "devices.apikeyslot": frozenset({"view", "clear"}),
        "devices.syncrun": frozenset({"view", "start"}),
        "devices.syncrow": VIEW_ONLY,
        "devices.periodicjob": VIEW_ONLY,
        "measurements.metric": VIEW_ONLY,
        "measurements.measurement": VIEW_ONLY,
        "measurements.threshold": VIEW_ONLY,
        "measurements.thresholdchange": VIEW_ONLY,
        "fulfillment.kit": VIEW_AND_EDIT,
        "fulfillment.kititem": VIEW_AND_EDIT | {"delete"},
        "fulfillment.order": VIEW_ONLY,
        "fulfillment.orderline": VIEW_ONLY,
        "fulfillment.orderevent": VIEW_ONLY,
        "special_orders.specialorder": VIEW_ONLY,
    }
}


class SignInBackend(AuthenticationBackend):
    """By e-mail address and password. Whose session it is comes with whether they have a second step, in one query."""

    def get_user(self, user_id: Any) -> User | None:
        user = mfa.with_mfa_enabled_at(User.objects.filter(pk=user_id)).first()
        return user if user is not None and self.user_can_authenticate(user) else None


class RoleBackend(BaseBackend):
    """Answers `user.has_perm("app.verb_model")` from the table. It signs nobody in."""

    def has_perm(self, user_obj: AbstractBaseUser | AnonymousUser, perm: str, obj: Model | None = None) -> bool:
        return user_obj.is_active and perm in admin_permissions_of(getattr(user_obj, "role", ""))

    def has_module_perms(self, user_obj: AbstractBaseUser | AnonymousUser, app_label: str) -> bool:
        granted = admin_permissions_of(getattr(user_obj, "role", ""))
        return user_obj.is_active and any(name.startswith(f"{app_label}.") for name in granted)

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        return admin_permissions_of(getattr(user_obj, "role", "")) if user_obj.is_active else set()


def admin_permissions_of(role: str) -> set[str]:
    """Django's names, `app.verb_model`, of everything that a role may do in the admin."""
    models = ADMIN_PERMISSIONS.get(role, {})
    return {f"{label.replace('.', f'.{verb}_')}" for label, verbs in models.items() for verb in verbs}

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

SEE = frozenset({"view"})
KEEP = frozenset({"view", "add", "change"})

# Nobody deletes a record in the admin; the contents of a kit are the exception, since they are only a template.
ADMIN_VERBS: dict[str, dict[str, frozenset[str]]] = {
    Role.ADMINISTRATOR: {
        "patients.clinic": frozenset({"view", "change"}),
        "patients.user": KEEP,
        "patients.patient": SEE,
        "patients.auditevent": SEE,
        "devices.alarm": SEE,
        "devices.devicetype": SEE,
        "devices.hooktally": SEE,
        "devices.gateway": SEE,
        "devices.device": SEE,
        "devices.hardwarechange": SEE,
        "devices.assignment": SEE,
        "devices.delivery": frozenset({"view", "replay"}),
        "devices.vendorcall": SEE,
        "devices.keyslot": frozenset({"view", "clear"}),
        "devices.syncrun": frozenset({"view", "start"}),
        "devices.syncrow": SEE,
        "devices.periodicjob": SEE,
        "measurements.metric": SEE,
        "measurements.measurement": SEE,
        "measurements.threshold": SEE,
        "measurements.thresholdchange": SEE,
        "fulfillment.kit": KEEP,
        "fulfillment.kititem": KEEP | {"delete"},
        "fulfillment.order": SEE,
        "fulfillment.orderline": SEE,
        "fulfillment.orderevent": SEE,
        "fulfillment.specialorder": SEE,
    }
}


class SignInBackend(AuthenticationBackend):
    """By e-mail address and password. Whose session it is comes with whether they have a second step, in one query."""

    def get_user(self, user_id: Any) -> User | None:
        user = mfa.with_second_step(User.objects.filter(pk=user_id)).first()
        return user if user is not None and self.user_can_authenticate(user) else None


class RoleBackend(BaseBackend):
    """Answers `user.has_perm("app.verb_model")` from the table. It signs nobody in."""

    def has_perm(self, user_obj: AbstractBaseUser | AnonymousUser, perm: str, obj: Model | None = None) -> bool:
        return user_obj.is_active and perm in permissions_of(getattr(user_obj, "role", ""))

    def has_module_perms(self, user_obj: AbstractBaseUser | AnonymousUser, app_label: str) -> bool:
        granted = permissions_of(getattr(user_obj, "role", ""))
        return user_obj.is_active and any(name.startswith(f"{app_label}.") for name in granted)

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        return permissions_of(getattr(user_obj, "role", "")) if user_obj.is_active else set()


def permissions_of(role: str) -> set[str]:
    """Django's names, `app.verb_model`, of everything that a role may do in the admin."""
    models = ADMIN_VERBS.get(role, {})
    return {f"{label.replace('.', f'.{verb}_')}" for label, verbs in models.items() for verb in verbs}

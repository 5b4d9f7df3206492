"""Template context processor `permitted`: the permissions of the signed-in user as booleans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.functional import SimpleLazyObject

from patients.permissions import Permission, has_permission

if TYPE_CHECKING:
    from django.http import HttpRequest


def permission_flags(request: HttpRequest) -> dict[str, SimpleLazyObject]:
    """`permitted.place_orders` and so on, by the lower-case names of `Permission`; computed at first use."""

    def flags() -> dict[str, bool]:
        return {permission.name.lower(): has_permission(request.user, permission) for permission in Permission}

    return {"permitted": SimpleLazyObject(flags)}

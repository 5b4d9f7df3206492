"""Exceptions of a device, for its page in an app on the left: `{% device_exceptions user device as rows %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

from fulfillment.worklist.kinds import kind_named
from fulfillment.worklist.models import WorklistItem
from patients.permissions import Permission, has_permission

if TYPE_CHECKING:
    from devices.device_issues import DeviceIssue
    from devices.models import Device
    from devices.statuses import StatusText
    from fulfillment.worklist.kinds import WorklistKind
    from patients.models import User

register = template.Library()


@register.simple_tag
def device_exceptions(user: User, device: Device) -> list[tuple[WorklistItem, WorklistKind, StatusText]]:
    """Those that are open, the most urgent first, with kind and words; none for users who see no orders."""
    if not has_permission(user, Permission.VIEW_ORDERS):
        return []
    items = WorklistItem.objects.visible_to(user).open().filter(device=device)
    kinds = ((item, kind_named(item.kind)) for item in items)
    return [(item, kind, kind.describe(item.facts)) for item, kind in kinds]


@register.filter
def without_exceptions(
    issues: list[DeviceIssue], rows: list[tuple[WorklistItem, WorklistKind, StatusText]]
) -> list[DeviceIssue]:
    """The issues that no exception of the page says already, in the same words."""
    meanings = {text.meaning for _, _, text in rows}
    return [issue for issue in issues if issue.meaning not in meanings]

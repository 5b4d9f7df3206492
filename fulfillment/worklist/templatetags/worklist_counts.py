"""Template tag of the navigation: how many exceptions are open, and how many orders need a person because of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.db.models import Count, Q

from fulfillment.worklist.models import WorklistItem
from patients.permissions import Permission, has_permission

if TYPE_CHECKING:
    from patients.models import User

register = template.Library()


@register.simple_tag
def worklist_counts(user: User) -> dict[str, int]:
    """`exceptions`, without snoozed ones, and `orders`; one query, and none for users who don't see orders."""
    if not has_permission(user, Permission.VIEW_ORDERS):
        return {"exceptions": 0, "orders": 0}
    awake = WorklistItem.objects.visible_to(user).awake().order_by()
    orders = Count("line__order", distinct=True, filter=Q(line__isnull=False))
    return awake.aggregate(exceptions=Count("pk"), orders=orders)

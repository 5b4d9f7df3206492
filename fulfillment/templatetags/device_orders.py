"""The orders of one device, as a panel for pages of other apps: `{% device_orders device %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from devices.models import Device
from fulfillment.models import OrderLine

register = template.Library()


@register.inclusion_tag("fulfillment/_device_orders.html", takes_context=True)
def device_orders(context: Context, device: Device) -> dict[str, Any]:
    """The order lines of this device that this user may see, newest first."""
    lines = OrderLine.objects.visible_to(context["user"]).filter(device=device)
    ordered = lines.select_related("order__placed_by", "order__kit").order_by("-order__placed_at", "-pk")
    return {"lines": list(ordered), "permitted": context["permitted"]}

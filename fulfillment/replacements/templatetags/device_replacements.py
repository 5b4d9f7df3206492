"""Replacements and return labels of one device, as a panel: `{% device_replacements device %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from devices.models import Device
from fulfillment.display.tracking_links import build_tracking_link
from fulfillment.replacements.models import Replacement
from fulfillment.special_orders.models import SpecialOrder

register = template.Library()
MAX_ROWS = 10


@register.inclusion_tag("replacements/_device_replacements.html", takes_context=True)
def device_replacements(context: Context, device: Device) -> dict[str, Any]:
    """Two queries; nothing of another clinic's patients."""
    visible = Replacement.objects.visible_to(context["user"]).filter(device=device)
    rows = visible.select_related("device", "gateway", "call", "cancellation", "requested_by")[:MAX_ROWS]
    labels = SpecialOrder.objects.filter(
        client_device_id__iexact=str(device.hwi_id),
        order_type=SpecialOrder.Type.RETURN_LABEL,
        patient__clinic__people=context["user"],
    )
    return {
        "rows": [(row, build_tracking_link(row.tracking_link)) for row in rows],
        "labels": [(row, build_tracking_link(row.tracking_link)) for row in labels[:MAX_ROWS]],
        "permitted": context["permitted"],
        "csrf_token": context.get("csrf_token"),
    }

"""Orders that a change of the patient does not reach, for the form of the patient: `{% unshipped_orders patient %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from fulfillment.ordering.unshipped_orders import unshipped_orders as find_unshipped_orders
from patients.models import Patient

register = template.Library()


@register.inclusion_tag("fulfillment/_unshipped_orders_list.html", takes_context=True)
def unshipped_orders(context: Context, patient: Patient) -> dict[str, Any]:
    return {"orders": find_unshipped_orders(patient), "permitted": context["permitted"]}

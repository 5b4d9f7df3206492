from __future__ import annotations

from devices.models import Delivery
from devices.webhooks.views import TenoviWebhook


class FulfillmentWebhook(TenoviWebhook):
    kind, task = Delivery.Kind.FULFILLMENT, "fulfillment.tasks.take_in_fulfillment"


class SpecialOrderWebhook(TenoviWebhook):
    kind, task = Delivery.Kind.SPECIAL_ORDER, "fulfillment.tasks.take_in_special_orders"

from __future__ import annotations

from devices.models import Delivery
from devices.webhooks.views import TenoviWebhook


class FulfillmentWebhook(TenoviWebhook):
    kind, task = Delivery.Kind.FULFILLMENT, "fulfillment.tasks.process_fulfillment_webhooks"


class SpecialOrderWebhook(TenoviWebhook):
    kind, task = Delivery.Kind.SPECIAL_ORDER, "fulfillment.tasks.process_special_order_webhooks"

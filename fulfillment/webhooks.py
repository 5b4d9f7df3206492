"""Webhook endpoints of fulfillment statuses and special orders."""

from __future__ import annotations

from devices.models import Delivery
from devices.webhooks.views import TenoviWebhook


class FulfillmentWebhook(TenoviWebhook):
    kind, work = Delivery.Kind.FULFILLMENT, "fulfillment_webhooks"


class SpecialOrderWebhook(TenoviWebhook):
    kind, work = Delivery.Kind.SPECIAL_ORDER, "special_order_webhooks"

from __future__ import annotations

from devices.models import Delivery
from devices.webhooks.views import TenoviWebhook


class MeasurementWebhook(TenoviWebhook):
    kind, work = Delivery.Kind.MEASUREMENT, "measurement_webhooks"

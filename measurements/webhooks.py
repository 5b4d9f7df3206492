from __future__ import annotations

from devices.models import Delivery
from devices.webhooks.views import TenoviWebhook


class MeasurementWebhook(TenoviWebhook):
    kind, task = Delivery.Kind.MEASUREMENT, "measurements.tasks.process_measurement_webhooks"

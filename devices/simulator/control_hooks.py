"""What tests may do to the vendor in Python; the control endpoint offers the same over HTTP."""

from itertools import groupby
from typing import Any

from devices.simulator.api import (
    activation,
    devices,
    fulfillment,
    gateways,
    measurements,
    patients,
    special_orders,
    webhook_admin,
)
from devices.simulator.api.fulfillment import Lifecycle
from devices.simulator.runtime.clock import parse_iso_time
from devices.simulator.runtime.faults import FaultScript
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.rate_limit import RequestThrottle
from devices.simulator.runtime.request_log import RequestLog
from devices.simulator.runtime.state import SimulatorState
from devices.simulator.runtime.webhook_sender import WebhookSender


class ControlHooks:
    state: SimulatorState
    lifecycle: Lifecycle
    webhooks: WebhookSender
    throttle: RequestThrottle
    faults: FaultScript
    requests: RequestLog

    def advance(self, seconds: float) -> int:
        """Push the lifecycle clock; the number of steps that parcels made."""
        return self.lifecycle.advance(seconds)

    def deliver_webhooks(self) -> list[Json]:
        """Send what waits, on this thread (for tests without `start()`); the log's new lines."""
        return self.webhooks.deliver_waiting()

    def devices(self) -> list[Json]:
        """All devices as raw documents, the simulator's own keys included."""
        return self.state.store.all("device")

    def device(self, hwi_device_id: str) -> Json:
        return devices.get_device_or_404(self.state, hwi_device_id)

    def add_device(
        self,
        *,
        name: str = "Tenovi BPM - L",
        external_id: str | None = None,
        patient: Json | None = None,
        hardware_uuid: str | None = None,
        status: str = "Connected",
    ) -> Json:
        """A device that the vendor lists though nobody ordered it here; nothing moves it by itself."""
        world = self.state
        with world.transaction():
            uuid = gateways.normalise_hardware_id(hardware_uuid) or gateways.new_gateway_uuid(world)
            if not gateways.find_gateway(world, uuid):
                gateways.create_gateway(world, uuid)
            gateways.assign_gateway(world, uuid)
            document = activation.new_device_document(world, {"name": name, "hardware_uuid": uuid})
            fields = {"external_id": external_id, **(patient or {})} if external_id else patient
            document["patient"] = patients.save_nested_patient(world, fields) if fields else None
            devices.set_device_status(document, status)
            return devices.save_device(world, document)

    def set_status(self, hwi_device_id: str, status: str, *, moving: bool = False) -> Json:
        """What a person at the vendor does by hand; the webhook follows. `moving` lets the parcel go on from there."""
        with self.state.transaction():
            document = self.device(hwi_device_id)
            document["step_at"] = self.state.next_stage_due_at() if moving else None
            devices.set_device_status(document, status)
            devices.notify_device_status(self.state, devices.save_device(self.state, document))
            return document

    def ship(self, hwi_device_id: str) -> Json:
        """Ship one device now, e.g. a `Pending Shipment` of the client's own."""
        with self.state.transaction():
            document = self.device(hwi_device_id)
            fulfillment.ship_device(self.state, document)
            return devices.save_device(self.state, document)

    def add_readings(self, readings: list[Json]) -> Json:
        """Readings as if devices had sent them. Keys: hwi_device_id, metric, value_1, value_2, timestamp, created,
        estimated, filter_params, webhook (default true). Those of one device and timestamp travel together.
        """
        keys = ("hwi_device_id", "timestamp", "webhook")
        rows = [{"timestamp": None, "webhook": True, **each} for each in readings]
        with self.state.transaction():
            for (device_id, _, webhook), group in groupby(rows, key=lambda each: [each[name] for name in keys]):
                document = self.device(device_id)
                taken = [measurement_from_request(self.state, document, each) for each in group]
                measurements.store_measurements(self.state, document, taken, notify=webhook)
                if document["status"] in ("Shipped", "Dropshipped", "Delivered"):
                    fulfillment.mark_connected(self.state, document)
                    devices.save_device(self.state, document)
        return {"stored": len(rows)}

    def add_gateway(self, gateway_uuid: str) -> Json:
        """A gateway or IMEI that exists and is free; devices that waited for it as unknown come to life."""
        with self.state.transaction():
            gateway = gateways.create_gateway(self.state, gateways.normalise_hardware_id(gateway_uuid) or "")
            for document in self.state.store.all("device"):
                if document["device"]["hardware_uuid"] == gateway["gateway_uuid"]:
                    activation.start_device_lifecycle(self.state, document)
                    devices.notify_device_status(self.state, devices.save_device(self.state, document))
            return gateway

    def free_gateways(self) -> list[str]:
        return gateways.free_hardware_ids(self.state)

    def register_special_order_webhook(self, endpoint: str, auth_key: str = "", auth_header: str | None = None) -> Json:
        """Register a special-order hook, as in the vendor's web app; again for the same endpoint replaces it."""
        with self.state.transaction():
            return webhook_admin.add_special_order_webhook(
                self.state, endpoint=endpoint, auth_key=auth_key, auth_header=auth_header
            )

    def place_bulk_order(self, contents: list[Json], **shipping: Any) -> Json:
        with self.state.transaction():
            return special_orders.place_bulk_order(self.state, contents, **shipping)

    def set_limits(self, gap_seconds: float | None = None, retry_after: str | None = None) -> Json:
        if gap_seconds is not None:
            self.throttle.gap_seconds = gap_seconds
        if retry_after is not None:
            self.throttle.retry_after = retry_after
        return {"gap_seconds": self.throttle.gap_seconds, "retry_after": self.throttle.retry_after}


def measurement_from_request(state: SimulatorState, document: Json, sent: Json) -> Json:
    return measurements.new_measurement(
        state,
        document,
        metric=sent["metric"],
        value_1=sent["value_1"],
        value_2=sent.get("value_2", 0),
        taken=parse_iso_time(sent["timestamp"]) if sent["timestamp"] else None,
        created=parse_iso_time(sent["created"]) if sent.get("created") else None,
        estimated=bool(sent.get("estimated")),
        filter_params=sent.get("filter_params"),
    )

"""Test hooks of the simulator in Python; the control API offers the same over HTTP."""

from collections.abc import Callable
from dataclasses import asdict
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

    def control_actions(self) -> dict[tuple[str, str], Callable[[Any], Any]]:
        """By method and path of the control API; each takes the parsed JSON body and returns JSON or None."""
        return {
            ("GET", "faults"): lambda _: [asdict(fault) for fault in self.faults.pending_faults()],
            ("POST", "faults"): lambda body: asdict(self.faults.add(**body)),
            ("DELETE", "faults"): lambda _: self.faults.clear(),
            ("GET", "requests"): lambda _: list(self.requests),
            ("DELETE", "requests"): lambda _: self.requests.clear(),
            ("GET", "webhooks"): lambda _: self.webhooks.report(),
            ("POST", "webhooks"): lambda body: self.webhooks.configure(**body),
            ("POST", "register_special_order_webhook"): lambda body: self.register_special_order_webhook(**body),
            ("GET", "gateways"): lambda _: self.free_gateways(),
            ("POST", "gateways"): lambda body: self.add_gateway(**body),
            ("GET", "devices"): lambda _: self.devices(),
            ("POST", "device"): lambda body: self.add_device(**body),
            ("POST", "status"): lambda body: self.set_status(**body),
            ("POST", "hold"): lambda body: self.hold(**body),
            ("POST", "ship"): lambda body: self.ship(**body),
            ("POST", "reading"): lambda body: self.add_readings([body]),
            ("POST", "readings"): self.add_readings,
            ("POST", "bulk_order"): lambda body: self.place_bulk_order(**body),
            ("POST", "limits"): lambda body: self.set_limits(**body),
            ("POST", "corrected_orders"): lambda body: self.set_corrected_orders(**body),
            ("POST", "advance"): lambda body: {"steps": self.advance(**body)},
        }

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
        """A device that the vendor lists although it was not ordered through the API; it changes only on request."""
        state = self.state
        with state.transaction():
            uuid = gateways.normalise_hardware_id(hardware_uuid) or gateways.new_gateway_uuid(state)
            if not gateways.find_gateway(state, uuid):
                gateways.create_gateway(state, uuid)
            gateways.assign_gateway(state, uuid)
            document = activation.new_device_document(state, {"name": name, "hardware_uuid": uuid})
            fields = {"external_id": external_id, **(patient or {})} if external_id else patient
            document["patient"] = patients.save_nested_patient(state, fields) if fields else None
            devices.set_device_status(document, status)
            return devices.save_device(state, document)

    def set_status(self, hwi_device_id: str, status: str, *, moving: bool = False) -> Json:
        """A status set by the vendor's staff; the webhook follows. `moving` lets the parcel advance from there."""
        with self.state.transaction():
            document = self.device(hwi_device_id)
            document["step_at"] = self.state.next_stage_due_at() if moving else None
            devices.set_device_status(document, status)
            devices.notify_device_status(self.state, devices.save_device(self.state, document))
            return document

    def hold(self, kind: str, key: str) -> Json:
        """A device, replacement or bulk order that moves no further by itself."""
        with self.state.transaction():
            document = self.state.get_or_404(kind, key.lower())
            document["step_at"] = None
            return self.state.store.put(kind, document["id"], document)

    def ship(self, hwi_device_id: str) -> Json:
        """Ship one device now, e.g. one that the client ships (`Pending Shipment`)."""
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
                new = [
                    measurements.new_measurement(
                        self.state,
                        document,
                        metric=each["metric"],
                        value_1=each["value_1"],
                        value_2=each.get("value_2", 0),
                        taken=parse_iso_time(each["timestamp"]) if each["timestamp"] else None,
                        created=parse_iso_time(each["created"]) if each.get("created") else None,
                        estimated=bool(each.get("estimated")),
                        filter_params=each.get("filter_params"),
                    )
                    for each in group
                ]
                measurements.store_measurements(self.state, document, new, notify=webhook)
                if document["status"] in ("Shipped", "Dropshipped", "Delivered"):
                    fulfillment.mark_connected(self.state, document)
                    devices.save_device(self.state, document)
        return {"stored": len(rows)}

    def add_gateway(self, gateway_uuid: str) -> Json:
        """A gateway or IMEI that exists and is free; devices with status `Unknown Gateway ID` start with it."""
        with self.state.transaction():
            gateway = gateways.create_gateway(self.state, gateways.normalise_hardware_id(gateway_uuid) or "")
            for document in self.state.store.all("device"):
                if document["device"]["hardware_uuid"] == gateway["gateway_uuid"]:
                    activation.start_device_lifecycle(self.state, document)
                    devices.notify_device_status(self.state, devices.save_device(self.state, document))
            return gateway

    def free_gateways(self) -> list[str]:
        """Hardware that no device is linked to, so that an activation with it succeeds."""
        linked = {each["device"]["hardware_uuid"] for each in self.devices()}
        return [uuid for each in self.state.store.all("gateway") if (uuid := each["gateway_uuid"]) not in linked]

    def register_special_order_webhook(self, endpoint: str, auth_key: str = "", auth_header: str | None = None) -> Json:
        """Register a special-order webhook, as in the vendor's web app; one with the same endpoint is replaced."""
        with self.state.transaction():
            return webhook_admin.add_special_order_webhook(
                self.state, endpoint=endpoint, auth_key=auth_key, auth_header=auth_header
            )

    def place_bulk_order(self, contents: list[Json], **shipping: Any) -> Json:
        with self.state.transaction():
            return special_orders.place_bulk_order(self.state, contents, **shipping)

    def set_corrected_orders(self, released: bool) -> Json:
        """Whether an order that waits for the client continues once its patient's address is corrected or confirmed."""
        self.state.releases_corrected_orders = released
        return {"released": released}

    def set_limits(self, gap_seconds: float | None = None, retry_after: str | None = None) -> Json:
        if gap_seconds is not None:
            self.throttle.gap_seconds = gap_seconds
        if retry_after is not None:
            self.throttle.retry_after = retry_after
        return {"gap_seconds": self.throttle.gap_seconds, "retry_after": self.throttle.retry_after}

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
from devices.simulator.runtime.clock import parse
from devices.simulator.runtime.faults import Faults
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.rate_limit import Limiter
from devices.simulator.runtime.request_log import RequestLog
from devices.simulator.runtime.state import World
from devices.simulator.runtime.webhook_sender import Outbox


class Handles:
    world: World
    lifecycle: Lifecycle
    webhooks: Outbox
    limits: Limiter
    faults: Faults
    requests: RequestLog

    def advance(self, seconds: float) -> int:
        """Push the lifecycle clock; the number of steps that parcels made."""
        return self.lifecycle.advance(seconds)

    def deliver_webhooks(self) -> list[Json]:
        """Send what waits, on this thread (for tests without `start()`); the log's new lines."""
        return self.webhooks.deliver()

    def devices(self) -> list[Json]:
        """All devices as raw documents, the simulator's own keys included."""
        return self.world.store.all("device")

    def device(self, hwi_device_id: str) -> Json:
        return devices.found(self.world, hwi_device_id)

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
        world = self.world
        with world.change():
            uuid = gateways.normalised(hardware_uuid) or gateways.new_uuid(world)
            if not gateways.find(world, uuid):
                gateways.make(world, uuid)
            gateways.assign(world, uuid)
            document = activation.new_document(world, {"name": name, "hardware_uuid": uuid})
            fields = {"external_id": external_id, **(patient or {})} if external_id else patient
            document["patient"] = patients.apply(world, fields) if fields else None
            devices.set_status(document, status)
            return devices.save(world, document)

    def set_status(self, hwi_device_id: str, status: str, *, moving: bool = False) -> Json:
        """What a person at the vendor does by hand; the webhook follows. `moving` lets the parcel go on from there."""
        with self.world.change():
            document = self.device(hwi_device_id)
            document["step_at"] = self.world.soon() if moving else None
            devices.set_status(document, status)
            devices.tell_status(self.world, devices.save(self.world, document))
            return document

    def ship(self, hwi_device_id: str) -> Json:
        """Ship one device now, e.g. a `Pending Shipment` of the client's own."""
        with self.world.change():
            document = self.device(hwi_device_id)
            fulfillment.ship(self.world, document)
            return devices.save(self.world, document)

    def read(self, readings: list[Json]) -> Json:
        """Readings as if devices had sent them. Keys: hwi_device_id, metric, value_1, value_2, timestamp, created,
        estimated, filter_params, webhook (default true). Those of one device and timestamp travel together.
        """
        keys = ("hwi_device_id", "timestamp", "webhook")
        rows = [{"timestamp": None, "webhook": True, **each} for each in readings]
        with self.world.change():
            for (device_id, _, webhook), group in groupby(rows, key=lambda each: [each[name] for name in keys]):
                document = self.device(device_id)
                taken = [_reading(self.world, document, each) for each in group]
                measurements.store(self.world, document, taken, tell=webhook)
                if document["status"] in ("Shipped", "Dropshipped", "Delivered"):
                    fulfillment.mark_connected(self.world, document)
                    devices.save(self.world, document)
        return {"stored": len(rows)}

    def add_gateway(self, gateway_uuid: str) -> Json:
        """A gateway or IMEI that exists and is free; devices that waited for it as unknown come to life."""
        with self.world.change():
            gateway = gateways.make(self.world, gateways.normalised(gateway_uuid) or "")
            for document in self.world.store.all("device"):
                if document["device"]["hardware_uuid"] == gateway["gateway_uuid"]:
                    activation.begin(self.world, document)
                    devices.tell_status(self.world, devices.save(self.world, document))
            return gateway

    def free_gateways(self) -> list[str]:
        return gateways.free(self.world)

    def special_hook(self, endpoint: str, auth_key: str = "", auth_header: str | None = None) -> Json:
        """Register a special-order hook, as in the vendor's web app; again for the same endpoint replaces it."""
        with self.world.change():
            return webhook_admin.add_special_hook(
                self.world, endpoint=endpoint, auth_key=auth_key, auth_header=auth_header
            )

    def place_bulk_order(self, contents: list[Json], **shipping: Any) -> Json:
        with self.world.change():
            return special_orders.place_bulk(self.world, contents, **shipping)

    def set_limits(self, gap_seconds: float | None = None, retry_after: str | None = None) -> Json:
        if gap_seconds is not None:
            self.limits.gap_seconds = gap_seconds
        if retry_after is not None:
            self.limits.retry_after = retry_after
        return {"gap_seconds": self.limits.gap_seconds, "retry_after": self.limits.retry_after}


def _reading(world: World, document: Json, sent: Json) -> Json:
    return measurements.reading(
        world,
        document,
        metric=sent["metric"],
        value_1=sent["value_1"],
        value_2=sent.get("value_2", 0),
        taken=parse(sent["timestamp"]) if sent["timestamp"] else None,
        created=parse(sent["created"]) if sent.get("created") else None,
        estimated=bool(sent.get("estimated")),
        filter_params=sent.get("filter_params"),
    )

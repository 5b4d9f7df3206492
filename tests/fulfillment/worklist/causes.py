"""The cause of each kind of exception: brought about, and removed, as it happens in practice.

Each function begins the cause, yields while it lasts, and ends it. Vendor and devices are the simulator, and what
people do is the product's own code; only time is written into rows.
"""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils import timezone

from devices.models import Device, VendorCall
from devices.outbox import recovery, sending
from devices.patient_records import address_checks, records
from devices.simulator.api import gateways as simulated_gateways
from devices.sync import gateway_status
from devices.tenovi import HwiReplacement
from fulfillment import call_resolution, end_of_monitoring, tracking
from fulfillment.models import OrderLine
from fulfillment.ordering import order_lines
from fulfillment.replacements import refresh as replacement_refresh
from tests.factories import (
    DeviceFactory,
    GatewayFactory,
    PatientRecordFactory,
    ReplacementFactory,
)
from tests.measurements.webhook_items import measurement_item, receive_and_ingest
from tests.simulated_vendor import DEVICE_POSTS

SITE = "https://clinic.example"
LONG_AGO = dt.timedelta(days=60)
CAUSES = {}


def cause_of(kind):
    def register(cause):
        CAUSES[kind] = cause
        return cause

    return register


class Clinic:
    """Rosa's clinic, its people and its vendor, by the names of the fixtures."""

    def __init__(self, request):
        self._request = request

    def __getattr__(self, name):
        return self._request.getfixturevalue(name)

    def send(self):
        """Send what waits, and read every device again."""
        sending.send_due_calls(self.client)
        Device.objects.update(refresh_due_at=timezone.now())
        tracking.refresh_due_devices(self.client)
        tracking.update_order_lines()

    def order_scale(self):
        """Rosa's, accepted by the vendor. Returns its line."""
        line = self.place_one_line()
        self.send()
        return OrderLine.objects.select_related("call__device", "order", "patient", "device_type").get(pk=line.pk)

    def vendor_says(self, line, status):
        self.sim.set_status(str(line.call.device.hwi_id), status)
        self.send()

    def edit_shipping(self, line, **facts):
        document = self.sim.device(str(line.call.device.hwi_id))
        document["device"]["fulfillment_request"] |= facts
        self.sim.state.store.put("device", document["id"], document)
        self.send()

    def add_used_device(self, **fields):
        """Of Rosa and known to the vendor, with nothing wrong about it."""
        document = self.sim.add_device(external_id=self.rosa.external_id)
        gateway = GatewayFactory(hardware_uuid=document["device"]["hardware_uuid"])
        used = {"hwi_id": document["id"], "gateway": gateway, "last_seen_at": timezone.now(), "sensor_code": "10"}
        return DeviceFactory(patient=self.rosa, **used | fields)

    def read_gateway(self, gateway, **facts):
        """What the vendor says of it."""
        known = simulated_gateways.find_gateway(self.sim.state, gateway.hardware_uuid)
        self.sim.state.store.put("gateway", gateway.hardware_uuid, {**known, **facts})
        gateway_status.fetch_gateway_status(self.client, gateway)


def ingest(device, *, taken_at=None, **item):
    """A reading of now; two readings of one second are one reading to the receiver."""
    instant = (taken_at or timezone.now()).isoformat()
    times = {"timestamp": instant, "created": instant}
    receive_and_ingest(measurement_item(device, **{"hardware_uuid": device.gateway.hardware_uuid} | times | item))


def backdate(line):
    OrderLine.objects.filter(pk=line.pk).update(status_at=timezone.now() - LONG_AGO)
    Device.objects.filter(lines=line).update(delivered_on=None)


# --- orders -----------------------------------------------------------------------------------------------------------


@cause_of("needs_review")
def lose_an_answer_for_good(clinic):
    call = clinic.call_needing_review("reset_before")
    yield
    call_resolution.abandon_call(call=call, by=clinic.cora, reason="Ordered by phone")


@cause_of("unknown")
def lose_an_answer(clinic):
    line = clinic.place_one_line()
    clinic.sim.faults.add("reset_after", match=DEVICE_POSTS)
    clinic.send()
    backdate(line)
    yield
    VendorCall.objects.update(search_after=timezone.now(), unknown_since=timezone.now() - sending.settle_time())
    recovery.search_unknown_calls(clinic.client)
    tracking.update_order_lines()


@cause_of("rejected")
def order_what_the_vendor_refuses(clinic):
    clinic.sim.faults.add("status", status=400, match=DEVICE_POSTS)
    line = clinic.order_scale()
    yield
    order_lines.close_line(line=line, by=clinic.cora, reason="Not needed")


@cause_of("unknown_gateway")
def activate_with_a_mistyped_gateway(clinic):
    clinic.place_activation("0011-2233-44FF")
    clinic.send()
    yield
    clinic.sim.add_gateway("0011223344FF")
    clinic.send()


def by_status(status, then="Ready to Ship"):
    def cause(clinic):
        line = clinic.order_scale()
        clinic.vendor_says(line, status)
        yield
        clinic.vendor_says(line, then)

    return cause


for kind, status in {
    "action_required": "Client Action Required",
    "on_hold": "On Hold",
    "other": "Quality Inspection",
}.items():
    CAUSES[kind] = by_status(status)


@cause_of("returned")
def return_a_parcel(clinic):
    line = clinic.order_scale()
    clinic.vendor_says(line, "Returned")
    yield
    device = line.call.device
    end_of_monitoring.end_device_monitoring(device=device, by=clinic.cora, reason="The parcel came back")
    clinic.send()


@cause_of("overdue")
def wait_for_a_parcel(clinic):
    line = clinic.order_scale()
    backdate(line)
    yield
    clinic.vendor_says(line, "Shipped")


@cause_of("delivered_unused")
def leave_a_device_in_its_box(clinic):
    line = clinic.order_scale()
    clinic.vendor_says(line, "Delivered")
    backdate(line)
    yield
    clinic.vendor_says(line, "Connected")


@cause_of("closed_here")
def close_an_order_here_alone(clinic):
    line = clinic.order_scale()
    clinic.vendor_says(line, "On Hold")
    line.refresh_from_db()
    order_lines.close_line(line=line, by=clinic.cora, reason="Enough")
    yield
    clinic.vendor_says(line, "Cancelled")


@cause_of("not_ended")
def refuse_to_end_monitoring(clinic):
    device = clinic.add_used_device()
    clinic.sim.faults.add("status", status=400, match={"path_contains": str(device.hwi_id)}, times=None)
    end_of_monitoring.end_device_monitoring(device=device, by=clinic.cora, reason="Moved")
    sending.send_due_calls(clinic.client)
    yield
    clinic.sim.faults.clear()
    end_of_monitoring.end_device_monitoring(device=device, by=clinic.cora, reason="Moved")
    clinic.send()


@cause_of("address_not_confirmed")
def doubt_the_address(clinic):
    line = clinic.order_scale()
    clinic.edit_shipping(line, invalid_address="No such street")
    yield
    clinic.edit_shipping(line, invalid_address=None)


@cause_of("possible_duplicate")
def see_a_duplicate(clinic):
    line = clinic.order_scale()
    clinic.edit_shipping(line, duplicate_device_at_address=True)
    yield
    clinic.edit_shipping(line, duplicate_device_at_address=False)


@cause_of("replacement_stuck")
def hold_a_replacement(clinic):
    replacement = ReplacementFactory(device=clinic.add_used_device(), call__state="confirmed", state="pending")
    row = {"id": uuid.uuid4(), "fulfilled": False}
    replacement_refresh.store_vendor_row(replacement, HwiReplacement(**row, shipping_status="OH"))
    yield
    replacement_refresh.store_vendor_row(replacement, HwiReplacement(**row, shipping_status="RS"))


@cause_of("record_address")
def refuse_the_address_of_a_patient(clinic):
    PatientRecordFactory(patient=clinic.rosa, address_status="invalid", answered_at=timezone.now())
    yield
    address_checks.confirm_address(clinic.rosa, by=clinic.cora)


@cause_of("record_refused")
def refuse_the_record_of_a_patient(clinic):
    clinic.sim.faults.add("status", status=400)
    records.request_record(clinic.rosa, by=clinic.cora)
    sending.send_due_calls(clinic.client)
    yield
    records.request_record(clinic.rosa, by=clinic.cora, force=True)

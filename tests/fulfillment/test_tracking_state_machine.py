"""Hooks get lost, repeated, reordered and late; after quiet each line shows what the vendor's own record says."""

import datetime as dt
import json
import uuid
from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from devices.inbox import processing
from devices.models import Assignment, Delivery, Device
from devices.outbox import sending
from devices.simulator.api import devices, gateways, replacements
from devices.sync import reconciliation
from devices.tenovi import parse_device_state
from fulfillment import status_webhooks, tracking
from fulfillment.models import OrderLine
from fulfillment.ordering import orders
from tests import factories
from tests.simulated_vendor import SHIPPING_ADDRESS
from tests.state_machines import VendorStateMachine, run_state_machine

MANUAL_STATUSES = ["On Hold", "Ready to Ship", "Client Action Required", "Held At Customs", "Returned", "Shipped"]
COUNTS = Counter()


class TrackingStateMachine(VendorStateMachine):
    @initialize()
    def an_order_is_confirmed(self):
        self.sim.state.webhook_sender.queue_delivery = lambda hook, event, payload: self.hooks.append(payload)
        self.hooks, self.sent = [], []
        with self.sim.state.transaction():
            hook = {"id": "h", "event": "FULFILLMENT", "enabled_by_default": True}
            self.sim.state.store.put("webhook", "h", hook)
        elm = factories.ClinicFactory()
        cora = factories.UserFactory(role="coordinator", clinics=[elm])
        types = [factories.DeviceTypeFactory(name=name, sensor_code=code) for name, code in DEVICE_TYPES]
        kit = factories.KitFactory(clinic=elm, items=[(each, 1) for each in types])
        patient = factories.PatientFactory(clinic=elm)
        orders.place(patient=patient, kit=kit, ship_to=SHIPPING_ADDRESS, by=cora, submission_id=uuid.uuid4())
        sending.send_due_calls(self.client)
        tracking.update_order_lines()

    # --- what the vendor does

    @rule(seconds=st.sampled_from([10, 21, 21, 45]))
    def parcels_move(self, seconds):
        self.sim.advance(seconds)

    @rule(data=st.data(), word=st.sampled_from(MANUAL_STATUSES))
    def the_vendor_staff_changes_the_status(self, data, word):
        if linked := [each["id"] for each in self.sim.devices() if not each["unlinked_on"]]:
            self.sim.set_status(data.draw(st.sampled_from(linked)), word, moving=True)

    @rule(data=st.data())
    def a_gateway_is_replaced(self, data):
        if shipped := [each for each in self.sim.devices() if each["device"]["hardware_uuid"]]:
            old = data.draw(st.sampled_from(shipped))["device"]["hardware_uuid"]
            self.swap(old)

    @rule(data=st.data())
    def a_device_is_unlinked_in_their_web_app(self, data):
        hwi_id = data.draw(st.sampled_from(sorted(each["id"] for each in self.sim.devices())))
        self.client.unlink_device(hwi_id)

    def swap(self, old):
        """Every device on it, each with a webhook of its own, as the vendor does."""
        new = gateways.ship_new_gateway(self.sim.state, cellular=False)["gateway_uuid"]
        with self.sim.state.transaction():
            for each in self.sim.devices():
                if each["device"]["hardware_uuid"] == old:
                    replacements.log_hardware_change(self.sim.state, each, old, new, self.sim.state.clock.stamp())
                    each["device"]["hardware_uuid"] = new
                    devices.save_device(self.sim.state, each)
                    devices.notify_device_status(self.sim.state, each, status="Replaced", old_uuid=old)
        COUNTS["replacements"] += 1

    # --- what the network does

    @precondition(lambda self: self.hooks)
    @rule(data=st.data(), again=st.booleans())
    def a_hook_arrives(self, data, again):
        """Any of those under way: out of order, and perhaps once more later."""
        payload = data.draw(st.sampled_from(self.hooks))
        if not again:
            self.hooks.remove(payload)
        self.sent.append(payload)
        processing.receive_delivery(kind=Delivery.Kind.FULFILLMENT, body=encode_payload(payload))
        processing.process_due_deliveries(Delivery.Kind.FULFILLMENT, status_webhooks.process_status_deliveries)
        COUNTS["hooks"] += 1

    @precondition(lambda self: self.hooks)
    @rule(data=st.data())
    def a_hook_gets_lost(self, data):
        self.hooks.remove(data.draw(st.sampled_from(self.hooks)))
        COUNTS["lost"] += 1

    @rule(times=st.integers(1, 2))
    def the_vendor_gives_no_answer(self, times):
        self.sim.faults.add("status", status=500, times=times, match={"method": "GET", "path_contains": "hwi-devices"})

    # --- what our side does about it

    @rule()
    def workers_read_again(self):
        tracking.refresh_due_devices(self.client)
        tracking.update_order_lines()

    @rule(seconds=st.sampled_from([1, 16, 31, 61]))
    def time_passes(self, seconds):
        self.clock.shift(dt.timedelta(seconds=seconds))

    @invariant()
    def a_hint_is_shown_as_unconfirmed_until_the_device_is_read_and_never_believed(self):
        for device in Device.objects.all():
            if device.unconfirmed:
                assert device.refresh_due_at is not None, "somebody must be about to read it"
        for line in OrderLine.objects.filter(closed_at__isnull=True).select_related("device"):
            assert line.device is None or line.status == line.device.state or self.not_caught_up(line)

    def not_caught_up(self, line):
        return (
            tracking.derive_line_status(OrderLine.objects.select_related("call__device").get(pk=line.pk)) != line.status
        )

    def comes_to_rest(self):
        """The first quiet reading sees what a lost hook hid: the nightly comparison of devices."""
        self.sim.faults.clear()
        for payload in self.hooks[-3:]:
            processing.receive_delivery(kind=Delivery.Kind.FULFILLMENT, body=encode_payload(payload))
        processing.process_due_deliveries(Delivery.Kind.FULFILLMENT, status_webhooks.process_status_deliveries)
        for _ in range(4):
            self.time_passes(61)
            self.workers_read_again()
        reconciliation.reconcile_devices(self.client)
        tracking.update_order_lines()
        COUNTS["walks"] += 1
        for there in self.sim.devices():
            self.shows(there)

    def shows(self, there):
        device = Device.objects.select_related("gateway").get(hwi_id=there["id"])
        line = OrderLine.objects.get(call__device=device)
        if there["unlinked_on"]:
            assert (device.state, line.status) == ("unlinked", "unlinked")
            assert not Assignment.objects.open().filter(device=device).exists()
            COUNTS["unlinked"] += 1
        elif there["status"] != "Replaced":
            assert device.state == parse_device_state(there["status"])
            assert line.status == device.state or line.closed_at
        if there["device"]["hardware_uuid"]:
            assert device.hardware_uuid == there["device"]["hardware_uuid"]
        assert not device.unconfirmed
        assert device.refresh_due_at is None


DEVICE_TYPES = (("Tenovi BPM - L", "10"), ("Tenovi Scale", "13"))


def encode_payload(payload):
    return json.dumps(payload).encode()


@pytest.mark.parametrize(
    ("runs", "steps"), [pytest.param(12, 25, id="few"), pytest.param(200, 50, id="many", marks=pytest.mark.faults)]
)
def test_tracking_state_machine_ends_at_vendor_status_of_each_line(db, report_note, runs, steps):
    COUNTS.clear()

    run_state_machine(TrackingStateMachine, runs=runs, steps=steps, remark=report_note)

    report_note(", ".join(f"{count} {what}" for what, count in COUNTS.items()))
    assert COUNTS["hooks"] > 0

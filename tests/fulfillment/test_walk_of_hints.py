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
from devices.tenovi import device_state
from fulfillment import status_webhooks, tracking
from fulfillment.models import OrderLine
from fulfillment.ordering import orders
from tests import factories
from tests.vendor import HOME
from tests.walks import Walk, walk

BY_HAND = ["On Hold", "Ready to Ship", "Client Action Required", "Held At Customs", "Returned", "Shipped"]
TALLY = Counter()


class WalkOfHints(Walk):
    @initialize()
    def an_order_is_confirmed(self):
        self.sim.world.outbox.push = lambda hook, event, payload: self.hooks.append(payload)
        self.hooks, self.sent = [], []
        with self.sim.world.change():
            hook = {"id": "h", "event": "FULFILLMENT"}
            self.sim.world.store.put("webhook", "h", hook)
        elm = factories.ClinicFactory()
        cora = factories.UserFactory(role="coordinator", clinics=[elm])
        types = [factories.DeviceTypeFactory(name=name, sensor_code=code) for name, code in TYPES]
        kit = factories.KitFactory(clinic=elm, items=[(each, 1) for each in types])
        patient = factories.PatientFactory(clinic=elm)
        orders.place(patient=patient, kit=kit, ship_to=HOME, by=cora, submission_id=uuid.uuid4())
        sending.drain(self.client)
        tracking.catch_up()

    # --- what the vendor does

    @rule(seconds=st.sampled_from([10, 21, 21, 45]))
    def parcels_move(self, seconds):
        self.sim.advance(seconds)

    @rule(data=st.data(), word=st.sampled_from(BY_HAND))
    def somebody_at_the_vendor_changes_the_status(self, data, word):
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
        new = gateways.ship_new(self.sim.world, cellular=False)["gateway_uuid"]
        with self.sim.world.change():
            for each in self.sim.devices():
                if each["device"]["hardware_uuid"] == old:
                    replacements.swap(self.sim.world, each, new, self.sim.world.clock.stamp())
                    devices.save(self.sim.world, each)
                    devices.tell_status(self.sim.world, each, status="Replaced", old_uuid=old)
        TALLY["replacements"] += 1

    # --- what the network does

    @precondition(lambda self: self.hooks)
    @rule(data=st.data(), again=st.booleans())
    def a_hook_arrives(self, data, again):
        """Any of those under way: out of order, and perhaps once more later."""
        payload = data.draw(st.sampled_from(self.hooks))
        if not again:
            self.hooks.remove(payload)
        self.sent.append(payload)
        processing.receive(kind=Delivery.Kind.FULFILLMENT, body=bytes_of(payload))
        processing.drain(Delivery.Kind.FULFILLMENT, status_webhooks.take_in)
        TALLY["hooks"] += 1

    @precondition(lambda self: self.hooks)
    @rule(data=st.data())
    def a_hook_gets_lost(self, data):
        self.hooks.remove(data.draw(st.sampled_from(self.hooks)))
        TALLY["lost"] += 1

    @rule(times=st.integers(1, 2))
    def the_vendor_gives_no_answer(self, times):
        self.sim.faults.add("status", status=500, times=times, match={"method": "GET", "path_contains": "hwi-devices"})

    # --- what our side does about it

    @rule()
    def workers_read_again(self):
        tracking.reread_due(self.client)
        tracking.catch_up()

    @rule(seconds=st.sampled_from([1, 16, 31, 61]))
    def time_passes(self, seconds):
        self.clock.shift(dt.timedelta(seconds=seconds))

    @invariant()
    def a_hint_is_shown_as_unconfirmed_until_the_device_is_read_and_never_believed(self):
        for device in Device.objects.all():
            if device.unconfirmed:
                assert device.reread_at is not None, "somebody must be about to read it"
        for line in OrderLine.objects.filter(closed_at__isnull=True).select_related("device"):
            assert line.device is None or line.status == line.device.state or self.not_caught_up(line)

    def not_caught_up(self, line):
        return tracking.status_of(OrderLine.objects.select_related("call__device").get(pk=line.pk)) != line.status

    def comes_to_rest(self):
        """The first quiet reading sees what a lost hook hid: the nightly comparison of devices."""
        self.sim.faults.clear()
        for payload in self.hooks[-3:]:
            processing.receive(kind=Delivery.Kind.FULFILLMENT, body=bytes_of(payload))
        processing.drain(Delivery.Kind.FULFILLMENT, status_webhooks.take_in)
        for _ in range(4):
            self.time_passes(61)
            self.workers_read_again()
        reconciliation.compare_devices(self.client)
        tracking.catch_up()
        TALLY["walks"] += 1
        for there in self.sim.devices():
            self.shows(there)

    def shows(self, there):
        device = Device.objects.select_related("gateway").get(hwi_id=there["id"])
        line = OrderLine.objects.get(call__device=device)
        if there["unlinked_on"]:
            assert (device.state, line.status) == ("unlinked", "unlinked")
            assert not Assignment.objects.open().filter(device=device).exists()
            TALLY["unlinked"] += 1
        elif there["status"] != "Replaced":
            assert device.state == device_state(there["status"])
            assert line.status == device.state or line.closed_at
        if there["device"]["hardware_uuid"]:
            assert device.hardware_uuid == there["device"]["hardware_uuid"]
        assert not device.unconfirmed
        assert device.reread_at is None


TYPES = (("Tenovi BPM - L", "10"), ("Tenovi Scale", "13"))


def bytes_of(payload):
    return json.dumps(payload).encode()


@pytest.mark.parametrize(
    ("runs", "steps"), [pytest.param(12, 25, id="few"), pytest.param(200, 50, id="many", marks=pytest.mark.faults)]
)
def test_after_quiet_each_line_shows_what_the_vendor_shows(db, remark, runs, steps):
    TALLY.clear()

    walk(WalkOfHints, runs=runs, steps=steps, remark=remark)

    remark(", ".join(f"{count} {what}" for what, count in TALLY.items()))
    assert TALLY["hooks"] > 0

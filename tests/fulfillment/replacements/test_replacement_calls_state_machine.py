"""However answers get lost, a replacement exists once at the vendor, and its call ends with it."""

import datetime as dt
from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from devices import tenovi
from devices.models import Device, VendorCall
from devices.outbox import recovery, replacement_calls, requests, sending
from tests import factories
from tests.fulfillment.test_calls_state_machine import NETWORK_FAULTS
from tests.simulated_vendor import SHIPPING_ADDRESS
from tests.state_machines import VendorStateMachine, run_state_machine

State = VendorCall.State
GATEWAYS = ("A1B2C3D4E5F6", "A1B2C3D4E5F7", "A1B2C3D4E5F8")


class ReplacementCallsStateMachine(VendorStateMachine):
    def __init__(self):
        super().__init__()
        self.cora = factories.UserFactory(role="coordinator", clinics=[factories.ClinicFactory()])
        rosa = factories.PatientFactory(clinic=self.cora.clinics.get())
        scale = factories.DeviceTypeFactory(name="Tenovi Scale", sensor_code="13")
        for gateway in GATEWAYS:
            requests.request_activation(patient=rosa, device_type=scale, hardware_uuid=gateway, by=self.cora)
        sending.send_due_calls(self.client)
        self.devices = list(Device.objects.order_by("pk"))

    @initialize()
    def a_replacement_is_asked_for_and_its_answer_is_lost(self):
        self.a_coordinator_replaces()
        self.sim.faults.add("reset_after", match={"method": "POST"})
        self.workers_work()

    @precondition(lambda self: replacement_count() < len(GATEWAYS))
    @rule()
    def a_coordinator_replaces(self):
        device = self.devices[replacement_count()]
        names = [replacement_calls.GATEWAY_NAME]
        replacement_calls.request_replacement(device=device, names=names, ship_to=SHIPPING_ADDRESS, by=self.cora)

    @rule(fault=st.sampled_from(NETWORK_FAULTS), method=st.sampled_from(["POST", "GET"]))
    def a_request_meets_a_fault(self, fault, method):
        self.sim.faults.add(**fault, match={"method": method, "path_contains": "hwi-replacements"})

    @rule(written=st.booleans())
    def a_worker_dies_over_a_call(self, written):
        if (call := sending.claim_next_call()) and written:
            with suppress(tenovi.VendorError):
                sending.SENDER_BY_KIND[call.kind](self.client, call)

    @rule()
    def workers_work(self):
        sending.send_due_calls(self.client)

    @rule()
    def workers_search(self):
        sending.expire_call_leases()
        recovery.search_unknown_calls(self.client)

    @rule(seconds=st.sampled_from([5, 130, 901, 3700]))
    def time_passes(self, seconds):
        self.clock.shift(dt.timedelta(seconds=seconds))

    @invariant()
    def nothing_is_shipped_twice(self):
        asked = [order["hwi_device_id"] for order in self.sim.state.store.all("replacement")]
        assert len(asked) == len(set(asked))

    @invariant()
    def a_confirmed_call_has_its_own_replacement(self):
        listed = {order["id"]: order["hwi_device_id"] for order in self.sim.state.store.all("replacement")}
        confirmed = VendorCall.objects.filter(kind="replace", state=State.CONFIRMED).select_related("device")
        assert all(listed[call.answer["id"]] == str(call.device.hwi_id) for call in confirmed)

    def comes_to_rest(self):
        self.sim.faults.clear()
        waiting = VendorCall.objects.filter(kind="replace", state__in=State.unresolved())
        for _ in range(12):
            if not waiting.exclude(state=State.NEEDS_REVIEW).exists():
                break
            self.clock.shift(sending.settle_time() + dt.timedelta(seconds=1))
            self.workers_search()
            self.workers_work()
        self.nothing_is_shipped_twice()
        self.a_confirmed_call_has_its_own_replacement()
        assert not waiting.exclude(state=State.NEEDS_REVIEW).exists(), "a call is left waiting"
        without_answer = VendorCall.objects.filter(kind="replace", state=State.NEEDS_REVIEW).count()
        assert len(self.sim.state.store.all("replacement")) >= replacement_count() - without_answer


def replacement_count():
    return VendorCall.objects.filter(kind="replace").count()


def test_replacement_calls_state_machine_never_ships_twice_or_loses_a_call(db, report_note):
    run_state_machine(ReplacementCallsStateMachine, runs=8, steps=20, remark=report_note)

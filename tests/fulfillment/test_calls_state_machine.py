"""No path reaches a second POST at the vendor without a proof of absence between, however answers get lost."""

import datetime as dt
from collections import Counter
from contextlib import suppress
from itertools import pairwise

import pytest
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from devices import tenovi
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind
from devices.outbox import manual_lookup, manual_resolution, record_calls, recovery, requests, sending, step_goal_calls
from devices.patient_records import records, rereads
from devices.patient_records.models import PatientRecord
from fulfillment import call_resolution
from patients.enrollment import admission
from patients.models import Patient
from tests import factories
from tests.simulated_vendor import SHIPPING_ADDRESS
from tests.state_machines import REJECTED_STATUSES, VendorStateMachine, run_state_machine

State = VendorCall.State
MOST_CALLS = 4
NETWORK_FAULTS = [
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "truncate"},
    {"kind": "html"},
    {"kind": "html", "applied": True},
    {"kind": "garbage"},
    {"kind": "garbage", "applied": True},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502, "applied": True},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "3"}},
    {"kind": "status", "status": 401},
    {"kind": "redirect"},
]
COUNTS = Counter()
IDEMPOTENT_DEVICE_KINDS = (CallKind.SET_STEP_GOAL, CallKind.DETACH)
RESOLVED_STATES = (State.CONFIRMED, State.ABANDONED, State.CANCELLED)
STREETS = ("1 Oak Street", "2 Oak Street", "")
PHONES = ("(603) 555-0142", "(603) 555-0177", "")


class CallsStateMachine(VendorStateMachine):
    def __init__(self):
        super().__init__()
        elm = factories.ClinicFactory()
        self.cora = factories.UserFactory(role="coordinator", clinics=[elm])
        self.people = [factories.PatientFactory(clinic=elm) for _ in range(2)]
        self.scale = factories.DeviceTypeFactory(name="Tenovi Scale", sensor_code="13")
        self.keys, self.decided, self.notes_kept = {}, [], True

    # --- what is asked for

    @initialize(faults=st.lists(st.sampled_from(NETWORK_FAULTS), min_size=2, max_size=4))
    def a_bad_morning(self, faults):
        self.a_coordinator_orders(0)
        self.a_coordinator_orders(0)
        self.a_coordinator_activates(1)
        for fault in faults:
            self.an_order_meets_a_fault(fault)
        self.workers_work()

    @precondition(lambda self: len(self.keys) < MOST_CALLS)
    @rule(who=st.integers(0, 1))
    def a_coordinator_orders(self, who):
        asked = {"patient": self.people[who], "device_type": self.scale, "by": self.cora}
        call = requests.request_order(gateway=None, ship_to=SHIPPING_ADDRESS, **asked)
        self.keys[call.pk] = call.reference

    @precondition(lambda self: len(self.keys) < MOST_CALLS)
    @rule(who=st.integers(0, 1))
    def a_coordinator_activates(self, who):
        gateway = f"A1B2C3D4E5{len(self.keys):02X}"
        asked = {"patient": self.people[who], "device_type": self.scale, "by": self.cora}
        call = requests.request_activation(hardware_uuid=gateway, **asked)
        self.keys[call.pk] = gateway

    @rule(who=st.integers(0, 1))
    def a_coordinator_has_an_address_checked(self, who):
        records.request_record(Patient.objects.get(pk=self.people[who].pk), by=self.cora)

    @rule(who=st.integers(0, 1), street=st.sampled_from(STREETS), phone=st.sampled_from(PHONES), texts=st.booleans())
    def a_coordinator_edits_a_patient(self, who, street, phone, texts):
        current = Patient.objects.get(pk=self.people[who].pk)
        fields = {"street": street, "phone": phone, "sms_consent": texts}
        admission.edit_patient(patient=current, by=self.cora, edit_version=current.edit_version, **fields)

    @precondition(lambda self: Device.objects.exists())
    @rule(data=st.data(), steps=st.integers(1000, 9000))
    def a_coordinator_sets_a_step_goal(self, data, steps):
        step_goal_calls.request_step_goal(data.draw(devices()), steps=steps, by=self.cora)

    @precondition(lambda self: Device.objects.exists())
    @rule(data=st.data())
    def a_coordinator_detaches_a_device(self, data):
        record_calls.request_detach(data.draw(devices()), by=self.cora)

    # --- what goes wrong

    @rule(fault=st.sampled_from(NETWORK_FAULTS))
    def an_order_meets_a_fault(self, fault):
        self.sim.faults.add(**fault, match={"method": "POST"})

    @rule(fault=st.sampled_from(NETWORK_FAULTS))
    def an_update_or_detaching_meets_a_fault(self, fault):
        self.sim.faults.add(**fault, match={"method": "PUT"})

    @rule(fault=st.sampled_from(NETWORK_FAULTS), times=st.integers(1, 3))
    def the_search_meets_a_fault(self, fault, times):
        self.sim.faults.add(**fault, times=times, match={"method": "GET"})

    @rule()
    def the_vendor_is_silent_for_hours(self):
        self.sim.faults.add("status", status=500, times=None, match={"method": "GET"})
        for _ in range(2):
            self.time_passes(3700)
            self.workers_search()
        self.sim.faults.clear()

    @rule()
    def the_network_is_repaired(self):
        self.sim.faults.clear()

    @rule(written=st.booleans())
    def a_worker_dies_over_a_call(self, written):
        if (call := sending.claim_next_call()) and written:
            with suppress(tenovi.VendorError):  # dead: it can't say what it heard
                sending.SENDER_BY_KIND[call.kind](self.client, call)

    @rule()
    def a_worker_answers_after_its_lease(self):
        if call := sending.claim_next_call():
            self.clock.shift(dt.timedelta(seconds=130))
            sending.expire_call_leases()
            with suppress(tenovi.Misconfigured):
                sending.send_call(call, self.client)

    @rule(data=st.data())
    def what_was_lost_arrives_late(self, data):
        """Within the settle time: that is what the settle time is for."""
        young = timezone.now() - sending.settle_time()
        lost = [post for post in self.ledger.posts() if is_unclear(post) and not post.made and post.at > young]
        writes = self.ledger.record_writes() + self.ledger.device_writes()
        lost += [write for write in writes if is_unclear_write(write) and write.at > young]
        if lost:
            self.ledger.apply_late(data.draw(st.sampled_from(lost)))

    @precondition(lambda self: self.sim.devices())
    @rule()
    def the_vendor_forgets_our_notes(self):
        self.notes_kept = False
        with self.sim.state.transaction():
            for document in self.sim.devices():
                if order := document["device"]["fulfillment_request"]:
                    order["client_notes"] = ""
                self.sim.state.store.put("device", document["id"], document)

    # --- what our side does about it

    @rule()
    def workers_work(self):
        sending.send_due_calls(self.client)

    @rule()
    def workers_search(self):
        sending.expire_call_leases()
        recovery.search_unknown_calls(self.client)
        rereads.read_due_records(self.client)

    @rule(seconds=st.sampled_from([5, 70, 130, 901, 901, 3700]))
    def time_passes(self, seconds):
        self.clock.shift(dt.timedelta(seconds=seconds))

    @rule(look=st.booleans(), choice=st.sampled_from(["take", "again", "again", "insist", "give up"]))
    def a_person_decides(self, look, choice):
        for call in VendorCall.objects.filter(state=State.NEEDS_REVIEW):
            if look:
                manual_lookup.request_call_lookup(call)
                manual_lookup.run_due_lookups(self.client)
            self.decide(call, choice)

    def decide(self, call, choice):
        """The person knows what the vendor would answer by phone, and takes no other patient's device."""
        call.refresh_from_db()
        made, before = self.ledger.made(self.keys[call.pk]), call.state
        try:
            if choice == "take" and made:
                call_resolution.confirm_call(call=call, hwi_id=made[0], by=self.cora)
            if choice == "again":
                call_resolution.send_call_again(call=call, by=self.cora)
            if choice == "insist" and not made:
                call_resolution.send_call_again(call=call, by=self.cora, typed_reference=call.reference)
            if choice == "give up":
                call_resolution.abandon_call(call=call, by=self.cora, reason="enough")
        except manual_resolution.CannotResolve:
            call.refresh_from_db()
            assert call.state == before
            return
        self.decided.append((call.pk, timezone.now(), choice))

    # --- what must hold, always

    @invariant()
    def of_each_record_only_the_newest_waits(self):
        for person in self.people:
            waiting = list(records.record_calls(person).filter(state=State.QUEUED))
            assert waiting == [call for call in [records.newest_call(person)] if call and call.state == State.QUEUED]

    @invariant()
    def of_each_device_one_goal_and_one_detaching_waits(self):
        kinds = VendorCall.objects.filter(kind__in=IDEMPOTENT_DEVICE_KINDS, state=State.QUEUED)
        waiting = list(kinds.values_list("device", "kind"))
        assert len(waiting) == len(set(waiting))
        assert not VendorCall.objects.filter(kind__in=IDEMPOTENT_DEVICE_KINDS, state=State.UNKNOWN).exists()

    @invariant()
    def nothing_exists_twice(self):
        if self.notes_kept:
            assert all(len(self.ledger.made(key)) <= 1 for key in self.keys.values())
        assert len(self.sim.devices()) <= len(self.keys)

    @invariant()
    def a_second_post_follows_a_proof_of_absence(self):
        for pk, key in self.keys.items():
            for first, second in pairwise(self.ledger.posts(key)):
                assert not is_unclear(first) or self.proved(pk, first, second), (key, self.ledger.lines)

    @invariant()
    def no_device_belongs_to_two_calls(self):
        creating = VendorCall.objects.filter(device__isnull=False, kind__in=CallKind.creating())
        owned = list(creating.values_list("device", flat=True))
        assert len(owned) == len(set(owned))

    @invariant()
    def a_confirmed_call_has_its_own_device(self):
        made = VendorCall.objects.filter(state=State.CONFIRMED, kind__in=CallKind.creating())
        for call in made.select_related("device") if self.notes_kept else ():
            assert [str(call.device.hwi_id)] == self.ledger.made(self.keys[call.pk])

    def proved(self, pk, first, second):
        """Two complete lists without it, a settle time apart and after the first; or a person, who had one or knew.

        Where the vendor has forgotten our notes, two orders of the same thing are each other's equal: what this one
        made may be what the other one has got, and is not its own any more.
        """
        between = [line for line in self.ledger.lists() if line.listed is not None and first.at < line.at < second.at]
        absent = [
            line.at for line in between if not set(line.listed) & (set(first.made) - self.got_by_others(pk, line))
        ]
        # Earlier lookups may be about other calls of the same patient: such a list proves nothing.
        settled = [at for at in absent if at - first.at >= sending.settle_time()]
        apart = bool(settled) and settled[-1] - settled[0] >= sending.settle_time()
        chosen = [(at, how) for who, at, how in self.decided if who == pk and first.at < at < second.at]
        shown = any(
            how == "insist" or any(at - each <= manual_lookup.LOOKUP_VALIDITY for each in absent) for at, how in chosen
        )
        return apart or shown

    def got_by_others(self, pk, line):
        if self.notes_kept:
            return set()
        others = VendorCall.objects.exclude(pk=pk).filter(state=State.CONFIRMED, resolved_at__lte=line.at)
        return {str(hwi_id) for hwi_id in others.values_list("device__hwi_id", flat=True)}

    def comes_to_rest(self):
        self.sim.faults.clear()
        for _ in range(12):
            unread = PatientRecord.objects.filter(reread_due_at__isnull=False)
            if not (VendorCall.objects.exclude(state__in=RESOLVED_STATES).exists() or unread.exists()):
                break
            self.clock.shift(sending.settle_time() + dt.timedelta(seconds=1))
            self.workers_search()
            self.workers_work()
            for choice in ("take", "again"):
                self.a_person_decides(look=True, choice=choice)
        self.count()
        self.nothing_exists_twice()
        self.a_second_post_follows_a_proof_of_absence()
        left = dict(VendorCall.objects.exclude(state__in=RESOLVED_STATES).values_list("reference", "state"))
        assert left == {}, "nobody is left waiting"
        if self.notes_kept:
            self.a_confirmed_call_has_its_own_device()
        self.each_record_is_like_ours()
        self.each_device_is_as_asked_for()

    def each_device_is_as_asked_for(self):
        for call in VendorCall.objects.filter(kind="set_step_goal").order_by("created_at").select_related("device"):
            newest = call.device.vendor_calls.filter(kind="set_step_goal").latest("created_at")
            rows = self.client.list_device_properties(call.device.hwi_id).rows
            assert [row.value for row in rows] == [str(newest.payload["steps"])] == [call.device.step_goal]
        for call in VendorCall.objects.filter(kind="detach").select_related("device"):
            assert self.client.get_device(call.device.hwi_id).external_id is None

    def each_record_is_like_ours(self):
        for record in PatientRecord.objects.select_related("patient__clinic"):
            answer = self.client.get_patient(record.patient.external_id)
            assert records.holds_payload(answer, records.build_payload(record.patient, record))

    def count(self):
        posts = [self.ledger.posts(key) for key in self.keys.values()]
        again = sum(is_unclear(first) for sent in posts for first, _ in pairwise(sent))
        COUNTS["record writes"] += len(self.ledger.record_writes())
        COUNTS["device writes"] += len(self.ledger.device_writes())
        sent, lists = sum(map(len, posts)), len(self.ledger.lists())
        COUNTS.update({"walks": 1, "calls": len(self.keys), "posts": sent, "lists": lists, "posted again": again})
        COUNTS.update(f"a person: {how}" for _, _, how in self.decided)


def devices():
    return st.sampled_from(list(Device.objects.order_by("pk")))


def is_unclear(post):
    return post.status not in REJECTED_STATUSES and not (post.status == 201 and post.made and is_readable(post))


def is_unclear_write(write):
    return write.status not in REJECTED_STATUSES and not (write.status in (200, 201) and is_readable(write))


def is_readable(post):
    return post.answer.rstrip().endswith(b"}")


@pytest.mark.parametrize(
    ("runs", "steps"), [pytest.param(12, 30, id="few"), pytest.param(200, 50, id="many", marks=pytest.mark.faults)]
)
def test_calls_state_machine_never_orders_twice_or_loses_a_call(db, report_note, runs, steps):
    COUNTS.clear()

    run_state_machine(CallsStateMachine, runs=runs, steps=steps, remark=report_note)

    report_note(", ".join(f"{count} {what}" for what, count in COUNTS.items()))
    assert COUNTS["posts"] >= COUNTS["calls"] > 0

"""The patient's record at the vendor is what ours is, however answers get lost, and holds no more than it needs."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import recovery, requests, sending
from devices.patient_records import records, rereads
from devices.patient_records.models import AddressStatus, PatientRecord
from patients.models import Patient
from tests.devices.outbox.call_states import end_settle_time
from tests.devices.patient_records.vendor_patients import PATIENT_WRITES, patient_requests, vendor_record
from tests.factories import DeviceFactory
from tests.simulated_vendor import SHIPPING_ADDRESS

CREATE, UPDATE = CallKind.CREATE_PATIENT, CallKind.UPDATE_PATIENT


def calls(**which):
    return list(VendorCall.objects.filter(**which).order_by("created_at").values_list("kind", "state"))


def end_backoff():
    VendorCall.objects.update(next_attempt_at=timezone.now())


def test_record_is_created_with_what_the_vendor_needs_and_no_more(known, sim):
    record = vendor_record(sim, known)

    assert record["name"] == known.name
    assert (record["address"], record["city"], record["state"], record["zip_code"]) == (
        "12 Alder Street", "Concord", "NH", "03301",
    )  # fmt: skip
    assert (record["phone_number"], record["sms_opt_in"], record["email"]) == ("+16035550142", False, None)
    assert known.mrn not in str(record)
    assert "1951" not in str(record)
    assert PatientRecord.objects.get().address_status == AddressStatus.VERIFIED


@pytest.mark.parametrize(("switched_on", "sent"), [(True, "rosa@example.org"), (False, None)])
def test_email_goes_to_the_vendor_only_where_the_clinic_has_switched_it_on(rosa, cora, client, sim, switched_on, sent):
    rosa.clinic.sends_email, rosa.email = switched_on, "rosa@example.org"

    records.request_record(rosa, by=cora)
    sending.send_due_calls(client)

    assert vendor_record(sim, rosa)["email"] == sent


def test_email_is_cleared_after_the_clinic_has_switched_it_off(rosa, cora, client, sim):
    rosa.clinic.sends_email, rosa.email = True, "rosa@example.org"
    records.request_record(rosa, by=cora)
    sending.send_due_calls(client)

    rosa.clinic.sends_email = False
    records.request_record(rosa, by=cora)
    sending.send_due_calls(client)

    assert vendor_record(sim, rosa)["email"] is None


def test_edit_of_contact_data_reaches_the_vendor_and_clears_what_is_empty_now(known, edit, client, sim):
    edit(known, phone="", street="9 Birch Road", street_2="Apt 4")

    sending.send_due_calls(client)

    record = vendor_record(sim, known)
    assert (record["phone_number"], record["address"]) == (None, "9 Birch Road, Apt 4")


def test_edit_leaves_what_was_never_sent_as_it_is_at_the_vendor(known, edit, client, sim):
    sim.state.store.put("patient", known.external_id, {**vendor_record(sim, known), "email": "typed@example.org"})

    edit(known, city="Dover", zip_code="03820")
    sending.send_due_calls(client)

    assert vendor_record(sim, known)["email"] == "typed@example.org"


@pytest.mark.parametrize("fields", [{"mrn": "X-1"}, {"street": " 12  Alder Street "}])
def test_edit_that_changes_nothing_at_the_vendor_sends_nothing(known, edit, fields):
    edit(known, **fields)

    assert calls() == [(CREATE, CallState.CONFIRMED)]


def test_edit_of_a_patient_whom_the_vendor_does_not_know_sends_nothing(rosa, edit):
    edit(rosa, city="Dover")

    assert calls() == []


def test_only_the_newest_record_waits(known, edit, client, sim):
    for street in ("1 Oak Street", "2 Oak Street", "3 Oak Street"):
        edit(known, street=street)

    assert calls(state=CallState.QUEUED) == [(UPDATE, CallState.QUEUED)]
    sending.send_due_calls(client)
    assert vendor_record(sim, known)["address"] == "3 Oak Street"
    assert len(patient_requests(sim, "PUT")) == 1


def test_newer_record_waits_until_the_earlier_one_is_sent(known, edit, client):
    edit(known, street="1 Oak Street")
    earlier = sending.claim_next_call()
    edit(known, street="2 Oak Street")

    assert sending.claim_next_call() is None
    sending.send_call(earlier, client)
    assert sending.claim_next_call().payload["fields"]["address"] == "2 Oak Street"


def test_record_waits_while_an_order_with_the_older_phone_number_is_sent(known, edit, cora, scale, client, sim):
    requests.request_order(patient=known, device_type=scale, gateway=None, ship_to=SHIPPING_ADDRESS, by=cora)
    order = sending.claim_next_call()
    edit(known, phone="(603) 555-0177")

    assert sending.claim_next_call() is None
    sending.send_call(order, client)
    sending.send_due_calls(client)
    assert vendor_record(sim, known)["phone_number"] == "+16035550177"


def test_order_that_waited_is_sent_with_the_phone_number_and_consent_of_now(known, edit, cora, scale, client, sim):
    requests.request_order(patient=known, device_type=scale, gateway=None, ship_to=SHIPPING_ADDRESS, by=cora)
    edit(known, phone="(603) 555-0177", sms_consent=True)
    VendorCall.objects.filter(kind=UPDATE).update(next_attempt_at=timezone.now() - dt.timedelta(hours=1))

    sending.send_due_calls(client)

    record = vendor_record(sim, known)
    assert (record["phone_number"], record["sms_opt_in"]) == ("+16035550177", True)


# --- unclear answers --------------------------------------------------------------------------------------------------


def test_create_with_an_unclear_answer_is_looked_up_by_external_id_and_not_repeated(rosa, cora, client, sim):
    sim.faults.add("reset_after", match=PATIENT_WRITES)
    records.request_record(rosa, by=cora)
    sending.send_due_calls(client)
    assert calls() == [(CREATE, CallState.UNKNOWN)]

    end_settle_time()
    recovery.search_unknown_calls(client)

    assert calls() == [(CREATE, CallState.CONFIRMED)]
    assert len(patient_requests(sim, "POST")) == 1


def test_create_that_never_arrived_is_sent_again_after_two_absences(rosa, cora, client, sim):
    sim.faults.add("reset_before", match=PATIENT_WRITES)
    records.request_record(rosa, by=cora)
    sending.send_due_calls(client)
    for _ in range(2):
        end_settle_time()
        recovery.search_unknown_calls(client)
    sending.send_due_calls(client)

    assert calls() == [(CREATE, CallState.CONFIRMED)]
    assert vendor_record(sim, rosa)["name"] == rosa.name


def test_edit_while_a_create_is_unclear_arrives_after_it(rosa, cora, edit, client, sim):
    sim.faults.add("reset_after", match=PATIENT_WRITES)
    records.request_record(rosa, by=cora)
    sending.send_due_calls(client)
    edit(rosa, city="Dover", zip_code="03820")
    sending.send_due_calls(client)
    assert vendor_record(sim, rosa)["city"] == "Concord"

    end_settle_time()
    recovery.search_unknown_calls(client)
    sending.send_due_calls(client)

    assert vendor_record(sim, rosa)["city"] == "Dover"


def test_unclear_create_never_waits_for_a_person(rosa, cora, client, sim):
    sim.faults.add("reset_after", match=PATIENT_WRITES)
    records.request_record(rosa, by=cora)
    sending.send_due_calls(client)
    sim.faults.add("status", status=500, match={"method": "GET"}, times=None)
    VendorCall.objects.update(unknown_since=timezone.now() - 5 * sending.settle_time())
    end_settle_time()

    recovery.search_unknown_calls(client)

    assert calls() == [(CREATE, CallState.UNKNOWN)]


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "truncate", "html", "garbage"])
def test_update_with_an_unclear_answer_is_sent_again(known, edit, client, sim, fault):
    sim.faults.add(fault, match=PATIENT_WRITES)
    edit(known, city="Dover", zip_code="03820")
    sending.send_due_calls(client)
    assert calls(kind=UPDATE) == [(UPDATE, CallState.QUEUED)]

    end_backoff()
    sending.send_due_calls(client)

    assert calls(kind=UPDATE) == [(UPDATE, CallState.CONFIRMED)]
    assert vendor_record(sim, known)["city"] == "Dover"


def test_unclear_update_is_not_sent_again_over_a_newer_one(known, edit, client, sim):
    edit(known, street="1 Oak Street")
    earlier = sending.claim_next_call()
    edit(known, street="2 Oak Street")
    sim.faults.add("reset_after", match=PATIENT_WRITES)

    sending.send_call(earlier, client)
    sending.send_due_calls(client)

    assert calls(kind=UPDATE) == [(UPDATE, CallState.CANCELLED), (UPDATE, CallState.CONFIRMED)]
    assert vendor_record(sim, known)["address"] == "2 Oak Street"


def test_record_is_read_again_after_an_unclear_answer_and_sent_again_where_it_differs(known, edit, client, sim):
    """A request that was lost may arrive after the newer one."""
    sim.faults.add("reset_before", match=PATIENT_WRITES)
    edit(known, street="1 Oak Street")
    sending.send_due_calls(client)
    end_backoff()
    sending.send_due_calls(client)
    sim.state.store.put("patient", known.external_id, {**vendor_record(sim, known), "address": "0 Oak Street"})
    PatientRecord.objects.update(reread_due_at=timezone.now())

    assert rereads.read_due_records(client) == 1
    sending.send_due_calls(client)

    assert vendor_record(sim, known)["address"] == "1 Oak Street"
    assert rereads.read_due_records(client) == 0


# --- records that are there already, or are not -----------------------------------------------------------------------


def test_record_that_the_vendor_has_already_is_updated(rosa, cora, client, sim):
    old = records.PatientDetails(external_id=rosa.external_id, name="R. Old", email="o@example.org")
    client.create_patient(old)
    records.request_record(rosa, by=cora)

    sending.send_due_calls(client)
    recovery.search_unknown_calls(client)
    sending.send_due_calls(client)

    assert calls() == [(UPDATE, CallState.CONFIRMED)]
    assert vendor_record(sim, rosa)["name"] == rosa.name
    assert vendor_record(sim, rosa)["email"] == "o@example.org"


def test_update_of_a_record_that_the_vendor_has_lost_creates_it(known, edit, client, sim):
    with sim.state.transaction():
        sim.state.store.remove("patient", known.external_id)
    edit(known, city="Dover", zip_code="03820")

    sending.send_due_calls(client)

    assert vendor_record(sim, known)["city"] == "Dover"
    assert calls()[1] == (CREATE, CallState.CONFIRMED)


def test_create_refused_because_of_its_id_stays_refused(rosa, cora, client, sim):
    refusal = {"external_id": ["Ensure this field has no more than 8 characters."]}
    sim.faults.add("status", status=400, body=refusal, match=PATIENT_WRITES)
    records.request_record(rosa, by=cora)

    sending.send_due_calls(client)
    recovery.search_unknown_calls(client)

    call = VendorCall.objects.get()
    assert (call.state, list(call.errors)) == (CallState.REJECTED, ["external_id"])
    assert records.request_record(Patient.objects.get(), by=cora) is None  # the same again would be refused again


def test_refused_field_of_a_record_is_stored_with_the_vendors_words(known, edit, client, sim, as_cora):
    refusal = {"phone_number": ["Not a phone number."]}
    sim.faults.add("status", status=400, body=refusal, match=PATIENT_WRITES)
    edit(known, phone="(603) 555-0177")

    sending.send_due_calls(client)

    assert VendorCall.objects.get(kind=UPDATE).errors == refusal
    page = as_cora.get(reverse("enrollment:edit", args=[known.pk])).content.decode()
    assert "Tenovi: Not a phone number." in page
    assert "Tenovi has refused the last change." in page


def test_dead_worker_leaves_an_update_to_be_sent_again_and_a_create_unknown(known, edit):
    edit(known, city="Dover", zip_code="03820")
    sending.claim_next_call()
    VendorCall.objects.filter(state=CallState.SENDING).update(leased_until=timezone.now() - dt.timedelta(seconds=1))

    sending.expire_call_leases()

    assert calls(kind=UPDATE) == [(UPDATE, CallState.QUEUED)]
    assert PatientRecord.objects.get().reread_due_at is not None


# --- detaching --------------------------------------------------------------------------------------------------------


@pytest.fixture
def ended(rosa, sim):
    """A device that was unlinked; the vendor still names its patient."""
    theirs = sim.add_device(external_id=rosa.external_id, status="Unlinked")
    return DeviceFactory(hwi_id=theirs["id"], patient=rosa, state="unlinked", vendor_patient_id=rosa.external_id)


@pytest.mark.parametrize("fault", [None, "reset_before", "reset_after"])
def test_detached_device_has_no_patient_at_the_vendor_however_often_it_is_sent(ended, as_cora, client, sim, fault):
    if fault:
        sim.faults.add(fault, match={"method": "PUT"})
    for _ in range(2):
        as_cora.post(reverse("devices:detach", args=[ended.hwi_id]))
    sending.send_due_calls(client)
    end_backoff()
    sending.send_due_calls(client)

    assert sim.device(str(ended.hwi_id))["patient"] is None
    assert calls(kind=CallKind.DETACH) == [(CallKind.DETACH, CallState.CONFIRMED)]
    ended.refresh_from_db()
    assert (ended.vendor_patient_id, ended.patient_id) == ("", ended.patient_id)


def test_device_page_shows_a_waiting_and_a_refused_detaching(ended, as_cora, client, sim):
    sim.faults.add("status", status=400, match={"method": "PUT"})
    page = reverse("devices:page", args=[ended.hwi_id])
    as_cora.post(reverse("devices:detach", args=[ended.hwi_id]))
    assert "It is being detached from the patient" in as_cora.get(page).content.decode()

    sending.send_due_calls(client)

    assert "The vendor has refused to detach it" in as_cora.get(page).content.decode()


def test_linked_device_is_not_detached(ended, as_cora):
    type(ended).objects.update(state="connected")

    as_cora.post(reverse("devices:detach", args=[ended.hwi_id]))

    assert calls() == []

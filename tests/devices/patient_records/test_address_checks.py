"""The address of an order: its shape, its ZIP code, and the vendor's word, awaited for 10 s at most."""

import datetime as dt

import pytest
from django.utils import timezone

from devices.models import VendorCall
from devices.outbox import sending
from devices.patient_records import address_checks, records, rereads
from devices.patient_records.models import AddressStatus
from tests.devices.patient_records.vendor_patients import PATIENT_WRITES, patient_requests, vendor_record

UNDELIVERABLE = {"street": "1 CLIENTACTION Way"}  # for the simulator


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ""),
        ({"street": "", "city": ""}, "Missing in the patient's address: street, city."),
        ({"zip_code": "99999"}, "There is no ZIP code 99999."),
        ({"zip_code": "46402"}, "ZIP code 46402 is Gary, Indiana."),
        ({"city": "Nashua"}, "ZIP code 03301 is Concord, New Hampshire."),
    ],
)
def test_address_problem_names_what_is_missing_or_does_not_fit(rosa, fields, words):
    for name, value in fields.items():
        setattr(rosa, name, value)

    assert address_checks.check_address(rosa).problem == words


def test_verified_address_is_shown_as_verified_until_it_changes(known, edit):
    check = address_checks.check_address(known)
    assert (check.status, check.verified_by, check.refused) == (AddressStatus.VERIFIED, "USPS", False)

    edited = edit(known, street="9 Birch Road")

    assert address_checks.check_address(edited).status == AddressStatus.NOT_CHECKED


def test_refused_address_is_accepted_after_a_person_confirmed_it(known, edit, cora, client, sim):
    edited = edit(known, **UNDELIVERABLE)
    sending.send_due_calls(client)
    assert address_checks.check_address(edited).refused

    address_checks.confirm_address(edited, by=cora)
    sending.send_due_calls(client)

    check = address_checks.check_address(edited)
    assert (check.refused, check.overridden_by, check.status) == (False, cora, AddressStatus.VERIFIED)
    assert vendor_record(sim, known)["confirm_address"] is True


def test_confirmation_does_not_cover_another_address(known, edit, cora, client, sim):
    address_checks.confirm_address(edit(known, **UNDELIVERABLE), by=cora)
    sending.send_due_calls(client)

    edited = edit(known, street="2 CLIENTACTION Way")
    sending.send_due_calls(client)

    assert address_checks.check_address(edited).refused
    assert vendor_record(sim, known)["confirm_address"] is False


def test_address_without_an_answer_counts_as_not_checked_after_ten_seconds(rosa, cora):
    address_checks.request_check(rosa, by=cora)
    assert address_checks.check_address(rosa).waiting

    VendorCall.objects.update(created_at=timezone.now() - dt.timedelta(seconds=10))

    check = address_checks.check_address(rosa)
    assert (check.waiting, check.status, check.refused) == (False, AddressStatus.NOT_CHECKED, False)


@pytest.mark.parametrize("word", ["", None, "Pending"])
def test_empty_or_unknown_status_of_the_vendor_is_not_checked(known, word):
    records.store_answer(known.vendor_record, records.PatientDetails(address_status=word))

    assert address_checks.check_address(known).status == AddressStatus.NOT_CHECKED


def test_second_check_of_the_same_address_reads_the_record_again(known, cora, client, sim):
    address_checks.request_check(known, by=cora)

    assert rereads.read_due_records(client) == 1
    assert len(patient_requests(sim, "POST")) == 1
    assert patient_requests(sim, "PUT") == []


def test_silent_vendor_does_not_keep_a_check_from_being_asked_again(rosa, cora, client, sim):
    sim.faults.add("status", status=503, match=PATIENT_WRITES)
    address_checks.request_check(rosa, by=cora)
    sending.send_due_calls(client)

    address_checks.request_check(rosa, by=cora)

    assert VendorCall.objects.count() == 1
    assert rereads.read_due_records(client) == 1

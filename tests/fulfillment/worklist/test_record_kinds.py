"""Exceptions of a patient's record at the vendor begin with the vendor's refusal and end with what settles it."""

from django.utils import timezone

from devices.models import VendorCall
from devices.patient_records.models import PatientRecord
from fulfillment.client_actions.models import ClientAction
from fulfillment.worklist.sources.orders import find_shipping_questions
from fulfillment.worklist.sources.records import find_record_problems
from tests.factories import ClientActionFactory, DeviceFactory, PatientRecordFactory, VendorCallFactory


def kinds(find=find_record_problems):
    return [found.kind for found in find(timezone.now())]


def test_refused_address_is_an_exception_until_a_person_confirms_it(rosa):
    PatientRecordFactory(patient=rosa, address_status="invalid", answered_at=timezone.now())
    assert kinds() == ["record_address"]

    PatientRecord.objects.update(address_override="12 Alder Street")

    assert kinds() == []


def test_refused_record_is_an_exception_until_a_newer_one_is_sent(rosa):
    VendorCallFactory(kind="update_patient", patient=rosa, state="rejected", resolved_at=timezone.now())
    assert kinds() == ["record_refused"]

    VendorCallFactory(kind="update_patient", patient=rosa)

    assert kinds() == []
    assert VendorCall.objects.count() == 2


def test_duplicate_that_a_person_wants_is_no_exception(db):
    action = ClientActionFactory()
    device = DeviceFactory(patient=action.line.patient, state="requested", duplicate_at_address=True)
    VendorCall.objects.filter(pk=action.line.call_id).update(device=device)
    assert kinds(find_shipping_questions) == ["possible_duplicate"]

    ClientAction.objects.update(duplicate_wanted_at=timezone.now())

    assert kinds(find_shipping_questions) == []

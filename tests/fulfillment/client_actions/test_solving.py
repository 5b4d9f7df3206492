"""Client Action Required is solved in the order of the page, whichever way the vendor treats a corrected address."""

import datetime as dt

import msgspec
import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.outbox import sending
from devices.patient_records import records
from devices.statuses import DeviceState
from fulfillment import tracking
from fulfillment.client_actions import solving
from fulfillment.client_actions.models import ClientAction
from fulfillment.client_actions.solving import WaitingDevice
from fulfillment.models import LineStatus, OrderLine
from fulfillment.ordering.order_lines import OrderLineActionError
from fulfillment.worklist.kinds import kind_named
from fulfillment.worklist.models import WorklistItem
from fulfillment.worklist.refresh import refresh_worklist
from patients.models import AuditEvent, Patient
from tests.factories import DeviceFactory, UserFactory
from tests.page_texts import missing_words, page_text
from tests.simulated_vendor import SHIPPING_ADDRESS, device_posts

BAD = "1 CLIENTACTION Way"
GOOD = {"street": "9 Birch Road", "street_2": "", "city": "Concord", "state": "NH", "zip_code": "03301"}


@pytest.fixture
def line(place_one_line, rosa, client, sim):
    """Ordered to a bad address that was never checked; the vendor waits for us."""
    Patient.objects.filter(pk=rosa.pk).update(street=BAD)
    rosa.refresh_from_db()
    place_one_line(ship_to=msgspec.structs.replace(SHIPPING_ADDRESS, address=BAD))
    sending.send_due_calls(client)
    sim.advance(sim.state.stage_seconds)
    refresh(client)
    found = OrderLine.objects.select_related("call__device", "patient__clinic", "order", "device_type").get()
    assert found.status == LineStatus.ACTION_REQUIRED
    return found


def refresh(client):
    Device.objects.update(refresh_due_at=timezone.now())
    tracking.refresh_due_devices(client)
    tracking.update_order_lines()


def settle(line, cora, *, confirm=False, **changes):
    fields = GOOD | changes
    waiting = WaitingDevice.of_line(line)
    solving.settle_address(waiting, by=cora, edit_version=line.patient.edit_version, confirm=confirm, **fields)


@pytest.mark.parametrize("changes", [{}, {"street": BAD, "confirm": True}])
def test_corrected_or_confirmed_address_lets_the_order_go_on(line, cora, client, sim, changes):
    settle(line, cora, **changes)
    sending.send_due_calls(client)
    refresh(client)

    line.refresh_from_db()
    assert line.status == LineStatus.READY
    assert Patient.objects.get(pk=line.patient_id).street == changes.get("street", "9 Birch Road")
    assert AuditEvent.objects.filter(action="client_action").count() == 1


def test_address_that_the_vendor_has_already_is_sent_once_more(line, cora, client, sim):
    Patient.objects.filter(pk=line.patient_id).update(**GOOD)
    line.patient.refresh_from_db()
    records.request_record(line.patient, by=cora)
    sim.set_corrected_orders(released=False)
    sending.send_due_calls(client)
    sim.set_corrected_orders(released=True)

    settle(line, cora)
    sending.send_due_calls(client)
    refresh(client)

    line.refresh_from_db()
    assert line.status == LineStatus.READY


def device_reads(sim, line):
    return len(sim.requests.matching_lines("GET", f"hwi-devices/{line.call.device.hwi_id}"))


@pytest.mark.parametrize("confirm", [False, True])
def test_device_is_read_again_for_ten_minutes_and_not_longer(line, cora, client, sim, time_machine, confirm):
    """The vendor leaves the order as it is, although the address is corrected or confirmed."""
    begun = timezone.now()
    time_machine.move_to(begun, tick=False)
    sim.set_corrected_orders(released=False)
    settle(line, cora, confirm=confirm)
    sending.send_due_calls(client)
    before = device_reads(sim, line)

    for seconds in range(20, 720, 20):
        time_machine.move_to(begun + dt.timedelta(seconds=seconds), tick=False)
        for _ in range(2):  # the job runs more often than a device is due
            solving.schedule_rereads()
            tracking.refresh_due_devices(client)

    assert device_reads(sim, line) - before == 600 / 20 - 1
    line.call.device.refresh_from_db()
    assert line.call.device.state == DeviceState.ACTION_REQUIRED


def test_device_is_no_longer_read_again_once_the_vendor_goes_on(line, cora, client, sim):
    settle(line, cora)
    sending.send_due_calls(client)
    refresh(client)
    Device.objects.update(fetched_at=timezone.now() - solving.REREAD_PAUSE)

    assert solving.schedule_rereads() == 0


def test_cancelled_device_is_ordered_again_only_once_it_is_verified_absent(line, cora, client, sim):
    sim.set_corrected_orders(released=False)
    settle(line, cora)
    solving.cancel_and_order_again(line=line, by=cora)
    solving.order_again_what_is_absent(client)
    assert OrderLine.objects.count() == 1  # the vendor was not asked to delete it yet

    sending.send_due_calls(client)
    solving.order_again_what_is_absent(client)
    solving.order_again_what_is_absent(client)
    sending.send_due_calls(client)
    tracking.update_order_lines()

    new = OrderLine.objects.get(corrects=line)
    assert new.status == LineStatus.REQUESTED
    assert new.order.ship_street == "9 Birch Road"
    assert len(sim.devices()) == 1
    assert len(device_posts(sim)) == 2


def test_device_that_the_vendor_still_lists_is_not_ordered_again(line, cora, client, sim):
    solving.cancel_and_order_again(line=line, by=cora)
    VendorCall.objects.filter(kind="delete").update(state="confirmed")  # but it is there

    solving.order_again_what_is_absent(client)

    assert OrderLine.objects.count() == 1
    assert ClientAction.objects.get().next_check_at > timezone.now()


def test_discharged_patient_is_not_sent_another_one(line, cora, client):
    solving.cancel_and_order_again(line=line, by=cora)
    sending.send_due_calls(client)
    Patient.objects.update(discharged_at=timezone.now() + dt.timedelta(seconds=1))

    solving.order_again_what_is_absent(client)

    assert OrderLine.objects.count() == 1
    assert ClientAction.objects.get().problem == solving.DISCHARGED_PROBLEM


def test_client_action_of_a_line_that_goes_on_is_refused(line, cora):
    OrderLine.objects.update(status=LineStatus.SHIPPED)

    with pytest.raises(OrderLineActionError):
        settle(line, cora)
    assert Patient.objects.get(pk=line.patient_id).street == BAD


# --- the page ---------------------------------------------------------------------------------------------------------


def page_of(line):
    return reverse("orders:client_action", args=[line.pk])


def test_page_offers_address_then_cancelling_then_the_web_app(as_cora, line):
    text = page_text(as_cora.get(page_of(line)))

    places = [text.find(word) for word in ("1. The address", "2. Still required", "3. Not to be cancelled")]
    assert places == sorted(places)
    assert -1 not in places
    assert line.call.reference in text
    assert line.patient.phone[-4:] in text  # beside the sentence that asks for a call
    assert "Solve it" in page_text(as_cora.get(reverse("orders:page", args=[line.order_id])))


def test_page_posts_a_corrected_address_and_preserves_what_was_typed(as_cora, line):
    version = line.patient.edit_version
    wrong = as_cora.post(page_of(line), {"choice": "address", "edit_version": version, **GOOD, "zip_code": "331"})
    assert missing_words(wrong, "Write the ZIP code as 12345") == []
    assert 'value="9 Birch Road"' in wrong.content.decode()

    right = as_cora.post(page_of(line), {"choice": "address", "edit_version": version, **GOOD})

    assert right.status_code == 302
    assert ClientAction.objects.get().reread_until > timezone.now()


def test_possible_duplicate_shows_both_devices_and_is_accepted_with_a_reason(as_cora, line, scale):
    Device.objects.filter(pk=line.call.device_id).update(duplicate_at_address=True)
    DeviceFactory(patient=line.patient, device_type=scale)
    assert missing_words(as_cora.get(page_of(line)), "A possible duplicate", "this order", "connected", "of Rosa") == []

    assert as_cora.post(page_of(line), {"choice": "keep", "reason": ""}).status_code == 200
    as_cora.post(page_of(line), {"choice": "keep", "reason": "One for the holiday home"})

    assert ClientAction.objects.get().duplicate_wanted_at is not None
    assert line.order.events.filter(text__contains="One for the holiday home").exists()


def test_page_of_another_clinic_is_not_found(client_of, line, harbor):
    other = client_of(UserFactory(role="coordinator", clinics=[harbor]))

    assert other.post(page_of(line), {"choice": "cancel"}).status_code == 404
    assert not ClientAction.objects.exists()


# --- a device that was not ordered here -------------------------------------------------------------------------------


@pytest.fixture
def unordered_device(rosa, client, sim):
    """Ordered in the vendor's web app; the vendor waits for us."""
    Patient.objects.filter(pk=rosa.pk).update(street=BAD)
    rosa.refresh_from_db()
    known = sim.add_device(name="Tenovi Scale", external_id=rosa.external_id, status="Client Action Required")
    device = DeviceFactory(hwi_id=known["id"], patient=rosa, state=DeviceState.ACTION_REQUIRED, sensor_code="13")
    return Device.objects.select_related("patient__clinic").get(pk=device.pk)


def device_page_of(device):
    return reverse("orders:device_client_action", args=[device.hwi_id])


def next_action_of(kind):
    return kind_named(kind).next_action(WorklistItem.objects.get(kind=kind))


def test_device_without_an_order_is_solved_from_its_exception(as_cora, unordered_device, client, sim):
    refresh_worklist()
    action = next_action_of("action_required")
    assert (action.label, action.url) == ("Solve it", device_page_of(unordered_device))
    assert "Solve it" in page_text(as_cora.get(reverse("devices:page", args=[unordered_device.hwi_id])))

    version = unordered_device.patient.edit_version
    answer = as_cora.post(action.url, {"choice": "address", "edit_version": version, **GOOD})

    assert answer["Location"] == reverse("devices:page", args=[unordered_device.hwi_id])
    sending.send_due_calls(client)
    Device.objects.update(fetched_at=timezone.now() - solving.REREAD_PAUSE)
    sim.set_status(str(unordered_device.hwi_id), "Ready to Ship")
    assert solving.schedule_rereads() == 1
    tracking.refresh_due_devices(client)
    unordered_device.refresh_from_db()
    assert unordered_device.state == DeviceState.READY
    assert Patient.objects.get(pk=unordered_device.patient_id).street == "9 Birch Road"
    assert AuditEvent.objects.filter(action="client_action", target=f"device:{unordered_device.pk}").count() == 1


def test_page_of_device_without_an_order_names_each_step_and_the_web_app(as_cora, unordered_device):
    page = as_cora.get(device_page_of(unordered_device))

    steps = (
        "not ordered here",
        "1. The address",
        "End its monitoring",
        "order it anew",
        "open the list of HWI devices",
    )
    assert missing_words(page, *steps, str(unordered_device.hwi_id), unordered_device.patient.external_id) == []


def test_page_of_device_with_an_order_is_that_of_its_line(as_cora, line):
    assert as_cora.get(device_page_of(line.call.device))["Location"] == page_of(line)


def test_duplicate_without_an_order_that_is_wanted_is_no_exception(as_cora, unordered_device, scale):
    Device.objects.update(duplicate_at_address=True, state="requested")
    DeviceFactory(patient=unordered_device.patient, device_type=scale)
    url = device_page_of(unordered_device)
    assert missing_words(as_cora.get(url), "A possible duplicate", "this device", "connected") == []
    refresh_worklist()
    assert next_action_of("possible_duplicate").url == url

    as_cora.post(url, {"choice": "keep", "reason": "One for the holiday home"})

    refresh_worklist()
    assert not WorklistItem.objects.open().filter(kind="possible_duplicate").exists()


def test_device_that_goes_on_meanwhile_is_not_solved(as_cora, unordered_device):
    Device.objects.update(state=DeviceState.SHIPPED)

    as_cora.post(device_page_of(unordered_device), {"choice": "address", "edit_version": 0, **GOOD})

    assert not ClientAction.objects.exists()
    assert Patient.objects.get(pk=unordered_device.patient_id).street == BAD

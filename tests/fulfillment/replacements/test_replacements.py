"""Replacements: sent once, searched after a lost answer, followed until delivery, cancelled before shipping."""

import datetime as dt
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.models.vendor_call import CallState
from devices.outbox import recovery, sending
from fulfillment import end_of_monitoring, tracking
from fulfillment.replacements import refresh, replacements
from fulfillment.replacements.models import Replacement, ReplacementState
from fulfillment.replacements.replacements import ReplacementError
from fulfillment.special_orders.models import StockItem
from patients.models import AuditEvent
from tests.devices.outbox.call_states import end_settle_time
from tests.factories import DeviceFactory, ReplacementFactory, SpecialOrderFactory, StockItemFactory

pytestmark = pytest.mark.django_db
REPLACEMENT_POSTS = {"method": "POST", "path_contains": "hwi-replacements"}
REPLACEMENT_READS = {"method": "GET", "path_contains": "hwi-replacements"}


def test_gateway_replacement_rewrites_every_device_of_the_gateway_when_it_ships(
    replace, follow, client, gateway_devices
):
    replace(gateway=True, device=False)

    assert follow().state == ReplacementState.PENDING
    shipped = follow(stages=2)
    tracking.refresh_due_devices(client)

    assert shipped.state == ReplacementState.SHIPPED
    assert shipped.shipped_at
    assert shipped.closed_at is None
    assert shipped.old_hardware_uuid == "A1B2C3D4E5F6"
    hardware = {device.hardware_uuid for device in Device.objects.select_related("gateway")}
    assert len(hardware) == 1
    assert hardware != {"A1B2C3D4E5F6"}
    assert {device.pk for device in gateway_devices} == set(Device.objects.values_list("pk", flat=True))
    delivered = follow(stages=1)
    assert (delivered.state, bool(delivered.closed_at)) == (ReplacementState.DELIVERED, True)


def test_device_replacement_leaves_the_gateway_and_makes_no_second_device(replace, follow, sim):
    replace()

    assert follow(stages=3).state == ReplacementState.DELIVERED
    assert {document["device"]["hardware_uuid"] for document in sim.devices()} == {"A1B2C3D4E5F6"}
    assert len(sim.devices()) == 2


def test_replacement_names_device_types_and_gateway_as_the_vendor_does(
    replace, follow, vendor_replacements, gateway_devices
):
    replace(gateway=True)
    follow()

    [stored] = vendor_replacements()
    assert [each["name"] for each in stored["device_types"]] == [gateway_devices[0].name, "Gateway"]
    assert stored["shipping_city"] == "Concord"
    assert "client_notes" not in stored


def test_same_form_sent_twice_is_one_replacement(replace, follow, vendor_replacements):
    form = uuid.uuid4()

    assert replace(submission_id=form) == replace(submission_id=form)
    follow()

    assert len(vendor_replacements()) == 1


def test_second_replacement_of_a_gateway_through_a_sibling_is_refused(replace, gateway_devices):
    replace(gateway=True, device=False)

    with pytest.raises(ReplacementError, match="on its way"):
        replace(gateway=True, device=False, of=gateway_devices[1])
    assert VendorCall.objects.filter(kind="replace").count() == 1


def test_replacement_with_a_lost_answer_is_found_by_device_items_and_time(replace, client, sim, vendor_replacements):
    asked = replace(gateway=True)
    sim.faults.add("reset_after", match=REPLACEMENT_POSTS)
    sending.send_due_calls(client)
    end_settle_time()

    recovery.search_unknown_calls(client)
    refresh.update_from_calls()

    asked.refresh_from_db()
    assert asked.call.state == CallState.CONFIRMED
    assert str(asked.vendor_id) == vendor_replacements()[0]["id"]
    assert len(vendor_replacements()) == 1


def test_search_does_not_take_an_older_replacement_or_one_of_other_items_for_its_own(
    replace, follow, client, sim, vendor_replacements
):
    replace(device=False, gateway=True)
    follow()
    asked = replace()
    sim.faults.add("reset_before", match=REPLACEMENT_POSTS)
    sending.send_due_calls(client)

    for _ in range(2):
        end_settle_time()
        recovery.search_unknown_calls(client)
    asked.call.refresh_from_db()
    assert asked.call.state == CallState.QUEUED  # twice absent: sent again
    sending.send_due_calls(client)
    assert len(vendor_replacements()) == 2


def test_search_proves_nothing_absent_by_a_failing_list(replace, client, sim):
    asked = replace()
    sim.faults.add("reset_after", match=REPLACEMENT_POSTS)
    sending.send_due_calls(client)
    sim.faults.add("status", status=500, match=REPLACEMENT_READS, times=None)

    for _ in range(3):
        end_settle_time()
        recovery.search_unknown_calls(client)
    asked.call.refresh_from_db()
    assert asked.call.state == CallState.UNKNOWN


def test_refused_replacement_says_why_and_can_be_requested_again(replace, client, sim):
    asked = replace()
    sim.faults.add("status", status=400, body={"hwi_device_id": ["Warranty has ended."]}, match=REPLACEMENT_POSTS)
    sending.send_due_calls(client)
    refresh.update_from_calls()

    asked.refresh_from_db()
    assert asked.state == ReplacementState.REFUSED
    assert asked.problem
    assert replace().pk != asked.pk


def test_queued_replacement_is_withdrawn_without_a_call(replace, cora, follow, vendor_replacements):
    asked = replace()

    assert "Withdrawn" in replacements.cancel_replacement(replacement=asked, by=cora)
    follow()

    asked.refresh_from_db()
    assert asked.state == ReplacementState.CANCELLED
    assert vendor_replacements() == []


def test_pending_replacement_is_deleted_at_the_vendor(replace, cora, follow, vendor_replacements):
    replace()
    asked = follow()

    replacements.cancel_replacement(replacement=asked, by=cora)
    sending_and_state = follow()

    assert sending_and_state.state == ReplacementState.CANCELLED
    assert vendor_replacements() == []
    assert Device.objects.linked().count() == 2  # the device itself is not ended


def test_end_of_monitoring_deletes_pending_replacement_at_the_vendor(
    replace, cora, rosa, follow, vendor_replacements, sim
):
    asked = replace()
    follow()

    end_of_monitoring.end_patient_monitoring(patient=rosa, by=cora, reason="Moved")
    follow()

    asked.refresh_from_db()
    assert asked.state == ReplacementState.CANCELLED
    assert vendor_replacements() == []
    assert {each["status"] for each in sim.devices()} == {"Unlinked"}


def test_cancellation_after_shipping_is_refused(replace, cora, follow):
    replace()
    asked = follow(stages=2)

    with pytest.raises(ReplacementError, match="shipped"):
        replacements.cancel_replacement(replacement=asked, by=cora)


def test_cancellation_that_the_vendor_refuses_leaves_the_replacement_followed(replace, cora, follow, sim, client):
    replace()
    asked = follow()
    sim.advance(40)  # it ships before the cancellation arrives
    replacements.cancel_replacement(replacement=asked, by=cora)

    after = follow()

    assert after.state == ReplacementState.SHIPPED
    assert "fulfilled" in after.problem


def test_replacement_deleted_in_the_web_app_is_cancelled_here(replace, follow, sim):
    replace()
    asked = follow()
    with sim.state.transaction():
        sim.state.store.remove("replacement", str(asked.vendor_id))

    assert follow().state == ReplacementState.CANCELLED


@pytest.mark.parametrize("kind", ["unlinked", "not shipped"])
def test_device_that_is_not_in_use_is_not_replaced(kind, replace, rosa):
    state = "unlinked" if kind == "unlinked" else "requested"
    device = DeviceFactory(patient=rosa, state=state)

    with pytest.raises(ReplacementError):
        replace(of=device)
    assert not Replacement.objects.exists()


@pytest.mark.parametrize(
    ("code", "fulfilled", "state"),
    [
        ("RQ", False, "pending"), (" pe", False, "pending"), ("SH", True, "shipped"), ("DE", True, "delivered"),
        ("CR", False, "action_required"), ("OH", False, "on_hold"), ("RE", True, "returned"),
        ("CA", False, "cancelled"),
        ("ZZ", False, "other"), ("", False, "other"), ("ZZ", True, "shipped"),
    ],
)  # fmt: skip
def test_shipping_code_of_a_replacement(code, fulfilled, state):
    assert refresh.parse_shipment_state(code, fulfilled=fulfilled) == state


def test_special_order_webhook_of_the_device_makes_its_replacement_due(replace, follow):
    replace()
    asked = follow()
    Replacement.objects.update(
        fetched_at=timezone.now() - dt.timedelta(hours=1), refresh_due_at=timezone.now() + dt.timedelta(hours=5)
    )
    assert not refresh.due_replacements().exists()

    SpecialOrderFactory(client_device_id=str(asked.device.hwi_id).upper(), order_type="RE")

    assert refresh.due_replacements().get() == asked


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def form_fields():
    return {
        "items": ["device"], "reason": "broken", "reason_words": "Shows Err 3", "submission_id": str(uuid.uuid4()),
        "name": "Rosa Delgado", "street": "12 Alder Street", "city": "Concord", "state": "NH", "zip_code": "03301",
    }  # fmt: skip


@pytest.fixture
def form_url(gateway_devices):
    return reverse("replacements:new", args=[gateway_devices[0].patient_id, gateway_devices[0].hwi_id])


def test_form_names_the_other_devices_of_the_gateway_and_requests_the_replacement(
    as_cora, form_url, form_fields, gateway_devices
):
    shown = as_cora.get(form_url).content.decode()
    assert gateway_devices[1].name in shown
    assert "Gateway A1B2-C3D4-E5F6" in shown

    as_cora.post(form_url, form_fields)

    [asked] = Replacement.objects.all()
    assert (asked.reason_words, asked.items) == ("Shows Err 3", [gateway_devices[0].name])
    assert AuditEvent.objects.filter(action="replace", patient_ids__contains=[asked.patient_id]).count() == 1
    page = as_cora.get(reverse("devices:page", args=[asked.device.hwi_id])).content.decode()
    assert "Being requested" in page
    assert reverse("replacements:cancel", args=[asked.pk]) in page


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"items": []}, "Choose the device, its gateway, or both."),
        ({"reason": ""}, "Why is missing."),
        ({"reason": "other", "reason_words": ""}, "Please say why in words."),
        ({"zip_code": "1234"}, "ZIP code"),
    ],
)
def test_form_says_what_is_wrong_and_preserves_what_was_typed(as_cora, form_url, form_fields, change, message):
    shown = as_cora.post(form_url, form_fields | change).content.decode()

    assert message in shown
    assert "12 Alder Street" in shown
    assert not Replacement.objects.exists()


def test_device_page_shows_return_label_and_tracking_of_its_patient(as_cora, gateway_devices, rosa):
    device = gateway_devices[0]
    SpecialOrderFactory(
        client_device_id=str(device.hwi_id), order_type="RL", patient=rosa, tracking_link="https://ups.com/track/1"
    )
    ReplacementFactory(device=device, tracking_link="https://ups.com/track/2", state="shipped")

    page = as_cora.get(reverse("devices:page", args=[device.hwi_id])).content.decode()

    assert "Return label" in page
    assert "ups.com/track/1" in page
    assert "ups.com/track/2" in page


def test_order_form_leads_from_a_device_in_use_to_its_replacement(as_cora, gateway_devices, rosa, form_url):
    assert form_url in as_cora.get(f"{reverse('orders:new')}?patient={rosa.pk}").content.decode()


@pytest.fixture
def scale_in_stock(gateway_devices):
    """A loose scale of a bulk order that has been delivered."""
    return StockItemFactory(name="Tenovi Scale", hardware_id="", contents=[], special_order__patient=None)


@pytest.fixture
def stock_url(gateway_devices):
    scale = next(each for each in gateway_devices if "Scale" in each.name)
    return reverse("replacements:new", args=[scale.patient_id, scale.hwi_id])


def test_device_from_stock_is_replaced_without_an_address_and_counted_down(
    as_cora, stock_url, form_fields, scale_in_stock, follow, vendor_replacements
):
    assert "Take it from our own stock" in as_cora.get(stock_url).content.decode()

    blank = dict.fromkeys(("name", "street", "city", "state", "zip_code"), "")
    as_cora.post(stock_url, form_fields | blank | {"from_stock": "on"})

    followed = follow()
    assert (followed.from_stock, followed.state) == (True, ReplacementState.DELIVERED)
    assert vendor_replacements()[0]["shipping_address"] is None
    assert StockItem.objects.with_state().get(pk=scale_in_stock.pk).state == "removed"
    assert "No Tenovi Scale is in stock" in as_cora.get(stock_url).content.decode()


def test_gateway_is_not_taken_from_stock(as_cora, stock_url, form_fields, scale_in_stock):
    asked = form_fields | {"items": ["device", "gateway"], "from_stock": "on"}

    assert "A gateway can&#x27;t be taken from stock here" in as_cora.post(stock_url, asked).content.decode()
    assert not Replacement.objects.exists()


def test_last_device_of_the_stock_is_given_out_once(replace, scale_in_stock, gateway_devices):
    scale = next(each for each in gateway_devices if "Scale" in each.name)
    StockItem.objects.update(removed_at=timezone.now())

    with pytest.raises(ReplacementError, match="No Tenovi Scale is in stock any more"):
        replace(of=scale, ship_to=None)
    assert not VendorCall.objects.filter(kind="replace").exists()

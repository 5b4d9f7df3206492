"""Each refusal of the vendor's is shown at its field, or with the page where that is corrected."""

import pytest
from django.urls import reverse

from devices.models import VendorCall
from devices.outbox import sending
from fulfillment import tracking
from fulfillment.models import OrderLine
from tests.factories import DeviceTypeFactory
from tests.fulfillment.pages import normalized_html
from tests.simulated_vendor import DEVICE_POSTS, device_posts

SHIPMENT = "device.fulfillment_request."
MESSAGE = "Ensure this field has no more than 255 characters."


def refuse(line, path):
    VendorCall.objects.filter(pk=line.call_id).update(state="rejected", reason=MESSAGE, errors={path: [MESSAGE]})
    OrderLine.objects.filter(pk=line.pk).update(status="rejected")


def correction_page(as_cora, line):
    return as_cora.get(reverse("orders:correct", args=[line.pk]))


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("device.hardware_uuid", "gateway_id"),
        (f"{SHIPMENT}shipping_name", "name"),
        (f"{SHIPMENT}shipping_address", "street"),
        (f"{SHIPMENT}shipping_city", "city"),
        (f"{SHIPMENT}shipping_state", "state"),
        (f"{SHIPMENT}shipping_zip_code", "zip_code"),
        (f"{SHIPMENT}client_notes", "note"),
        (f"{SHIPMENT}notify_emails", "without_emails"),
        ("patient.physician", "without_physician"),
    ],
)
def test_refusal_of_a_shipment_is_shown_at_its_field(as_cora, place_one_line, path, field):
    line = place_one_line()
    refuse(line, path)

    page = correction_page(as_cora, line)

    assert page.context["form"].rejections == {field: [MESSAGE]}
    assert normalized_html(page).count(MESSAGE) == 1


@pytest.mark.parametrize(("path", "field"), [("device.hardware_uuid", "gateway_id"), ("device.sensor_id", "sensor_id")])
def test_refusal_of_an_activation_is_shown_at_its_field(as_cora, place_activation, path, field):
    cap = DeviceTypeFactory(name="PatchRx PatchCap", sensor_code="27", sensor_id_required=True)
    line = place_activation(device_type=cap, sensor_id="03").lines.get()
    refuse(line, path)

    page = correction_page(as_cora, line)

    assert page.context["form"].rejections == {field: [MESSAGE]}
    assert normalized_html(page).count(MESSAGE) == 1


@pytest.mark.parametrize(
    ("path", "label", "in_record"),
    [
        ("device.name", "Device", False),
        (f"{SHIPMENT}require_signature", "Signature on delivery", False),
        ("patient.external_id", "Account ID", False),
        ("patient.name", "Name of the patient", True),
        ("patient.phone_number", "Phone", True),
        ("patient.email", "E-mail", True),
    ],
)
def test_refusal_of_what_no_field_here_holds_is_named_and_leads_to_the_record(
    as_cora, place_one_line, path, label, in_record
):
    line = place_one_line()
    refuse(line, path)

    page = normalized_html(correction_page(as_cora, line))

    assert f"{label}: {MESSAGE}" in page
    assert (f"/patients/{line.patient_id}/edit/" in page) == in_record


def test_refused_note_and_emails_are_corrected_and_sent_again(as_cora, place_one_line, client, sim, cora):
    line = place_one_line()
    line.order.notify_emails, line.order.note = cora.email, "Ring twice"
    line.order.save()
    refused = {"client_notes": ["Too long."], "notify_emails": ["Enter a valid email address."]}
    body = {"device": {"fulfillment_request": refused}}
    sim.faults.add("status", status=400, body=body, match=DEVICE_POSTS)
    sending.send_due_calls(client)
    tracking.update_order_lines()
    form = correction_page(as_cora, line).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields} | {"note": "Ring", "without_emails": "on"}

    as_cora.post(reverse("orders:correct", args=[line.pk]), typed)
    sending.send_due_calls(client)

    (device,) = sim.devices()
    shipment, new = device["device"]["fulfillment_request"], OrderLine.objects.get(corrects=line)
    assert shipment["client_notes"] == f"{new.call.reference} Ring"
    assert not shipment["notify_emails"]
    assert len(device_posts(sim)) == 2


def test_corrected_note_with_the_reference_of_another_order_is_refused_at_its_field(as_cora, place_one_line):
    line = place_one_line()
    refuse(line, f"{SHIPMENT}client_notes")
    form = correction_page(as_cora, line).context["form"]
    typed = {name: form[name].value() or "" for name in form.fields} | {"note": line.call.reference}

    page = as_cora.post(reverse("orders:correct", args=[line.pk]), typed)

    assert "reference of another order" in str(page.context["form"].errors["note"])
    assert not OrderLine.objects.filter(corrects=line).exists()

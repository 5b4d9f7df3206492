"""Pages of a new order: check before sending, shipment by the clinic, gateway alone, scanned ids, our parcel note."""

import uuid

import pytest
from django.urls import reverse

from devices.models import VendorCall
from fulfillment.models import Order, OrderEvent, OrderKind
from patients.models import AuditEvent, Practitioner
from tests.factories import DeviceFactory, DeviceTypeFactory, UserFactory
from tests.fulfillment.order_steps import send_calls
from tests.fulfillment.pages import normalized_html, order_url
from tests.page_texts import missing_words

IMEI, IMEI_MISTYPED = "490154203237518", "490154203237519"
ADDRESS = {
    "name": "Rosa Delgado", "street": "12 Alder Street", "city": "Concord", "state": "NH", "zip_code": "03301",
}  # fmt: skip


def form_url(patient, how=""):
    return reverse("orders:new", query={"patient": patient.pk, **({"how": how} if how else {})})


def kit_data(kit, **changes):
    return ADDRESS | {"submission_id": str(uuid.uuid4()), "kit": kit.pk, "gateway": "new"} | changes


def activation_data(device_type, **changes):
    typed = {"submission_id": str(uuid.uuid4()), "device_type": device_type.pk, "gateway_id": "A1B2-C3D4-E5F6"}
    return typed | changes


def test_review_shows_what_is_sent_and_costs_and_sends_nothing(as_cora, rosa, kit, scale):
    type(scale).objects.update(up_front_cost="45.00", shipping_cost="12.50", monthly_cost="6.00")

    page = normalized_html(as_cora.post(form_url(rosa), kit_data(kit, step="review", note="Ring twice")))

    assert "Tenovi BPM - L" in page
    assert "Tenovi Scale" in page
    assert "a new gateway" in page
    assert "12 Alder Street, Concord, NH 03301" in page
    assert "Ring twice" in page
    assert "$115.00 once, $12.00 a month" in page
    assert not Order.objects.exists()
    assert not VendorCall.objects.exists()
    assert not AuditEvent.objects.filter(action="order").exists()
    rosa.refresh_from_db()
    assert rosa.external_id_sent_at is None


def hidden_fields(page):
    form = page.context["form"]
    return {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}


def test_review_sends_exactly_what_was_checked(as_cora, rosa, kit):
    review = as_cora.post(form_url(rosa), kit_data(kit, step="review", note="Ring twice", require_signature="on"))

    answer = as_cora.post(form_url(rosa), hidden_fields(review))

    order = Order.objects.get()
    assert answer["Location"] == order_url(order)
    assert (order.note, order.require_signature) == ("Ring twice", True)


def test_review_can_be_left_for_a_change_with_everything_typed(as_cora, rosa, kit):
    page = as_cora.post(form_url(rosa), kit_data(kit, step="edit", note="Ring twice"))

    assert 'value="Ring twice"' in page.content.decode()
    assert not page.context["form"].errors
    assert not Order.objects.exists()


def test_review_shows_refusal_at_its_field(as_cora, rosa, kit, order):
    page = as_cora.post(form_url(rosa), kit_data(kit, step="review"))

    assert "Already on the way" in str(page.context["form"].errors["override_reason"])
    assert Order.objects.count() == 1


def test_review_of_order_that_was_placed_leads_to_it(as_cora, rosa, kit):
    typed = kit_data(kit)
    as_cora.post(form_url(rosa), typed)

    answer = as_cora.post(form_url(rosa), typed | {"step": "review"})

    assert answer["Location"] == order_url(Order.objects.get())


def test_clinic_shipment_page_lists_steps_in_web_app(as_cora, rosa, kit, client):
    answer = as_cora.post(
        form_url(rosa, "clinic"), kit_data(kit, carrier="usps", tracking_number="9400 1118 9922 3197")
    )
    order = Order.objects.get()
    send_calls(client)
    page = normalized_html(as_cora.get(answer["Location"]))

    assert (order.kind, order.tracking_number) == (OrderKind.CLINIC, "9400111899223197")
    assert "What to do in Tenovi's web app" in page
    assert rosa.external_id in page
    assert "USPS 9400111899223197" in page


def test_clinic_shipment_refuses_text_that_is_no_tracking_number(as_cora, rosa, kit):
    answer = as_cora.post(form_url(rosa, "clinic"), kit_data(kit, tracking_number="ask Ada"))

    assert "no tracking number" in str(answer.context["form"].errors["tracking_number"])
    assert 'value="ask Ada"' in answer.content.decode()


def test_gateway_alone_is_ordered_by_form(as_cora, rosa, scale):
    cellular = DeviceTypeFactory(name="Tenovi Cellular BPM", sensor_code="")
    page = as_cora.get(form_url(rosa, "gateway"))
    assert cellular.name not in page.content.decode()

    typed = ADDRESS | {"submission_id": str(uuid.uuid4()), "device_type": scale.pk}
    review = normalized_html(as_cora.post(form_url(rosa, "gateway"), typed | {"step": "review"}))
    as_cora.post(form_url(rosa, "gateway"), typed)

    assert "Tenovi bills the gateway alone" in review
    assert Order.objects.get().ship_gateway_only


def test_notified_people_are_of_the_clinic_and_patient_needs_consent(as_cora, rosa, kit, cora, harbor):
    other = UserFactory(clinics=[harbor], role="coordinator")
    url, own = form_url(rosa), {"notify_people": [cora.pk]}

    foreign = as_cora.post(url, kit_data(kit, notify_people=[other.pk]))
    unasked = as_cora.post(url, kit_data(kit, patient_email="rosa@example.org", **own))
    assert "notify_people" in foreign.context["form"].errors
    assert "consent" in str(unasked.context["form"].errors["email_consent"])

    as_cora.post(url, kit_data(kit, patient_email="rosa@example.org", email_consent="on", **own))
    assert Order.objects.get().notify_emails == f"{cora.email},rosa@example.org"


@pytest.mark.parametrize("typed", ['"a,b"@example.org', "rosa@", "rosa@example.org,x@example.org"])
def test_patient_email_that_would_break_the_list_is_refused(as_cora, rosa, kit, typed):
    answer = as_cora.post(form_url(rosa), kit_data(kit, patient_email=typed, email_consent="on"))

    assert "patient_email" in answer.context["form"].errors
    assert not Order.objects.exists()


def test_physician_is_one_of_the_clinic(as_cora, rosa, kit, elm, harbor):
    field = Practitioner.objects.create(clinic=elm, name="Dr. Ann Field")
    other = Practitioner.objects.create(clinic=harbor, name="Dr. Ann Other")

    page = as_cora.post(form_url(rosa), kit_data(kit, physician=other.pk))
    assert "physician" in page.context["form"].errors
    assert missing_words(page, "The vendor charges extra for it.", "It may cost extra.") == []

    as_cora.post(form_url(rosa), kit_data(kit, physician=field.pk))

    assert Order.objects.get().physician == "Dr. Ann Field"


@pytest.mark.parametrize("scanned", ["a1b2c3d4e5f6\n", "A1B2-C3D4-E5F6\r\n", "\tA1B2:C3D4:E5F6 "])
def test_activation_form_accepts_what_a_scanner_types(as_cora, rosa, scale, scanned):
    as_cora.post(form_url(rosa, "activate"), activation_data(scale, gateway_id=scanned))

    assert Order.objects.get().gateway_id == "A1B2C3D4E5F6"


def test_activation_form_refuses_wrong_check_digit_until_compared(as_cora, rosa):
    cuff = DeviceTypeFactory(name="Tenovi Cellular BPM", sensor_code="")
    url, typed = form_url(rosa, "activate"), activation_data(cuff, gateway_id=IMEI_MISTYPED)

    refused = as_cora.post(url, typed)
    assert "last digit" in str(refused.context["form"].errors["gateway_id"])
    assert "The label says exactly this IMEI" in refused.content.decode()
    assert not Order.objects.exists()

    as_cora.post(url, typed | {"accept_check_digit": "on"})
    assert Order.objects.get().gateway_id == IMEI_MISTYPED


def test_correction_form_refuses_wrong_check_digit(as_cora, place_activation, client):
    cuff = DeviceTypeFactory(name="Tenovi Cellular BPM", sensor_code="")
    line = place_activation(IMEI, device_type=cuff).lines.get()
    send_calls(client)

    answer = as_cora.post(reverse("orders:correct", args=[line.pk]), {"gateway_id": IMEI_MISTYPED})

    assert "last digit" in str(answer.context["form"].errors["gateway_id"])


def test_activation_form_starts_with_gateway_of_patient(as_cora, rosa, scale):
    DeviceFactory(patient=rosa, gateway__hardware_uuid="A1B2C3D4E5F6", sensor_code="15")

    assert 'value="A1B2-C3D4-E5F6"' in as_cora.get(form_url(rosa, "activate")).content.decode()


def test_activation_shipped_by_clinic_says_that_the_parcel_travels(as_cora, rosa, scale, client):
    typed = activation_data(scale, shipped_by_clinic="on", carrier="ups", tracking_number="1Z999AA10123456784")
    answer = as_cora.post(form_url(rosa, "activate"), typed)
    send_calls(client)
    page = normalized_html(as_cora.get(answer["Location"]))

    assert "our parcel may still be on its way" in page
    assert "UPS 1Z999AA10123456784" in page


def test_activation_refuses_parcel_that_the_clinic_does_not_ship_and_preserves_it(as_cora, rosa, scale):
    typed = activation_data(scale, carrier="ups", tracking_number="1Z999AA10123456784")

    page = as_cora.post(form_url(rosa, "activate"), typed)

    assert "Tick this, or leave carrier" in page.context["form"].errors["shipped_by_clinic"][0]
    assert 'value="1Z999AA10123456784"' in page.content.decode()
    assert not Order.objects.exists()


def test_camera_is_allowed_on_activation_page_alone(as_cora, rosa):
    assert "camera=(self)" in as_cora.get(form_url(rosa, "activate"))["Permissions-Policy"]
    assert "camera=()" in as_cora.get(form_url(rosa))["Permissions-Policy"]
    assert "microphone=()" in as_cora.get(form_url(rosa, "activate"))["Permissions-Policy"]


@pytest.fixture
def own_parcel(place_activation):
    return place_activation(shipped_by_clinic=True)


def test_parcel_note_is_saved_with_event_and_audit(as_cora, own_parcel):
    typed = {"carrier": "fedex", "tracking_number": "7712 3456 7890", "seen": ""}

    answer = as_cora.post(reverse("orders:parcel", args=[own_parcel.pk]), typed)

    own_parcel.refresh_from_db()
    assert answer["Location"] == order_url(own_parcel)
    assert (own_parcel.carrier, own_parcel.tracking_number) == ("fedex", "771234567890")
    assert OrderEvent.objects.filter(text="Our parcel: FedEx 771234567890").exists()
    assert AuditEvent.objects.filter(action="order", target=f"order:{own_parcel.pk}").exists()


def test_parcel_note_changed_by_another_person_is_not_overwritten(as_cora, own_parcel):
    Order.objects.update(carrier="ups", tracking_number="1Z999AA10123456784")

    answer = as_cora.post(
        reverse("orders:parcel", args=[own_parcel.pk]), {"tracking_number": "771234567890", "seen": ""}
    )

    assert "UPS 1Z999AA10123456784" in str(answer.context["form"].non_field_errors())
    assert 'value="771234567890"' in answer.content.decode()
    own_parcel.refresh_from_db()
    assert own_parcel.carrier == "ups"


def test_parcel_note_of_vendor_shipment_is_refused(as_cora, order):
    assert as_cora.get(reverse("orders:parcel", args=[order.pk]))["Location"] == order_url(order)

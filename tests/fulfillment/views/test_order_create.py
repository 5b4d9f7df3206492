"""Order form, and activation form of a device on site."""

import html
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import VendorCall
from fulfillment.models import Order
from patients import zip_codes
from patients.models import AuditEvent, Patient
from tests.factories import DeviceFactory, KitFactory
from tests.fulfillment.pages import normalized_html


def order_form_url(patient, **query):
    return reverse("orders:new", query={"patient": patient.pk, **query})


def order_form_data(form_page, kit, **changes):
    form = form_page.context["form"]
    typed = {name: form[name].value() for name in form.address_fields} | {
        "submission_id": str(form["submission_id"].value()),
        "kit": str(kit.pk),
        "gateway": form.fields["gateway"].initial,
        "override_reason": "",
    }
    return typed | changes


def test_order_form_shows_kits_with_contents_and_patient_address(as_cora, rosa, kit):
    page = normalized_html(as_cora.get(order_form_url(rosa)))

    assert "Heart failure kit" in page
    assert "Tenovi BPM - L, Tenovi Scale" in page
    assert 'value="12 Alder Street"' in page


def test_order_form_accepts_only_kits_of_patient_clinic(as_cora, rosa, kit, harbor):
    foreign = KitFactory(clinic=harbor, name="Elsewhere kit")

    page = as_cora.get(order_form_url(rosa))
    answer = as_cora.post(order_form_url(rosa), order_form_data(page, foreign))

    assert "Elsewhere kit" not in page.content.decode()
    assert "kit" in answer.context["form"].errors
    assert not Order.objects.exists()


def test_order_form_redirects_to_order_page(as_cora, rosa, kit, cora):
    page = as_cora.get(order_form_url(rosa))

    answer = as_cora.post(order_form_url(rosa), order_form_data(page, kit, require_signature="on"))

    order = Order.objects.get()
    assert answer["Location"] == reverse("orders:page", args=[order.pk])
    assert (order.placed_by, order.require_signature, order.ship_city) == (cora, True, "Concord")


def test_order_form_submitted_twice_creates_one_order(as_cora, rosa, kit):
    typed = order_form_data(as_cora.get(order_form_url(rosa)), kit)

    first, second = (as_cora.post(order_form_url(rosa), typed) for _ in range(2))

    assert first["Location"] == second["Location"]
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [("zip_code", "0330"), ("zip_code", "٠٣٣٠١"), ("state", "ZZ"), ("street", ""), ("name", "Rosa\u202e")],
)
def test_order_form_shows_field_error_and_preserves_input(as_cora, rosa, kit, field, typed):
    page = as_cora.get(order_form_url(rosa))

    answer = as_cora.post(order_form_url(rosa), order_form_data(page, kit, city="Dover", **{field: typed}))

    assert field in answer.context["form"].errors
    assert 'value="Dover"' in answer.content.decode()
    assert not Order.objects.exists()


def test_order_form_refuses_address_abroad_in_plain_words(as_cora, rosa, kit):
    abroad = {"city": "Toronto", "state": "ON", "zip_code": "M5V 2T6"}
    page = as_cora.get(order_form_url(rosa))

    answer = as_cora.post(order_form_url(rosa), order_form_data(page, kit, **abroad))

    errors = answer.context["form"].errors
    assert "within the United States only" in str(errors["state"])
    assert "12345" in str(errors["zip_code"])
    assert all(f'value="{typed}"' in answer.content.decode() for typed in ("Toronto", "M5V 2T6"))
    assert not Order.objects.exists()


def test_order_form_warns_of_open_order_and_requires_reason(as_cora, rosa, kit, order):
    page = as_cora.get(order_form_url(rosa))
    assert "On the way already" in page.content.decode()

    refused = as_cora.post(order_form_url(rosa), order_form_data(page, kit))
    taken = as_cora.post(order_form_url(rosa), order_form_data(page, kit, override_reason="Lost in the post"))

    assert "Tenovi Scale (Waiting to be sent)" in str(refused.context["form"].errors["override_reason"])
    assert taken.status_code == 302
    assert Order.objects.count() == 2


def test_order_form_joins_existing_gateway_by_default(as_cora, rosa, kit):
    DeviceFactory(patient=rosa, gateway__hardware_uuid="A1B2C3D4E5F6", sensor_code="15")
    page = as_cora.get(order_form_url(rosa))
    assert "A1B2-C3D4-E5F6" in page.content.decode()

    as_cora.post(order_form_url(rosa), order_form_data(page, kit))
    assert Order.objects.get().gateway_id == "A1B2C3D4E5F6"


def test_order_form_can_request_new_gateway(as_cora, rosa, kit):
    DeviceFactory(patient=rosa, gateway__hardware_uuid="A1B2C3D4E5F6", sensor_code="15")

    as_cora.post(order_form_url(rosa), order_form_data(as_cora.get(order_form_url(rosa)), kit, gateway="new"))

    assert Order.objects.get().gateway_id == ""


def test_order_form_refuses_discharged_patient(as_cora, cora, rosa, kit):
    page = as_cora.get(order_form_url(rosa))
    Patient.objects.visible_to(cora).update(discharged_at=timezone.now())

    answer = as_cora.post(order_form_url(rosa), order_form_data(page, kit))

    assert "discharged" in str(answer.context["form"].non_field_errors())


def test_activation_form_normalizes_gateway_id(as_cora, rosa, scale):
    page = as_cora.get(order_form_url(rosa, how="activate"))
    typed = {
        "device_type": scale.pk,
        "gateway_id": "a1b2-c3d4-e5f6",
        "sensor_id": "",
        "override_reason": "",
        "submission_id": str(page.context["form"]["submission_id"].value()),
    }

    as_cora.post(order_form_url(rosa, how="activate"), typed)

    assert VendorCall.objects.get(kind="activate").payload["gateway"] == "A1B2C3D4E5F6"


def test_activation_form_shows_malformed_gateway_id_at_field(as_cora, rosa, scale):
    typed = {"device_type": scale.pk, "gateway_id": "A1B2-C3D4", "submission_id": str(uuid.uuid4())}

    answer = as_cora.post(order_form_url(rosa, how="activate"), typed)

    assert "12 characters" in str(answer.context["form"].errors["gateway_id"])


def test_order_form_without_patient_redirects_or_is_not_found(as_cora):
    assert as_cora.get(reverse("orders:new")).url == reverse("patients:list")
    assert as_cora.get(reverse("orders:new", query={"patient": "nobody"})).status_code == 404


def test_order_form_view_writes_audit(as_cora, rosa, kit):
    as_cora.get(order_form_url(rosa))

    assert AuditEvent.objects.filter(action="view", patient_ids=[rosa.pk]).count() == 1


def test_order_form_warns_of_zip_code_in_other_state_and_places_order(as_cora, rosa, kit):
    Patient.objects.filter(pk=rosa.pk).update(state="NH", zip_code="10001")

    page = as_cora.get(order_form_url(rosa))
    placed = as_cora.post(order_form_url(rosa), order_form_data(page, kit), follow=True)

    assert "ZIP code 10001 is New York, New York." in page.content.decode()
    assert zip_codes.ZIP_CODE_WARNING in html.unescape(placed.content.decode())
    assert Order.objects.get().ship_zip_code == "10001"


def test_order_form_does_not_warn_of_matching_zip_code(as_cora, rosa, kit):
    assert "ZIP code 03301" not in as_cora.get(order_form_url(rosa)).content.decode()

"""The form of an order, and that of a device handed over on site."""

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
from tests.fulfillment.pages import text_of


def new_url(patient, **query):
    return reverse("orders:new", query={"patient": patient.pk, **query})


def filled(form_page, kit, **changes):
    form = form_page.context["form"]
    typed = {name: form[name].value() for name in form.address_fields} | {
        "submission_id": str(form["submission_id"].value()),
        "kit": str(kit.pk),
        "gateway": form.fields["gateway"].initial,
        "override_reason": "",
    }
    return typed | changes


def test_the_form_shows_kits_with_contents_and_the_patients_address(as_cora, rosa, kit):
    page = text_of(as_cora.get(new_url(rosa)))

    assert "Heart failure kit" in page
    assert "Tenovi BPM - L, Tenovi Scale" in page
    assert 'value="12 Alder Street"' in page


def test_only_the_kits_of_the_patients_clinic_can_be_chosen(as_cora, rosa, kit, harbor):
    foreign = KitFactory(clinic=harbor, name="Elsewhere kit")

    page = as_cora.get(new_url(rosa))
    answer = as_cora.post(new_url(rosa), filled(page, foreign))

    assert "Elsewhere kit" not in page.content.decode()
    assert "kit" in answer.context["form"].errors
    assert not Order.objects.exists()


def test_placing_an_order_leads_to_its_page(as_cora, rosa, kit, cora):
    page = as_cora.get(new_url(rosa))

    answer = as_cora.post(new_url(rosa), filled(page, kit, require_signature="on"))

    order = Order.objects.get()
    assert answer["Location"] == reverse("orders:page", args=[order.pk])
    assert (order.placed_by, order.require_signature, order.ship_city) == (cora, True, "Concord")


def test_a_double_click_is_one_order(as_cora, rosa, kit):
    typed = filled(as_cora.get(new_url(rosa)), kit)

    first, second = (as_cora.post(new_url(rosa), typed) for _ in range(2))

    assert first["Location"] == second["Location"]
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [("zip_code", "0330"), ("zip_code", "٠٣٣٠١"), ("state", "ZZ"), ("street", ""), ("name", "Rosa\u202e")],
)
def test_a_wrong_field_is_told_beside_it_and_what_was_typed_stays(as_cora, rosa, kit, field, typed):
    page = as_cora.get(new_url(rosa))

    answer = as_cora.post(new_url(rosa), filled(page, kit, city="Dover", **{field: typed}))

    assert field in answer.context["form"].errors
    assert 'value="Dover"' in answer.content.decode()
    assert not Order.objects.exists()


def test_what_is_on_its_way_is_warned_of_and_needs_a_reason(as_cora, rosa, kit, order):
    page = as_cora.get(new_url(rosa))
    assert "On the way already" in page.content.decode()

    refused = as_cora.post(new_url(rosa), filled(page, kit))
    taken = as_cora.post(new_url(rosa), filled(page, kit, override_reason="Lost in the post"))

    assert "Tenovi Scale (Waiting to be sent)" in str(refused.context["form"].errors["override_reason"])
    assert taken.status_code == 302
    assert Order.objects.count() == 2


def test_the_patients_gateway_is_joined_unless_a_new_one_is_asked_for(as_cora, rosa, kit):
    DeviceFactory(patient=rosa, gateway__hardware_uuid="A1B2C3D4E5F6", sensor_code="15")
    page = as_cora.get(new_url(rosa))
    assert "A1B2-C3D4-E5F6" in page.content.decode()

    as_cora.post(new_url(rosa), filled(page, kit))
    assert Order.objects.get().gateway_id == "A1B2C3D4E5F6"


def test_a_new_gateway_can_be_asked_for(as_cora, rosa, kit):
    DeviceFactory(patient=rosa, gateway__hardware_uuid="A1B2C3D4E5F6", sensor_code="15")

    as_cora.post(new_url(rosa), filled(as_cora.get(new_url(rosa)), kit, gateway="new"))

    assert Order.objects.get().gateway_id == ""


def test_a_discharged_patient_gets_no_order(as_cora, cora, rosa, kit):
    page = as_cora.get(new_url(rosa))
    Patient.objects.visible_to(cora).update(discharged_at=timezone.now())

    answer = as_cora.post(new_url(rosa), filled(page, kit))

    assert "discharged" in str(answer.context["form"].non_field_errors())


def test_an_activation_normalises_what_was_typed(as_cora, rosa, scale):
    page = as_cora.get(new_url(rosa, how="activate"))
    typed = {
        "device_type": scale.pk,
        "gateway_id": "a1b2-c3d4-e5f6",
        "sensor_id": "",
        "override_reason": "",
        "submission_id": str(page.context["form"]["submission_id"].value()),
    }

    as_cora.post(new_url(rosa, how="activate"), typed)

    assert VendorCall.objects.get().payload["gateway"] == "A1B2C3D4E5F6"


def test_a_mistyped_gateway_id_is_told_beside_the_field(as_cora, rosa, scale):
    typed = {"device_type": scale.pk, "gateway_id": "A1B2-C3D4", "submission_id": str(uuid.uuid4())}

    answer = as_cora.post(new_url(rosa, how="activate"), typed)

    assert "12 characters" in str(answer.context["form"].errors["gateway_id"])


def test_without_a_patient_there_is_no_form(as_cora):
    assert as_cora.get(reverse("orders:new")).url == reverse("patients:list")
    assert as_cora.get(reverse("orders:new", query={"patient": "nobody"})).status_code == 404


def test_opening_the_form_is_audited(as_cora, rosa, kit):
    as_cora.get(new_url(rosa))

    assert AuditEvent.objects.filter(action="view", patient_ids=[rosa.pk]).count() == 1


def test_a_zip_code_of_another_state_is_doubted_before_and_after_and_holds_nobody_up(as_cora, rosa, kit):
    Patient.objects.filter(pk=rosa.pk).update(state="NH", zip_code="10001")

    page = as_cora.get(new_url(rosa))
    placed = as_cora.post(new_url(rosa), filled(page, kit), follow=True)

    assert zip_codes.WARNING in html.unescape(page.content.decode())
    assert zip_codes.WARNING in html.unescape(placed.content.decode())
    assert Order.objects.get().ship_zip_code == "10001"


def test_an_address_that_fits_is_not_doubted(as_cora, rosa, kit):
    assert zip_codes.WARNING not in html.unescape(as_cora.get(new_url(rosa)).content.decode())

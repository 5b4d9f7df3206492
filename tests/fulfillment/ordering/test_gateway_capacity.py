"""Gateway capacity: the order forms refuse a device that the gateway has no place for, and lose no input."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from fulfillment.forms.activation import ActivationForm
from fulfillment.forms.gateways import GATEWAY_FULL, GATEWAY_HELD
from fulfillment.models import Order
from tests.factories import DeviceFactory, DeviceTypeFactory, GatewayFactory, KitFactory, PatientFactory

pytestmark = pytest.mark.django_db
AT_HOME = "A1B2C3D4E5F6"
OVERRIDE_LABEL = ActivationForm.base_fields["override_capacity"].label


@pytest.fixture
def cora_client(cora):
    signed_in = Client()
    signed_in.force_login(cora)
    return signed_in


@pytest.fixture
def device_on_gateway(rosa, cuff):
    """Rosa has a cuff on her gateway."""
    gateway = GatewayFactory(hardware_uuid=AT_HOME)
    return DeviceFactory(patient=rosa, device_type=cuff, gateway=gateway, vendor_created="2026-11-01T00:00Z")


def get_order_form(browser, patient, **query):
    return browser.get(reverse("orders:new", query={"patient": patient.pk, **query}))


def post_order(browser, patient, kit, **changes):
    typed = {
        "submission_id": uuid.uuid4(), "kit": kit.pk, "gateway": "join", "name": "Rosa Delgado", "city": "Concord",
        "street": "77 Typed Street", "state": "NH", "zip_code": "03301", "override_reason": "",
    }  # fmt: skip
    return browser.post(reverse("orders:new", query={"patient": patient.pk}), typed | changes)


def test_order_form_shows_which_kits_do_not_fit_existing_gateway(cora_client, rosa, device_on_gateway, kit, elm, scale):
    KitFactory(clinic=elm, name="Weight alone", items=[(scale, 1)])

    text = get_order_form(cora_client, rosa).content.decode()

    assert text.count("Needs a new gateway: the patient's gateway has Tenovi BPM - L already.") == 1


def test_order_form_join_choice_lists_devices_on_gateway(cora_client, rosa, device_on_gateway, kit):
    text = get_order_form(cora_client, rosa).content.decode()

    assert "Join the gateway that the patient has (A1B2-C3D4-E5F6, with Tenovi BPM - L on it)" in text


def test_order_form_preselects_new_gateway_if_no_kit_fits(cora_client, rosa, device_on_gateway, kit, elm, scale):
    assert get_order_form(cora_client, rosa).context["form"]["gateway"].value() == "new"

    KitFactory(clinic=elm, name="Weight alone", items=[(scale, 1)])

    assert get_order_form(cora_client, rosa).context["form"]["gateway"].value() == "join"


def test_order_form_refuses_full_gateway_at_field_and_preserves_input(cora_client, rosa, device_on_gateway, kit):
    page = post_order(cora_client, rosa, kit)

    assert "would refuse it" in page.context["form"].errors["gateway"][0]
    assert "77 Typed Street" in page.content.decode()
    assert OVERRIDE_LABEL in page.content.decode()
    assert not Order.objects.exists()


def test_order_form_override_accepts_full_gateway(cora_client, rosa, device_on_gateway, kit):
    post_order(cora_client, rosa, kit, override_capacity="on")

    assert Order.objects.get().gateway_id == AT_HOME


def test_gateway_capacity_of_new_gateway_fits_any_kit(cora_client, rosa, device_on_gateway, kit):
    post_order(cora_client, rosa, kit, gateway="new")

    assert Order.objects.get().gateway_id == ""


def test_gateway_capacity_accepts_device_type_not_on_gateway(cora_client, rosa, device_on_gateway, elm, scale):
    post_order(cora_client, rosa, KitFactory(clinic=elm, items=[(scale, 1)]))

    assert Order.objects.get().gateway_id == AT_HOME


def test_gateway_capacity_refuses_two_devices_of_same_type(cora_client, rosa, device_on_gateway, elm, scale):
    page = post_order(cora_client, rosa, KitFactory(clinic=elm, items=[(scale, 2)]))

    assert "Tenovi Scale" in page.context["form"].errors["gateway"][0]


def test_gateway_capacity_ignores_unlinked_device(cora_client, rosa, device_on_gateway, scale, elm, cuff):
    DeviceFactory(patient=rosa, device_type=scale, gateway=device_on_gateway.gateway)
    type(device_on_gateway).objects.filter(pk=device_on_gateway.pk).update(state="unlinked")

    post_order(cora_client, rosa, KitFactory(clinic=elm, items=[(cuff, 1)]))

    assert Order.objects.count() == 1


def post_activation(browser, patient, device_type, **changes):
    typed = {"submission_id": uuid.uuid4(), "device_type": device_type.pk, "gateway_id": "a1b2-c3d4-e5f6"}
    return browser.post(reverse("orders:new", query={"patient": patient.pk, "how": "activate"}), typed | changes)


def test_gateway_capacity_accepts_several_devices_with_sensor_ids(cora_client, rosa, device_on_gateway):
    cap = DeviceTypeFactory(name="PatchRx PatchCap", sensor_code="27", sensor_id_required=True)
    DeviceFactory(patient=rosa, device_type=cap, gateway=device_on_gateway.gateway, sensor_code="27-1")

    post_activation(cora_client, rosa, cap, sensor_id="2")

    assert Order.objects.count() == 1


def test_activation_form_refuses_full_gateway_at_field_until_overridden(cora_client, rosa, device_on_gateway, cuff):
    page = post_activation(cora_client, rosa, cuff)

    assert "would refuse it" in page.context["form"].errors["gateway_id"][0]
    assert "a1b2-c3d4-e5f6" in page.content.decode()
    post_activation(cora_client, rosa, cuff, override_capacity="on")
    assert Order.objects.count() == 1


def test_gateway_capacity_reveals_nothing_about_other_clinics_gateway(cora_client, rosa, harbor, cuff):
    device = DeviceFactory(
        patient=PatientFactory(clinic=harbor), device_type=cuff, gateway=GatewayFactory(hardware_uuid=AT_HOME)
    )

    form = post_activation(cora_client, rosa, cuff).context["form"]

    assert form.has_error("gateway_id", GATEWAY_HELD)
    assert not form.has_error("gateway_id", GATEWAY_FULL)
    assert device.name not in str(form.errors)


def test_activation_form_offers_no_override_for_malformed_gateway_id(cora_client, rosa, device_on_gateway, cuff):
    page = post_activation(cora_client, rosa, cuff, gateway_id="A1B2").content.decode()

    assert "A gateway ID has 12 characters" in page
    assert OVERRIDE_LABEL not in page
    assert OVERRIDE_LABEL in post_activation(cora_client, rosa, cuff).content.decode()

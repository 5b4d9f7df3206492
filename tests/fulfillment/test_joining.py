"""A device for which its gateway has no room is told before it is ordered; nothing that was typed is lost."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from fulfillment.models import Order
from tests.factories import DeviceFactory, DeviceTypeFactory, GatewayFactory, KitFactory, PatientFactory

pytestmark = pytest.mark.django_db
AT_HOME = "A1B2C3D4E5F6"


@pytest.fixture
def browser(cora):
    signed_in = Client()
    signed_in.force_login(cora)
    return signed_in


@pytest.fixture
def held(rosa, cuff):
    """Rosa has a cuff on her gateway."""
    gateway = GatewayFactory(hardware_uuid=AT_HOME)
    return DeviceFactory(patient=rosa, device_type=cuff, gateway=gateway, vendor_created="2026-11-01T00:00Z")


def form_of(browser, patient, **query):
    return browser.get(reverse("orders:new", query={"patient": patient.pk, **query}))


def order(browser, patient, kit, **changes):
    typed = {
        "submission_id": uuid.uuid4(), "kit": kit.pk, "gateway": "join", "name": "Rosa Delgado", "city": "Concord",
        "street": "77 Typed Street", "state": "NH", "zip_code": "03301", "override_reason": "",
    }  # fmt: skip
    return browser.post(reverse("orders:new", query={"patient": patient.pk}), typed | changes)


def test_the_form_says_beside_each_kit_what_the_gateway_has_already(browser, rosa, held, kit, elm, scale):
    KitFactory(clinic=elm, name="Weight alone", items=[(scale, 1)])

    text = form_of(browser, rosa).content.decode()

    assert text.count("Needs a new gateway: the one that the patient has holds Tenovi BPM - L already.") == 1


def test_the_choice_to_join_names_what_is_on_the_gateway(browser, rosa, held, kit):
    text = form_of(browser, rosa).content.decode()

    assert "Join the gateway that the patient has (A1B2-C3D4-E5F6, with Tenovi BPM - L on it)" in text


def test_where_no_kit_fits_the_gateway_a_new_one_is_chosen_beforehand(browser, rosa, held, kit, elm, scale):
    assert form_of(browser, rosa).context["form"]["gateway"].value() == "new"

    KitFactory(clinic=elm, name="Weight alone", items=[(scale, 1)])

    assert form_of(browser, rosa).context["form"]["gateway"].value() == "join"


def test_joining_is_refused_at_its_field_and_what_was_typed_is_kept(browser, rosa, held, kit):
    page = order(browser, rosa, kit)

    assert "would refuse it" in page.context["form"].errors["gateway"][0]
    assert "77 Typed Street" in page.content.decode()
    assert "go on all the same" in page.content.decode()
    assert not Order.objects.exists()


def test_somebody_who_knows_better_orders_all_the_same(browser, rosa, held, kit):
    order(browser, rosa, kit, all_the_same="on")

    assert Order.objects.get().gateway_id == AT_HOME


def test_a_new_gateway_has_room_for_everything(browser, rosa, held, kit):
    order(browser, rosa, kit, gateway="new")

    assert Order.objects.get().gateway_id == ""


def test_what_the_gateway_lacks_joins_it(browser, rosa, held, elm, scale):
    order(browser, rosa, KitFactory(clinic=elm, items=[(scale, 1)]))

    assert Order.objects.get().gateway_id == AT_HOME


def test_two_alike_in_one_kit_do_not_both_join(browser, rosa, held, elm, scale):
    page = order(browser, rosa, KitFactory(clinic=elm, items=[(scale, 2)]))

    assert "Tenovi Scale" in page.context["form"].errors["gateway"][0]


def test_an_unlinked_device_leaves_its_place(browser, rosa, held, scale, elm, cuff):
    DeviceFactory(patient=rosa, device_type=scale, gateway=held.gateway)
    type(held).objects.filter(pk=held.pk).update(state="unlinked")

    order(browser, rosa, KitFactory(clinic=elm, items=[(cuff, 1)]))

    assert Order.objects.count() == 1


def test_caps_with_sensor_ids_share_a_gateway(browser, rosa, held, elm):
    cap = DeviceTypeFactory(name="PatchRx PatchCap", sensor_code="27", sensor_id_required=True)
    DeviceFactory(patient=rosa, device_type=cap, gateway=held.gateway, sensor_code="27-1")

    order(browser, rosa, KitFactory(clinic=elm, items=[(cap, 2)]))

    assert Order.objects.count() == 1


def activate(browser, patient, device_type, **changes):
    typed = {"submission_id": uuid.uuid4(), "device_type": device_type.pk, "gateway_id": "a1b2-c3d4-e5f6"}
    return browser.post(reverse("orders:new", query={"patient": patient.pk, "how": "activate"}), typed | changes)


def test_activating_on_a_gateway_that_has_such_a_device_is_told_beside_the_field(browser, rosa, held, cuff):
    page = activate(browser, rosa, cuff)

    assert "would refuse it" in page.context["form"].errors["gateway_id"][0]
    assert "a1b2-c3d4-e5f6" in page.content.decode()
    activate(browser, rosa, cuff, all_the_same="on")
    assert Order.objects.count() == 1


def test_a_gateway_of_another_clinic_tells_nothing(browser, rosa, harbor, cuff):
    DeviceFactory(
        patient=PatientFactory(clinic=harbor), device_type=cuff, gateway=GatewayFactory(hardware_uuid=AT_HOME)
    )

    activate(browser, rosa, cuff)

    assert Order.objects.count() == 1


def test_a_mistyped_gateway_id_is_no_reason_to_go_on_all_the_same(browser, rosa, held, cuff):
    page = activate(browser, rosa, cuff, gateway_id="A1B2").content.decode()

    assert "A gateway ID has 12 characters" in page
    assert "all the same" not in page
    assert "all the same" in activate(browser, rosa, cuff).content.decode()

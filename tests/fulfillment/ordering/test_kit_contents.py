"""Kits that the vendor can't ship: refused in the admin, not offered in the form, refused when they are ordered."""

import uuid

import pytest
from django.urls import reverse

from devices.models import VendorCall
from fulfillment.models import Kit, Order
from fulfillment.ordering import orders
from fulfillment.ordering.kit_contents import EMPTY_KIT, kit_problem
from tests.factories import DeviceTypeFactory, KitFactory
from tests.page_texts import page_text
from tests.simulated_vendor import SHIPPING_ADDRESS

KIT_FORM = {"name": "New kit", "description": "", "active": "on", "items-INITIAL_FORMS": 0}


@pytest.fixture
def cap(db):
    return DeviceTypeFactory(name="PatchRx PatchCap", sensor_code="27", sensor_id_required=True)


@pytest.fixture
def as_ada(client_of, ada):
    return client_of(ada)


def test_kit_problem_names_each_device_once(scale, cap):
    gone = DeviceTypeFactory(name="Old cuff", deprecated=True)
    visit = DeviceTypeFactory(name="Care visit", virtual=True)

    assert kit_problem([scale]) == ""
    assert kit_problem([]) == EMPTY_KIT
    assert "PatchRx PatchCap. Its sensor ID" in kit_problem([scale, cap, cap])
    assert kit_problem([visit, gone, gone]) == "No longer in the vendor's catalogue: Care visit, Old cuff."


@pytest.mark.parametrize("contents", [[], ["cap"], ["scale", "cap"]], ids=len)
def test_kit_admin_refuses_new_kit_that_can_not_be_shipped(as_ada, elm, scale, cap, contents):
    types = {"scale": scale, "cap": cap}
    rows = {f"items-{n}-device_type": types[name].pk for n, name in enumerate(contents)}
    rows |= {f"items-{n}-quantity": 1 for n in range(len(contents))}
    KitFactory(clinic=elm, name="Holds it already", items=[(cap, 1)])

    page = as_ada.post(
        reverse("admin:fulfillment_kit_add"), KIT_FORM | rows | {"clinic": elm.pk, "items-TOTAL_FORMS": len(contents)}
    )

    assert not Kit.objects.filter(name="New kit").exists()
    assert ("sensor ID" if contents else "This kit is empty") in page_text(page)


def test_kit_admin_does_not_offer_devices_that_need_a_sensor_id(as_ada, cap, scale):
    page = page_text(as_ada.get(reverse("admin:fulfillment_kit_add")))

    assert "Tenovi Scale" in page
    assert "PatchCap" not in page


def test_kit_admin_saves_an_old_kit_only_as_inactive(as_ada, elm, cap):
    kit = KitFactory(clinic=elm, name="Old kit", items=[(cap, 1)])
    url = reverse("admin:fulfillment_kit_change", args=[kit.pk])
    item = kit.items.get()
    rows = {"items-0-id": item.pk, "items-0-kit": kit.pk, "items-0-device_type": cap.pk, "items-0-quantity": 1}
    posted = KIT_FORM | rows | {"clinic": elm.pk, "items-TOTAL_FORMS": 1, "items-INITIAL_FORMS": 1}

    def save(**changes):
        version = as_ada.get(url).context["edit_version"]
        as_ada.post(url, {**{k: v for k, v in posted.items() if k != "active"}, "edit_version": version, **changes})
        kit.refresh_from_db()

    save(active="on", name="Renamed")
    assert kit.name == "Old kit"
    save(name="Renamed")
    assert (kit.name, kit.active) == ("Renamed", False)


def test_kit_admin_list_says_why_a_kit_is_not_offered(as_ada, elm, cap):
    KitFactory(clinic=elm, items=[(cap, 1)])
    KitFactory(clinic=elm, items=[])

    page = page_text(as_ada.get(reverse("admin:fulfillment_kit_changelist")))

    assert "Can't be shipped: PatchRx PatchCap" in page.replace("&#x27;", "'")
    assert "This kit is empty" in page


def test_order_form_offers_only_kits_that_can_be_shipped(as_cora, rosa, elm, scale, cap):
    good = KitFactory(clinic=elm, name="Good kit", items=[(scale, 1)])
    for name, items in {"Empty kit": [], "Cap kit": [(cap, 1)], "Mixed kit": [(scale, 1), (cap, 2)]}.items():
        KitFactory(clinic=elm, name=name, items=items)

    page = as_cora.get(reverse("orders:new", query={"patient": rosa.pk}))

    assert list(page.context["form"].fields["kit"].queryset) == [good]
    text = page_text(page).replace("&#x27;", "'")
    assert "Cap kit can't be ordered. Can't be shipped: PatchRx PatchCap" in text
    assert "Empty kit can't be ordered. This kit is empty" in text


def test_order_form_without_a_kit_that_can_be_shipped_says_so(as_cora, rosa, elm):
    KitFactory(clinic=elm, items=[])

    assert "no kit that can be ordered" in page_text(as_cora.get(reverse("orders:new", query={"patient": rosa.pk})))


@pytest.mark.parametrize("contents", [[], ["cap"]], ids=["empty", "sensor id"])
def test_place_refuses_a_kit_that_can_not_be_shipped(rosa, elm, cora, cap, contents):
    kit = KitFactory(clinic=elm, items=[(cap, 1)] if contents else [])

    with pytest.raises(orders.OrderError, match="sensor ID" if contents else "This kit is empty"):
        orders.place(patient=rosa, kit=kit, ship_to=SHIPPING_ADDRESS, by=cora, submission_id=uuid.uuid4())

    assert not Order.objects.exists()
    assert not VendorCall.objects.exists()


def test_kit_without_a_gateway_is_ordered_only_for_a_patient_who_has_one(place_order, elm, scale):
    kit = KitFactory(clinic=elm, items=[(scale, 1)], without_gateway=True)

    with pytest.raises(orders.OrderError, match="This kit has no gateway"):
        place_order(kit=kit)
    assert place_order(kit=kit, gateway="A1B2C3D4E5F6").gateway_id == "A1B2C3D4E5F6"


def test_kit_of_cellular_devices_needs_no_gateway(place_order, elm):
    cellular = DeviceTypeFactory(name="Tenovi Cellular Scale", sensor_code="")

    assert place_order(kit=KitFactory(clinic=elm, items=[(cellular, 1)], without_gateway=True)).lines.count() == 1

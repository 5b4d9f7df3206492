import pytest
from django.test import Client
from django.urls import reverse

from fulfillment.models import Kit, Order, OrderEvent, OrderLine
from fulfillment.special_orders.models import SpecialOrder
from patients.audit.display import page_label
from tests.factories import (
    DeviceTypeFactory,
    KitFactory,
    OrderEventFactory,
    OrderFactory,
    PatientFactory,
    SpecialOrderFactory,
)

MODELS = (Kit, Order, OrderLine, OrderEvent, SpecialOrder)


@pytest.fixture
def as_ada(ada):
    browser = Client()
    browser.force_login(ada)
    return browser


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_fulfillment_admin_lists_show_only_own_clinics(as_ada, rosa, elm, harbor, model):
    for clinic, patient in ((elm, rosa), (harbor, PatientFactory(clinic=harbor))):
        order = OrderFactory(patient=patient, kit=KitFactory(clinic=clinic))
        OrderEventFactory(order=order)
        SpecialOrderFactory(patient=patient)

    page = as_ada.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))

    assert page.context["cl"].result_count == 1


def test_kit_admin_creates_kit_for_own_clinic(as_ada, elm, scale):
    form = {"name": "Weight kit", "clinic": elm.pk, "active": "on", "description": ""}
    items = {"items-TOTAL_FORMS": 1, "items-INITIAL_FORMS": 0, "items-0-device_type": scale.pk, "items-0-quantity": 2}

    as_ada.post(reverse("admin:fulfillment_kit_add"), form | items)

    assert Kit.objects.get().items.get().quantity == 2


@pytest.mark.parametrize("name", ["weight KIT", "Weight\u2011Kit", " W\u00e9ight  kit"])
def test_kit_admin_refuses_the_name_of_another_kit_however_it_is_spelled(as_ada, elm, harbor, scale, name):
    for clinic in (elm, harbor):
        KitFactory(clinic=clinic, name="Weight kit")
    form = {"name": name, "clinic": elm.pk, "active": "on", "description": ""}
    items = {"items-TOTAL_FORMS": 1, "items-INITIAL_FORMS": 0, "items-0-device_type": scale.pk, "items-0-quantity": 1}

    answer = as_ada.post(reverse("admin:fulfillment_kit_add"), form | items)

    assert answer.status_code == 200
    assert "Another kit of this clinic has this name." in answer.content.decode()
    assert Kit.objects.count() == 2


def test_kit_admin_refuses_two_cuff_sizes_in_one_kit(as_ada, elm, cuff):
    small = DeviceTypeFactory(name="Tenovi BPM - S", sensor_code="10")
    form = {"name": "Cuff kit", "clinic": elm.pk, "active": "on", "description": ""}
    items = {"items-TOTAL_FORMS": 2, "items-INITIAL_FORMS": 0}
    for n, each in enumerate((small, cuff)):
        items |= {f"items-{n}-device_type": each.pk, f"items-{n}-quantity": 1}

    answer = as_ada.post(reverse("admin:fulfillment_kit_add"), form | items)

    assert "a kit has one size: Tenovi BPM - L, Tenovi BPM - S." in answer.content.decode()
    assert not Kit.objects.exists()


def test_kit_admin_refuses_a_deprecated_device_at_its_row_and_saves_a_kit_out_of_use(as_ada, elm, scale, cuff):
    type(cuff).objects.filter(pk=cuff.pk).update(deprecated=True)
    kit = KitFactory(clinic=elm, name="Old kit", items=[(cuff, 1)])
    item = kit.items.get()
    url = reverse("admin:fulfillment_kit_change", args=[kit.pk])
    page = as_ada.get(url)
    form = {"name": "Old kit", "clinic": elm.pk, "active": "on", "description": ""}
    form["edit_version"] = page.context["edit_version"]
    form |= {"items-TOTAL_FORMS": 1, "items-INITIAL_FORMS": 1, "items-0-id": item.pk, "items-0-kit": kit.pk}
    form |= {"items-0-device_type": cuff.pk, "items-0-quantity": 2}

    text = as_ada.post(url, form).content.decode()
    assert f"{cuff.name} can&#x27;t be ordered: deprecated at the vendor." in text
    assert kit.items.get().quantity == 1

    del form["active"]
    as_ada.post(url, form)
    assert kit.items.get().quantity == 2


def test_kit_admin_rejects_kit_for_other_clinic(as_ada, harbor, scale):
    form = {"name": "Weight kit", "clinic": harbor.pk, "active": "on", "items-TOTAL_FORMS": 0, "items-INITIAL_FORMS": 0}

    as_ada.post(reverse("admin:fulfillment_kit_add"), form)

    assert not Kit.objects.exists()


def test_order_admin_is_read_only(as_ada, rosa, kit):
    order = OrderFactory(patient=rosa, kit=kit)

    assert as_ada.get(reverse("admin:fulfillment_order_change", args=[order.pk])).status_code == 200
    assert as_ada.post(reverse("admin:fulfillment_order_change", args=[order.pk])).status_code == 403
    assert as_ada.post(reverse("admin:fulfillment_order_delete", args=[order.pk])).status_code == 403


def test_page_label_names_admin_page_of_nested_app():
    label = page_label("admin:special_orders_specialorder_changelist")

    assert str(SpecialOrder._meta.verbose_name_plural) in label

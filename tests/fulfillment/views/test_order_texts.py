"""What the order pages say, as people read it: times, ages, what is missing, what to do."""

import datetime as dt
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import VendorCall
from fulfillment.models import OrderEvent
from tests.factories import DeviceFactory, KitFactory, OrderFactory, OrderLineFactory
from tests.page_texts import page_text

NOON = dt.datetime(2026, 11, 19, 17, 4, tzinfo=dt.UTC)  # 12:04 PM in New York


@pytest.fixture
def line(rosa, cora, elm):
    order = OrderFactory(
        patient=rosa, kit=KitFactory(clinic=elm, name="Heart kit"), lines=0, placed_by=cora, placed_at=NOON
    )
    line = OrderLineFactory(order=order, device=DeviceFactory(patient=rosa), status="shipped")
    VendorCall.objects.filter(pk=line.call_id).update(state="confirmed", device=line.device)
    return line


def create_order_event(line, hours, source, status):
    at = NOON + dt.timedelta(hours=hours)
    OrderEvent.objects.create(
        order=line.order, line=line, device=line.device, source=source, status=status, text=status.title(), at=at,
        delivery_id=hours if source == "webhook" else None,
    )  # fmt: skip


def test_order_page_shows_time_and_source_of_each_device_status(as_cora, line):
    create_order_event(line, 1, "call", "requested")
    create_order_event(line, 2, "webhook", "ready")
    create_order_event(line, 3, "webhook", "shipped")
    create_order_event(line, 4, "refresh", "shipped")
    create_order_event(line, 5, "refresh", "shipped")

    page = page_text(as_cora.get(reverse("orders:page", args=[line.order_id])))

    assert "Requested Nov 19, 1:04 PM , our call to the vendor" in page
    assert "Ready to ship Nov 19, 2:04 PM , vendor's message, not confirmed yet" in page
    assert "Shipped Nov 19, 4:04 PM , read from the vendor" in page
    assert "Delivered (still to come)" in page


def test_order_page_shows_patient_name_and_order_time(as_cora, line):
    page = page_text(as_cora.get(reverse("orders:page", args=[line.order_id])))

    assert "Heart kit for Rosa Delgado" in page
    assert "by Cora Lindqvist on Nov 19, 2026, 12:04 PM" in page


def test_order_list_shows_next_step_of_stuck_order(as_cora, line):
    line.status, line.order.placed_at = "action_required", timezone.now() - dt.timedelta(days=3)
    line.save(update_fields=["status"])
    line.order.save(update_fields=["placed_at"])

    page = page_text(as_cora.get(reverse("orders:list")))

    assert "The vendor waits for us" in page
    assert "Correct or confirm the address" in page.replace("&#x27;", "'")
    assert " 3 d " in page


def test_order_form_names_missing_fields(as_cora, rosa, elm):
    KitFactory(clinic=elm)

    page = page_text(as_cora.post(reverse("orders:new", query={"patient": rosa.pk}), {"zip_code": "03301"}))

    for name in ("Kit", "Street and apartment", "City", "State"):
        assert f"{name} is missing." in page
    assert "Nothing is ordered yet." in page


def test_activation_form_uses_activation_texts(as_cora, rosa, cuff):
    form = reverse("orders:new", query={"patient": rosa.pk, "how": "activate"})
    typed = {"submission_id": uuid.uuid4(), "device_type": cuff.pk, "gateway_id": "A1B2C3D4E5F6"}

    assert "Nothing is activated yet." in page_text(as_cora.post(form, {"gateway_id": "A1B2"}))

    page = page_text(as_cora.post(form, typed, follow=True))
    assert "The vendor is asked to activate it." in page
    assert "A1B2-C3D4-E5F6 gateway ID or IMEI as entered" in page


def test_enrollment_form_names_missing_fields(as_cora):
    page = page_text(as_cora.post(reverse("enrollment:new"), {"city": "Concord"}))

    assert "Last name is missing." in page
    assert "Date of birth is missing." in page

"""Lists of the admin say who, what and in which unit, so that an administrator needs no key to them."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    AlarmFactory,
    DeviceFactory,
    GatewayFactory,
    MeasurementFactory,
    OrderEventFactory,
    OrderFactory,
    SyncRowFactory,
    SyncRunFactory,
    ThresholdChangeFactory,
    VendorCallFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(client, ada):
    client.force_login(ada)

    def listed(model, **query):
        page = client.get(reverse(f"admin:{model}_changelist"), query)
        return " ".join(page.content.decode().split())

    return listed


def test_rows_about_a_patient_name_the_patient(listed, rosa, cora):
    device = DeviceFactory(patient=rosa)
    MeasurementFactory(device=device, conflict=True, implausible=True)
    VendorCallFactory(patient=rosa)
    SyncRowFactory(patient=rosa)
    OrderFactory(patient=rosa, lines=1)

    for model in (
        "devices_device", "devices_vendorcall", "devices_syncrow", "measurements_measurement", "fulfillment_order",
        "fulfillment_orderline",
    ):  # fmt: skip
        page = listed(model)
        assert "Rosa Delgado<" in page, model
        assert f"patient {rosa.pk}" not in page, model


def test_marks_of_a_reading_stand_in_words(listed, rosa):
    MeasurementFactory(device=DeviceFactory(patient=rosa), conflict=True, implausible=True)

    assert "conflict, implausible</td>" in listed("measurements_measurement")


def test_goals_say_their_bounds_in_words_and_whose_they_are(listed, rosa, nadia):
    ThresholdChangeFactory(patient=rosa, by=nadia, before=None, after=[None, None, "140.00", "180.00"])

    goals, changes = listed("measurements_threshold"), listed("measurements_thresholdchange")

    assert "Blood pressure, systolic</a>" in goals
    assert "below 130 (far above goal over 180)</td>" in goals
    assert "everybody: the default</td>" in goals
    assert "none of its own</td>" in changes
    assert "below 140 (far above goal over 180)</td>" in changes


def test_a_gateway_is_found_as_its_label_prints_it_and_its_signal_is_judged(listed, rosa):
    DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid="A1B2C3D4E5F6", signal_strength=7))

    page = listed("devices_gateway", q="a1b2-c3d4-e5f6")

    assert "A1B2-C3D4-E5F6</a>" in page
    assert "poor, 7</td>" in page


def test_an_event_says_its_status_as_orders_do(listed, client, rosa):
    order = OrderFactory(patient=rosa)
    OrderEventFactory(order=order, status="action_required", source="webhook")

    page = listed("fulfillment_orderevent")

    assert "Action required</td>" in page
    assert "action_required" not in client.get(f"/admin/fulfillment/order/{order.pk}/change/").content.decode()
    assert "the vendor&#x27;s message</td>" in page


def test_alarms_are_told_apart_by_whether_they_last(listed):
    AlarmFactory(name="lasting")
    AlarmFactory(name="gone", over_at=timezone.now())

    page = listed("devices_alarm", over_at__isempty="1")

    assert "Lasts</a>" in page
    assert "Over</a>" in page
    assert "lasting" in page
    assert "gone</a>" not in page


def test_a_comparison_is_named_by_its_kind_and_number_and_its_figures_are_readable(client, ada):
    run = SyncRunFactory(kind="devices", finished_at=timezone.now(), found=17_128)
    client.force_login(ada)

    assert (
        f"Devices, comparison {str(run.pk)[:8]}"
        in client.get(reverse("admin:devices_syncrun_change", args=[run.pk])).content.decode()
    )
    assert "17,128 at the vendor" in client.get("/admin/").content.decode()

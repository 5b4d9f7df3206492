"""Lists of the admin say who, what and in which unit, so that an administrator needs no key to them."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    DeviceFactory,
    GatewayFactory,
    MeasurementFactory,
    OperatorAlarmFactory,
    OrderEventFactory,
    OrderFactory,
    SyncRowFactory,
    SyncRunFactory,
    ThresholdChangeFactory,
    VendorCallFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def changelist_text(client, ada):
    client.force_login(ada)

    def listed(model, **query):
        page = client.get(reverse(f"admin:{model}_changelist"), query)
        return " ".join(page.content.decode().split())

    return listed


def test_admin_changelists_show_the_patient_name_in_every_row_about_a_patient(changelist_text, rosa, cora):
    device = DeviceFactory(patient=rosa)
    MeasurementFactory(device=device, conflict=True, implausible=True)
    VendorCallFactory(patient=rosa)
    SyncRowFactory(patient=rosa)
    OrderFactory(patient=rosa, lines=1)

    for model in (
        "devices_device", "devices_vendorcall", "devices_syncrow", "measurements_measurement", "fulfillment_order",
        "fulfillment_orderline",
    ):  # fmt: skip
        page = changelist_text(model)
        assert "Rosa Delgado<" in page, model
        assert f"patient {rosa.pk}" not in page, model


def test_measurement_changelist_shows_quality_flags_as_text(changelist_text, rosa):
    MeasurementFactory(device=DeviceFactory(patient=rosa), conflict=True, implausible=True)

    assert "conflict, implausible</td>" in changelist_text("measurements_measurement")


def test_threshold_changelists_show_bounds_as_text_and_the_patient_or_default(changelist_text, rosa, nadia):
    ThresholdChangeFactory(patient=rosa, by=nadia, before=None, after=[None, None, "140.00", "180.00"])

    goals, changes = changelist_text("measurements_threshold"), changelist_text("measurements_thresholdchange")

    assert "Blood pressure, systolic</a>" in goals
    assert "below 130 (far above goal over 180)</td>" in goals
    assert "everybody: the default</td>" in goals
    assert "none of its own</td>" in changes
    assert "below 140 (far above goal over 180)</td>" in changes


def test_gateway_changelist_finds_a_hyphenated_id_and_rates_the_signal_strength(changelist_text, rosa):
    DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid="A1B2C3D4E5F6", signal_strength=7))

    page = changelist_text("devices_gateway", q="a1b2-c3d4-e5f6")

    assert "A1B2-C3D4-E5F6</a>" in page
    assert "poor, 7</td>" in page


def test_order_event_changelist_shows_status_labels_and_not_stored_values(changelist_text, client, rosa):
    order = OrderFactory(patient=rosa)
    OrderEventFactory(order=order, status="action_required", source="webhook")

    page = changelist_text("fulfillment_orderevent")

    assert "Action required</td>" in page
    assert "action_required" not in client.get(f"/admin/fulfillment/order/{order.pk}/change/").content.decode()
    assert "the vendor&#x27;s message</td>" in page


def test_operator_alarm_changelist_filters_open_alarms_from_ended_ones(changelist_text):
    OperatorAlarmFactory(name="lasting")
    OperatorAlarmFactory(name="gone", resolved_at=timezone.now())

    page = changelist_text("devices_operatoralarm", resolved_at__isempty="1")

    assert "Lasts</a>" in page
    assert "Over</a>" in page
    assert "lasting" in page
    assert "gone</a>" not in page


def test_sync_run_admin_title_shows_kind_and_short_id_and_formats_counts(client, ada):
    run = SyncRunFactory(kind="devices", finished_at=timezone.now(), found=17_128)
    client.force_login(ada)

    assert (
        f"Devices, comparison {str(run.pk)[:8]}"
        in client.get(reverse("admin:devices_syncrun_change", args=[run.pk])).content.decode()
    )
    assert "17,128 at the vendor" in client.get("/admin/").content.decode()

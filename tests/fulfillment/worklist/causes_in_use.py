"""The cause of each kind of exception of equipment in use, of readings, and of the vendor's account; see `causes`."""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils import timezone

from devices.inbox import maintenance
from devices.models import ApiKeySlot, Delivery, Device
from devices.outbox import unlinking
from devices.sync import reconciliation, upsert
from devices.tenovi import rate_limiter
from devices.webhooks import self_test
from fulfillment import end_of_monitoring
from measurements.readings import exclusion
from patients.enrollment import admission
from tests.factories import (
    ApiKeySlotFactory,
    DeviceFactory,
    GatewayFactory,
    MeasurementFactory,
    PatientFactory,
    PatientSummaryFactory,
)
from tests.fulfillment.worklist.causes import CAUSES, LONG_AGO, SITE, cause_of, ingest

__all__ = ["CAUSES"]  # all kinds, with those of `causes`

# --- equipment in use -------------------------------------------------------------------------------------------------


@cause_of("silent_device")
def send_nothing(clinic):
    device = clinic.add_used_device(last_seen_at=timezone.now() - dt.timedelta(days=3))
    yield
    ingest(device)


@cause_of("low_battery")
def run_a_battery_down(clinic):
    device = clinic.add_used_device()
    ingest(device, metric="battery_percentage", value_1="12.00", value_2="0.00")
    yield
    ingest(device, metric="battery_percentage", value_1="90.00", value_2="0.00")


@cause_of("silent_gateway")
def unplug_a_gateway(clinic):
    gateway = clinic.add_used_device().gateway
    clinic.read_gateway(gateway, last_checkin_time=(timezone.now() - dt.timedelta(days=4)).isoformat())
    yield
    clinic.read_gateway(gateway, last_checkin_time=timezone.now().isoformat())


@cause_of("not_whitelisted")
def live_beside_another_gateway(clinic):
    now = timezone.now()
    confirmed = [{"sensor_code": "10", "mac_address": "AA11BB22CC33", "whitelist_status": "CO",
                  "created": now.isoformat(), "modified": now.isoformat()}]  # fmt: skip
    neighbor = PatientFactory(clinic=clinic.elm, street=clinic.rosa.street, zip_code=clinic.rosa.zip_code)
    other = GatewayFactory(status_fetched_at=now, last_checkin_at=now, whitelist=confirmed)
    DeviceFactory(patient=neighbor, gateway=other, sensor_code="10", last_seen_at=now)
    gateway = clinic.add_used_device().gateway
    clinic.read_gateway(gateway, last_checkin_time=now.isoformat(), whitelisted_devices=[])
    yield
    clinic.read_gateway(gateway, whitelisted_devices=confirmed)


@cause_of("unlinked_by_vendor")
def unlink_at_the_vendor(clinic):
    line = clinic.order_scale()
    clinic.vendor_says(line, "Connected")
    clinic.vendor_says(line, "Unlinked")
    yield
    clinic.vendor_says(line, "Connected")


@cause_of("linked_after_discharge")
def discharge_without_ending_monitoring(clinic):
    device = clinic.add_used_device()
    admission.discharge_patient(patient=clinic.rosa, by=clinic.cora, reason="moved")
    yield
    end_of_monitoring.end_device_monitoring(device=device, by=clinic.cora, reason="Moved")


@cause_of("pinned_elsewhere")
def pin_to_another_system(clinic):
    device = clinic.add_used_device()
    document = clinic.sim.device(str(device.hwi_id))
    document["properties"].append({"id": str(uuid.uuid4()), "key": self_test.PIN_KEY, "value": str(uuid.uuid4())})
    clinic.sim.state.store.put("device", document["id"], document)
    self_test.read_properties(device, clinic.client, site_url=SITE, unpin=False)
    yield
    self_test.read_properties(device, clinic.client, site_url=SITE, unpin=True)


@cause_of("implausible_readings")
def measure_nonsense(clinic):
    device = clinic.add_used_device()
    PatientSummaryFactory(patient=clinic.rosa, check_count=3)
    days = (timezone.now() - dt.timedelta(days=days) for days in (1, 2))
    first, *_ = [MeasurementFactory(device=device, implausible=True, taken_at=day) for day in days]
    yield
    exclusion.exclude_reading(reading=first, reason=exclusion.ExclusionReason.BAD_MEASUREMENT, by=clinic.nadia)


@cause_of("foreign_gateway")
def use_the_gateway_of_a_neighbor(clinic):
    device = clinic.add_used_device()
    ingest(device, hardware_uuid="0F0F0F0F0F0F", taken_at=timezone.now() - dt.timedelta(hours=1))
    yield
    ingest(device)


# --- the vendor's account ---------------------------------------------------------------------------------------------


@cause_of("lane_stopped")
def refuse_our_key(clinic):
    clinic.settings.TENOVI_API_KEYS = ["a-key", "another-key"]
    slot = ApiKeySlotFactory(refused_since=timezone.now())
    yield
    rate_limiter.clear_refused_key(slot.bucket)
    assert not ApiKeySlot.objects.exclude(refused_since=None).exists()


@cause_of("absent_at_vendor")
def forget_a_device(clinic):
    device = DeviceFactory(patient=clinic.rosa, last_seen_at=timezone.now(), fetched_at=timezone.now() - LONG_AGO)
    reconciliation.reconcile_devices(clinic.client)
    yield
    unlinking.mark_device_deleted(device)


@cause_of("unknown_device")
def list_a_device_of_no_patient(clinic):
    clinic.sim.add_device(external_id="pt-of-somebody-else")
    reconciliation.reconcile_devices(clinic.client)
    yield
    upsert.attach_device(Device.objects.get(), clinic.rosa)


@cause_of("unreadable_messages")
def send_nonsense(clinic):
    ingest(clinic.add_used_device(), value_1="a lot")
    yield
    maintenance.dismiss_deliveries(Delivery.objects.exclude(state="done"), reason="A test")

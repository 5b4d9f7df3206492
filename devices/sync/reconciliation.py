"""Reconciliation with the vendor: the catalogue, devices in both directions, and devices that only a webhook named."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Collection, Iterable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import transaction
from django.db.models import Max, Min, Q
from django.db.models.functions import Greatest
from django.utils import timezone

from devices import tenovi
from devices.hardware_ids import fold_device_name, normalise_hardware_uuid
from devices.inbox import processing
from devices.models import Delivery, Device, DeviceType, Gateway, SyncRun
from devices.models.delivery import DeliveryState
from devices.models.sync import SyncKind
from devices.statuses import DeviceState
from devices.sync import runs, upsert
from devices.sync.gateway_status import smallint_or_none
from devices.vendor_reads import drain_vendor_reads
from patients.folding import fold_case

if TYPE_CHECKING:
    from patients.models import User

logger = logging.getLogger(__name__)

MAX_LOOKUPS = 20
MIN_LOOKUP_PAUSE = dt.timedelta(minutes=1)
MAX_LOOKUP_PAUSE = dt.timedelta(hours=1)
NOT_AT_VENDOR_REASON = "The vendor knows no such device on this account. Most likely its test message."
NOT_ENROLLED_REASON = "The vendor links this device to no patient who is enrolled here. Attach it or dismiss it."
UNREADABLE_DEVICE_REASON = "The vendor's answer about this device can't be used. It is asked again by itself."
ABSENT_AT_VENDOR = "known here, absent at the vendor"  # a kind of difference
WEBHOOK_DELAY_ALLOWED = dt.timedelta(hours=1)  # a reading that is younger may still come by its webhook


# --- the catalogue ------------------------------------------------------------------------------------------------


def sync_catalogue(client: tenovi.TenoviClient) -> SyncRun:
    """Device types, named exactly as the vendor spells them. A changed spelling renames ours, so that it stays in
    its kits. What is no longer listed can't be ordered."""
    run = runs.open_run(SyncKind.CATALOGUE, by=None)[0]
    listing = client.list_device_types()
    with transaction.atomic():
        known = list(DeviceType.objects.all())
        for row in listing.rows:
            device_type = match_catalogue_row(row, known, listed={each.name for each in listing.rows})
            key = {"pk": device_type.pk} if device_type else {"name": row.name}
            DeviceType.objects.update_or_create(**key, defaults=device_type_fields(row))
        DeviceType.objects.exclude(name__in=[row.name for row in listing.rows]).update(listed=False)
        runs.close_run(
            run, found=len(listing.rows), differences=[unreadable_difference(row) for row in listing.unreadable_rows]
        )
    return run


def match_catalogue_row(
    row: tenovi.HwiDeviceType, known: Iterable[DeviceType], *, listed: Collection[str]
) -> DeviceType | None:
    """By name, else by the vendor's id, else leniently: by the folded name of one that is listed under no other."""
    free = [each for each in known if each.name not in listed]
    folded = [each for each in free if fold_device_name(each.name) == fold_device_name(row.name)]
    by_id = [each for each in free if each.vendor_id == row.id]
    exact = [each for each in known if each.name == row.name]
    return next(iter([*exact, *by_id, *folded]), None)


def device_type_fields(row: tenovi.HwiDeviceType) -> dict[str, Any]:
    return {
        "name": row.name,
        "vendor_id": row.id,
        "sensor_code": (row.sensor_code or "")[:8],
        "sensor_id_required": bool(row.sensor_id_required),
        "metrics": msgspec.to_builtins(row.metrics or []),
        "image": row.image or "",
        "client_sku": row.client_sku or "",
        "stock_type": (row.stock_type or "")[:16],
        "up_front_cost": parse_price(row.up_front_cost),
        "shipping_cost": parse_price(row.shipping_cost),
        "monthly_cost": parse_price(row.monthly_cost),
        "in_stock": row.in_stock is not False,
        "virtual": bool(row.virtual),
        "deprecated": bool(row.deprecated),
        "listed": True,
        "synced_at": timezone.now(),
    }


def parse_price(text: Any) -> Decimal | None:
    """A price that can't be read is no reason to lose the device type."""
    try:
        amount = Decimal(str(text))
        return amount.quantize(Decimal("0.01")) if amount.is_finite() and abs(amount) < Decimal(10**8) else None
    except InvalidOperation:
        return None


# --- devices, both ways ---------------------------------------------------------------------------------------------


def reconcile_devices(client: tenovi.TenoviClient, *, by: User | None = None) -> SyncRun:
    """Adopt what is new for patients that we know, refresh the rest, and record what a person must check."""
    run = runs.open_run(SyncKind.DEVICES, by=by)[0]
    listing = client.list_devices()
    differences = [unreadable_difference(row) for row in listing.unreadable_rows]
    for hwi in listing.rows:
        before = Device.objects.filter(hwi_id=hwi.id).select_related("gateway", "patient").first()
        device = upsert.upsert_device(hwi)
        differences += find_differences(before, device, hwi)
    absent = Device.objects.linked().exclude(hwi_id__in=[hwi.id for hwi in listing.rows])
    differences += [build_difference(ABSENT_AT_VENDOR, hwi_id) for hwi_id in absent.values_list("hwi_id", flat=True)]
    sync_gateway_list(client)
    runs.close_run(run, found=len(listing.rows), differences=differences)
    return run


def find_differences(before: Device | None, device: Device, hwi: tenovi.HwiDevice) -> Iterable[dict[str, str]]:
    if device.patient is None:
        if DeviceState(device.state).is_linked:
            yield build_difference("billed, but its patient is not known here", hwi.id)
        return
    if hwi.external_id and fold_case(hwi.external_id) not in upsert.vendor_ids_of_assigned_patient(device):
        yield build_difference("linked to another patient at the vendor", hwi.id)
    if before is None:
        return
    if before.hardware_uuid and hwi.hardware_uuid and before.hardware_uuid != hwi.hardware_uuid:
        yield build_difference(
            "other hardware at the vendor", hwi.id, ours=before.hardware_uuid, theirs=hwi.hardware_uuid
        )
    if before.state != device.state:
        yield build_difference("other status at the vendor", hwi.id, ours=before.state, theirs=device.state)


def build_difference(kind: str, hwi_id: uuid.UUID | str | None, **sides: str) -> dict[str, str]:
    return {"kind": kind, "hwi_id": str(hwi_id or ""), **sides}


def unreadable_difference(row: tenovi.UnreadableRow) -> dict[str, str]:
    return build_difference("could not be read", row.vendor_id, problem=row.problem)


def patients_with_missed_readings() -> dict[uuid.UUID, dt.datetime]:
    """By patient: until when the vendor has readings of a device of whose we know none so late. Webhooks were lost.

    The vendor names the stamp, which lies after the time taken where the device's clock is ahead.
    """
    unknown = Q(last_reading_at__isnull=True) | Q(
        vendor_last_measurement__gt=Greatest("last_reading_at", "last_stamped_at") + WEBHOOK_DELAY_ALLOWED
    )
    devices = Device.objects.linked().filter(unknown, patient__isnull=False, vendor_last_measurement__isnull=False)
    waited = devices.filter(vendor_last_measurement__lt=timezone.now() - WEBHOOK_DELAY_ALLOWED).order_by()
    found = waited.values_list("patient_id").annotate(until=Max("vendor_last_measurement"))
    return {patient: until for patient, until in found if patient and until}


def sync_gateway_list(client: tenovi.TenoviClient) -> None:
    for row in client.list_gateways().rows:
        Gateway.objects.update_or_create(
            hardware_uuid=normalise_hardware_uuid(row.gateway_uuid),
            defaults={
                "signal_strength": smallint_or_none(row.last_signal_strength),
                "last_measurement_at": row.last_measurement,
                "shipped_at": row.shipped_on,
                "assigned_at": row.assigned_on,
                "fetched_at": timezone.now(),
            },
        )


# --- devices that a webhook has named ---------------------------------------------------------------------------


def look_up_unknown_devices(client: tenovi.TenoviClient, *, after: dt.timedelta) -> int:
    """Ask the vendor once for each device that deliveries wait for; returns for how many. In an outage they continue to
    wait."""

    def look_up(hwi_id: uuid.UUID) -> None:
        device = upsert.upsert_device(client.get_device(hwi_id))
        if device.patient is None:
            quarantine_waiting_deliveries(hwi_id, NOT_ENROLLED_REASON)

    processing.wake_assigned_deliveries()
    hwi_ids = iter(awaited_hwi_ids(after))
    return drain_vendor_reads(
        lambda: next(hwi_ids, None),
        look_up,
        handle_failed_lookup,
        purpose="The look-up of unknown devices",
        stop_unreachable=True,
    ).count


def handle_failed_lookup(hwi_id: uuid.UUID, failure: tenovi.VendorFailure) -> None:
    """Each pause before the next look-up is half of the time that its oldest delivery has waited."""
    if not isinstance(failure, tenovi.Failed):
        return  # an outage: the next run asks again
    if failure.not_found:
        quarantine_waiting_deliveries(hwi_id, NOT_AT_VENDOR_REASON)
        return
    waiting, now = Delivery.objects.filter(state=DeliveryState.WAITING, hwi_id=hwi_id), timezone.now()
    waited = now - (waiting.aggregate(oldest=Min("received_at"))["oldest"] or now)
    pause = min(max(waited / 2, MIN_LOOKUP_PAUSE), MAX_LOOKUP_PAUSE)
    waiting.update(lookup_after=now + pause, reason=UNREADABLE_DEVICE_REASON)
    logger.warning("the vendor's answer about HWI device %s can't be used: %s", hwi_id, failure.error)


def awaited_hwi_ids(after: dt.timedelta) -> list[uuid.UUID]:
    """Not those that the device's arrival has just woken."""
    now = timezone.now()
    waiting = Delivery.objects.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lt=now),
        Q(lookup_after__isnull=True) | Q(lookup_after__lte=now),
        state=DeliveryState.WAITING, hwi_id__isnull=False, received_at__lte=now - after, next_attempt_at__gt=now,
    )  # fmt: skip
    found = waiting.order_by("hwi_id").values_list("hwi_id", flat=True).distinct()[:MAX_LOOKUPS]
    return [hwi_id for hwi_id in found if hwi_id is not None]


def quarantine_waiting_deliveries(hwi_id: uuid.UUID, reason: str) -> None:
    Delivery.objects.filter(state=DeliveryState.WAITING, hwi_id=hwi_id).update(
        state=DeliveryState.QUARANTINED, reason=reason, processed_at=timezone.now()
    )
    logger.warning("deliveries of HWI device %s quarantined after a look-up", hwi_id)

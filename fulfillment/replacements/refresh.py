"""Refresh of replacements: from their calls, and from the vendor's list when it is due or a webhook hints at news."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from django.db.models import CharField, Exists, F, OuterRef, Q
from django.db.models.functions import Cast
from django.utils import timezone

from devices import tenovi
from devices.models import Device
from devices.models.vendor_call import CallState
from devices.vendor_reads import drain_vendor_reads
from fulfillment.replacements.models import Replacement, ReplacementQuerySet, ReplacementState
from fulfillment.replacements.replacements import set_state
from fulfillment.special_orders.models import SpecialOrder
from patients.models import Patient
from patients.queueing.wakeup import wake_worker

REFRESH_INTERVAL = dt.timedelta(hours=6)
RETRY_DELAY = dt.timedelta(minutes=15)
STATE_BY_CALL = {
    CallState.NEEDS_REVIEW: ReplacementState.NEEDS_REVIEW,
    CallState.REJECTED: ReplacementState.REFUSED,
    CallState.CANCELLED: ReplacementState.CANCELLED,
    CallState.ABANDONED: ReplacementState.CANCELLED,
}
# The vendor documents these codes for bulk orders; of replacements it says only that they have one of them.
STATE_BY_CODE = {
    "DR": ReplacementState.PENDING,
    "RQ": ReplacementState.PENDING,
    "PE": ReplacementState.PENDING,
    "RS": ReplacementState.PENDING,
    "CR": ReplacementState.ACTION_REQUIRED,
    "OH": ReplacementState.ON_HOLD,
    "SH": ReplacementState.SHIPPED,
    "DE": ReplacementState.DELIVERED,
    "RE": ReplacementState.RETURNED,
    "CA": ReplacementState.CANCELLED,
}


def parse_shipment_state(code: str, *, fulfilled: bool) -> ReplacementState:
    """Of a code without a known meaning, only what `fulfilled` says."""
    unknown = ReplacementState.SHIPPED if fulfilled else ReplacementState.OTHER
    return STATE_BY_CODE.get(code.strip().upper(), unknown)


def update_from_calls() -> int:
    """Set the state of open replacements by what became of their calls. Returns how many have changed."""
    open_rows = Replacement.objects.open().select_related("call", "cancellation")
    return sum(update_from_call(each) for each in open_rows.order_by("pk"))


def update_from_call(replacement: Replacement) -> bool:
    call, cancellation = replacement.call, replacement.cancellation
    if cancellation is not None and cancellation.state == CallState.CONFIRMED:
        return publish_state(replacement, ReplacementState.CANCELLED)
    if call.state != CallState.CONFIRMED:
        return publish_state(replacement, STATE_BY_CALL.get(CallState(call.state), ReplacementState.REQUESTED))
    if replacement.vendor_id is None and call.answer:
        return store_vendor_row(replacement, msgspec.convert(call.answer, tenovi.HwiReplacement))
    return False


def publish_state(replacement: Replacement, state: ReplacementState) -> bool:
    changed = set_state(replacement, state)
    if changed:
        Patient.objects.touch_live_version([replacement.patient_id])
        wake_worker("exceptions")
    return changed


def store_vendor_row(replacement: Replacement, row: tenovi.HwiReplacement) -> bool:
    """Once it ships, the devices on the replaced gateway are read again: the vendor has rewritten their hardware."""
    now = timezone.now()
    state = parse_shipment_state(row.shipping_status or "", fulfilled=bool(row.fulfilled))
    values: dict[str, Any] = {
        "vendor_id": row.id,
        "vendor_status": row.shipping_status or "",
        "order_number": row.order_number or "",
        "tracking_link": row.shipping_tracking_link or "",
        "shipped_at": row.shipped_on,
        "delivered_at": row.delivered_on,
        "fetched_at": now,
        "refresh_due_at": None if state in ReplacementState.closing() else now + REFRESH_INTERVAL,
    }
    Replacement.objects.filter(pk=replacement.pk).update(**values)
    shipped = row.fulfilled and replacement.shipped_at is None
    changed = publish_state(replacement, state)
    if shipped:
        of_gateway = Q(gateway=replacement.gateway_id) if replacement.gateway_id else Q()
        Device.objects.filter(Q(pk=replacement.device_id) | of_gateway).update(refresh_due_at=now)
        wake_worker("device_refresh")
    return changed


def due_replacements() -> ReplacementQuerySet:
    """Listed by the vendor, and to be read again: by time, or because a special-order webhook came since."""
    news = SpecialOrder.objects.annotate(device_id_text=Cast(OuterRef("device__hwi_id"), CharField())).filter(
        client_device_id__iexact=F("device_id_text"), received_at__gt=OuterRef("fetched_at")
    )
    listed = Replacement.objects.open().filter(vendor_id__isnull=False)
    waits = Q(refresh_due_at__isnull=False, refresh_due_at__gt=timezone.now())
    return listed.filter(~waits | (Exists(news) & Q(refresh_due_at__gt=F("fetched_at") + RETRY_DELAY)))


def fetch_due_replacements(client: tenovi.TenoviClient) -> int:
    """Read the vendor's list once if any is due. Returns how many reads were made."""

    def claim() -> list[Any] | None:
        due = list(due_replacements().values_list("pk", flat=True))
        Replacement.objects.filter(pk__in=due).update(refresh_due_at=timezone.now() + RETRY_DELAY)
        return due or None

    def read(due: list[Any]) -> None:
        listing = client.list_replacements()
        rows = {row.id: row for row in listing.rows}
        for each in Replacement.objects.open().filter(pk__in=due).select_related("call"):
            row = rows.get(each.vendor_id) if each.vendor_id else None
            if row is not None:
                store_vendor_row(each, row)
            elif not listing.unreadable_rows:  # deleted, here or in the vendor's web app
                publish_state(each, ReplacementState.CANCELLED)

    def postpone(due: list[Any], failure: tenovi.VendorFailure) -> None:
        """They are due again after the delay that the claim has set."""

    purpose = "The reading of replacements"
    return drain_vendor_reads(claim, read, postpone, purpose=purpose, stop_unreachable=True).count

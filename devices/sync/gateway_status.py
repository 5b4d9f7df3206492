"""Gateway statuses from the vendor: read once a night, one call for each gateway, and when a person requests it.

What is due is stored in the gateway's own row, so a killed worker loses nothing and no gateway is read twice.
The vendor reports no battery of a gateway: it is plugged in, and silent without power.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from devices import tenovi
from devices.hardware_ids import normalise_hardware_uuid
from devices.models import Device, Gateway, SyncRun
from devices.models.sync import SyncKind
from devices.sync import runs
from devices.vendor_reads import VENDOR_ACCESS_PROBLEM, drain_vendor_reads
from patients.models import Patient
from patients.queueing import periodic_jobs
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import SLICE_SECONDS, DrainEnd, backoff

if TYPE_CHECKING:
    from patients.models import User

MAX_ATTEMPTS = 3
FIRST_BACKOFF_SECONDS = 60.0
MAX_BACKOFF_SECONDS = 3600.0
MAX_PROBLEM_LENGTH = 200
UNKNOWN_AT_VENDOR = "The vendor does not know this gateway on our account."
UNREADABLE_ANSWER = "The vendor gave no answer that can be read."
STATUS_MISSING = "gateway status missing"


# --- nightly ---------------------------------------------------------------------------------------------------------


def start_nightly_run(*, now: dt.datetime, hour_utc: int) -> SyncRun | None:
    """Once per night, at or after the hour; at once if none ever ran, or a night was missed."""
    ran = Q(started_at__gte=periodic_jobs.last_due_time(now, hour_utc=hour_utc)) | Q(finished_at__isnull=True)
    if SyncRun.objects.filter(ran, kind=SyncKind.GATEWAYS).exists():
        return None
    return start_gateway_run()


def start_gateway_run(*, by: User | None = None) -> SyncRun:
    """Start a run over all gateways in use, or return the one that is under way."""
    with transaction.atomic():
        run, begins = runs.open_run(SyncKind.GATEWAYS, by=by)
        if begins:
            Gateway.objects.in_use().update(status_due_at=timezone.now(), status_attempts=0, status_problem="")
    return run


def fetch_due_statuses(client: tenovi.TenoviClient, *, seconds: float = SLICE_SECONDS) -> bool:
    """Ask about due gateways for about `seconds`. True when more can be done at once."""
    end = drain_vendor_reads(
        lambda: Gateway.objects.status_due().order_by("status_due_at", "pk").first(),
        lambda gateway: fetch_gateway_status(client, gateway),
        handle_failed_status,
        purpose="The reading of gateway statuses",
        stop_unreachable=True,
        seconds=seconds,
    ).end
    if end == DrainEnd.EMPTY:
        finish_gateway_run()
    return end == DrainEnd.TIME_UP


def handle_failed_status(gateway: Gateway, failure: tenovi.VendorFailure) -> None:
    """A gateway whose answers can't be read is left until the next night, and holds up no other."""
    if not isinstance(failure, tenovi.Failed):
        return  # no gateway's fault: it stays due
    attempts = gateway.status_attempts + 1
    if failure.refusal or attempts >= MAX_ATTEMPTS:
        record_status_problem(gateway, failure)
        return
    pause = backoff(attempts, first_seconds=FIRST_BACKOFF_SECONDS, max_seconds=MAX_BACKOFF_SECONDS)
    Gateway.objects.filter(pk=gateway.pk).update(status_due_at=timezone.now() + pause, status_attempts=attempts)


def finish_gateway_run() -> None:
    """A run is finished when none of its gateways is waiting any more."""
    run = SyncRun.objects.unfinished().filter(kind=SyncKind.GATEWAYS).first()
    if run is None or Gateway.objects.filter(status_due_at__isnull=False).exists():
        return
    answered = Gateway.objects.filter(status_fetched_at__gte=run.started_at).count()
    unanswered = Gateway.objects.in_use().exclude(status_problem="").order_by("pk")
    differences = [
        {"kind": STATUS_MISSING, "gateway": str(gateway.public_id), "problem": gateway.status_problem}
        for gateway in unanswered
    ]
    runs.close_run(run, found=answered, differences=differences)


# --- on request ------------------------------------------------------------------------------------------------------


def request_gateway_refresh(gateway: Gateway) -> None:
    """A worker asks, within seconds; the page shows the answer."""
    Gateway.objects.filter(pk=gateway.pk).update(lookup_requested_at=timezone.now())
    wake_worker("requested_refreshes")


def refresh_requested_gateways(client: tenovi.TenoviClient) -> int:
    """Ask about every gateway that a person has asked for. Returns how many were asked about."""
    return drain_vendor_reads(
        lambda: Gateway.objects.lookup_requested().order_by("lookup_requested_at", "pk").first(),
        lambda gateway: fetch_gateway_status(client, gateway),
        record_status_problem,
        purpose="The reading of requested gateways",
        stop_unreachable=False,
    ).count


# --- what the vendor answered ----------------------------------------------------------------------------------------


def fetch_gateway_status(client: tenovi.TenoviClient, gateway: Gateway) -> None:
    info = client.get_gateway_info(gateway.hardware_uuid)
    if normalise_hardware_uuid(info.gateway_uuid) != normalise_hardware_uuid(gateway.hardware_uuid):
        raise tenovi.Unclear("the answer is about another gateway")
    update_gateway(gateway, **gateway_fields(info), status_fetched_at=timezone.now(), status_problem="")


def gateway_fields(info: tenovi.GatewayInfo) -> dict[str, Any]:
    """Fields that an answer leaves out stay as they were."""
    fields: dict[str, Any] = {
        "firmware_version": info.firmware_version,
        "bootloader_version": info.bootloader_version,
        "provisioned": info.provisioned,
        "signal_strength": smallint_or_none(info.last_signal_strength),
        "last_checkin_at": info.last_checkin_time,
        "assigned_at": info.assigned_on,
        "shipped_at": info.shipped_on,
        "whitelist": msgspec.to_builtins(info.whitelisted_devices),
    }
    return {name: value for name, value in fields.items() if value is not None}


def smallint_or_none(number: int | None) -> int | None:
    """None for what the column can't hold: no reason to lose the rest."""
    return number if number is not None and abs(number) < 32_000 else None


def record_status_problem(gateway: Gateway, failure: tenovi.VendorFailure) -> None:
    if isinstance(failure, tenovi.Stop):
        problem = VENDOR_ACCESS_PROBLEM
    elif isinstance(failure, tenovi.Failed) and failure.refusal:
        problem = UNKNOWN_AT_VENDOR if failure.not_found else failure.refusal[:MAX_PROBLEM_LENGTH]
    else:
        problem = UNREADABLE_ANSWER
    update_gateway(gateway, status_problem=problem)


def update_gateway(gateway: Gateway, **facts: Any) -> None:
    """Store it, end what was requested, and refresh open pages."""
    with transaction.atomic():
        Gateway.objects.filter(pk=gateway.pk).update(
            status_due_at=None, status_attempts=0, lookup_requested_at=None, **facts
        )
        holders = Device.objects.linked().filter(gateway=gateway, patient__isnull=False)
        Patient.objects.touch_live_version(pk for pk in holders.values_list("patient_id", flat=True) if pk)

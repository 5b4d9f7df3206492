"""How each gateway fares, as the vendor tells: asked once a night, one call each, and when a person wants to know now.

What is to be asked stands in the gateway's own row, so a killed worker loses nothing and no gateway is asked twice.
The vendor tells no battery of a gateway: it is plugged in, and silent without power.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from devices import tenovi
from devices.hardware_ids import normalise_hardware_uuid
from devices.models import Device, Gateway, SyncRun
from devices.models.sync import SyncKind
from devices.sync import runs
from patients.models import Patient
from patients.queueing import periodic_jobs
from patients.queueing.wakeup import wake_worker

if TYPE_CHECKING:
    from patients.models import User

logger = logging.getLogger(__name__)

SLICE_SECONDS = 60
MAX_ATTEMPTS = 3
FIRST_BACKOFF_SECONDS = 60
UNKNOWN_AT_VENDOR = "The vendor does not know this gateway on our account."
UNREADABLE_ANSWER = "The vendor gave no answer that can be read."
VENDOR_ACCESS_PROBLEM = "Our access to the vendor doesn't work at the moment. The operators have been told."
STATUS_MISSING = "gateway not told about"


# --- every night -----------------------------------------------------------------------------------------------------


def start_nightly_run(*, now: dt.datetime, hour_utc: int) -> SyncRun | None:
    """Once per night, at or after the hour; at once if none ever ran, or a night was slept through."""
    ran = Q(started_at__gte=periodic_jobs.last_due_time(now, hour_utc=hour_utc)) | Q(finished_at__isnull=True)
    if SyncRun.objects.filter(ran, kind=SyncKind.GATEWAYS).exists():
        return None
    return start_gateway_run()


def start_gateway_run(*, by: User | None = None) -> SyncRun:
    """All gateways in use are to be asked about, or the run that is under way goes on."""
    with transaction.atomic():
        run, begins = runs.open_run(SyncKind.GATEWAYS, by=by)
        if begins:
            Gateway.objects.in_use().update(status_due_at=timezone.now(), status_attempts=0, status_problem="")
    return run


def fetch_due_statuses(client: tenovi.TenoviClient, *, seconds: float = SLICE_SECONDS) -> bool:
    """Ask for about `seconds`. True when more can be done at once."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        gateway = Gateway.objects.status_due().order_by("status_due_at", "pk").first()
        if gateway is None:
            finish_gateway_run()
            return False
        if not try_fetch_status(client, gateway):
            return False  # the lane is stopped or the vendor can't be reached: the next sweep tries again
    return True


def try_fetch_status(client: tenovi.TenoviClient, gateway: Gateway) -> bool:
    """False when it is no use to go on with other gateways now."""
    try:
        fetch_gateway_status(client, gateway)
    except tenovi.Misconfigured as error:
        logger.error("asking about gateways has stopped, an operator must look: %s", error)
        return False
    except tenovi.NotSent:
        return False
    except tenovi.Rejected as error:
        record_status_problem(gateway, describe_rejection(error))
    except tenovi.Unclear:
        postpone_status(gateway)
    return True


def postpone_status(gateway: Gateway) -> None:
    """A gateway whose answers can't be read is left until the next night, and holds up no other."""
    if gateway.status_attempts + 1 >= MAX_ATTEMPTS:
        record_status_problem(gateway, UNREADABLE_ANSWER)
        return
    wait = dt.timedelta(seconds=FIRST_BACKOFF_SECONDS * 2**gateway.status_attempts)
    Gateway.objects.filter(pk=gateway.pk).update(
        status_due_at=timezone.now() + wait, status_attempts=F("status_attempts") + 1
    )


def finish_gateway_run() -> None:
    """A run is finished when none of its gateways is waiting any more."""
    run = SyncRun.objects.unfinished().filter(kind=SyncKind.GATEWAYS).first()
    if run is None or Gateway.objects.filter(status_due_at__isnull=False).exists():
        return
    told = Gateway.objects.filter(status_fetched_at__gte=run.started_at).count()
    untold = Gateway.objects.in_use().exclude(status_problem="").order_by("pk")
    differences = [
        {"kind": STATUS_MISSING, "gateway": str(gateway.public_id), "problem": gateway.status_problem}
        for gateway in untold
    ]
    runs.close_run(run, found=told, differences=differences)


# --- when a person wants to know -------------------------------------------------------------------------------------


def request_gateway_refresh(gateway: Gateway) -> None:
    """A worker asks, within seconds; the page shows the answer."""
    Gateway.objects.filter(pk=gateway.pk).update(lookup_requested_at=timezone.now())
    wake_worker("requested_refreshes")


def refresh_requested_gateways(client: tenovi.TenoviClient) -> int:
    """Ask about every gateway that a person has asked for. Returns how many were asked about."""
    asked = 0
    for gateway in Gateway.objects.lookup_requested().order_by("lookup_requested_at", "pk"):
        try:
            fetch_gateway_status(client, gateway)
        except tenovi.Misconfigured as error:
            record_status_problem(gateway, VENDOR_ACCESS_PROBLEM)
            logger.error("asking about gateways has stopped, an operator must look: %s", error)
            break
        except tenovi.Rejected as error:
            record_status_problem(gateway, describe_rejection(error))
        except (tenovi.NotSent, tenovi.Unclear):
            record_status_problem(gateway, UNREADABLE_ANSWER)
        asked += 1
    return asked


# --- what was told ---------------------------------------------------------------------------------------------------


def fetch_gateway_status(client: tenovi.TenoviClient, gateway: Gateway) -> None:
    info = client.get_gateway_info(gateway.hardware_uuid)
    if normalise_hardware_uuid(info.gateway_uuid) != normalise_hardware_uuid(gateway.hardware_uuid):
        raise tenovi.Unclear("the answer is about another gateway")
    update_gateway(gateway, **gateway_fields(info), status_fetched_at=timezone.now(), status_problem="")


def gateway_fields(info: tenovi.GatewayInfo) -> dict[str, Any]:
    """What was left out of an answer stays as it was told before."""
    told: dict[str, Any] = {
        "firmware_version": info.firmware_version,
        "bootloader_version": info.bootloader_version,
        "provisioned": info.provisioned,
        "signal_strength": smallint_or_none(info.last_signal_strength),
        "last_checkin_at": info.last_checkin_time,
        "assigned_at": info.assigned_on,
        "shipped_at": info.shipped_on,
        "whitelist": msgspec.to_builtins(info.whitelisted_devices),
    }
    return {name: value for name, value in told.items() if value is not None}


def smallint_or_none(number: int | None) -> int | None:
    """None for what the column can't hold: no reason to lose the rest."""
    return number if number is not None and abs(number) < 32_000 else None


def record_status_problem(gateway: Gateway, problem: str) -> None:
    update_gateway(gateway, status_problem=problem)


def update_gateway(gateway: Gateway, **facts: Any) -> None:
    """And tell open pages."""
    with transaction.atomic():
        Gateway.objects.filter(pk=gateway.pk).update(
            status_due_at=None, status_attempts=0, lookup_requested_at=None, **facts
        )
        holders = Device.objects.linked().filter(gateway=gateway, patient__isnull=False)
        Patient.objects.touch_live_version(pk for pk in holders.values_list("patient_id", flat=True) if pk)


def describe_rejection(error: tenovi.Rejected) -> str:
    return UNKNOWN_AT_VENDOR if error.status == HTTPStatus.NOT_FOUND else error.reason[:200]

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
from patients.queueing.wakeup import nudge

if TYPE_CHECKING:
    from patients.models import User

logger = logging.getLogger(__name__)

SLICE_SECONDS = 60
MOST_ATTEMPTS = 3
FIRST_BACKOFF_SECONDS = 60
UNKNOWN_THERE = "The vendor does not know this gateway on our account."
NO_ANSWER = "The vendor gave no answer that can be read."
OUR_ACCESS = "Our access to the vendor doesn't work at the moment. The operators have been told."
NOT_TOLD = "gateway not told about"


# --- every night -----------------------------------------------------------------------------------------------------


def start_nightly(*, now: dt.datetime, hour_utc: int) -> SyncRun | None:
    """Once per night, at or after the hour; at once if none ever ran, or a night was slept through."""
    ran = Q(started_at__gte=periodic_jobs.last_turn(now, hour_utc=hour_utc)) | Q(finished_at__isnull=True)
    if SyncRun.objects.filter(ran, kind=SyncKind.GATEWAYS).exists():
        return None
    return start()


def start(*, by: User | None = None) -> SyncRun:
    """All gateways in use are to be asked about, or the run that is under way goes on."""
    with transaction.atomic():
        run, begins = runs.opened(SyncKind.GATEWAYS, by=by)
        if begins:
            Gateway.objects.in_use().update(ask_at=timezone.now(), ask_attempts=0, ask_problem="")
    return run


def work(client: tenovi.TenoviClient, *, seconds: float = SLICE_SECONDS) -> bool:
    """Ask for about `seconds`. True when more can be done at once."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        gateway = Gateway.objects.due().order_by("ask_at", "pk").first()
        if gateway is None:
            _finish()
            return False
        if not _ask(client, gateway):
            return False  # the lane is stopped or the vendor can't be reached: the next sweep tries again
    return True


def _ask(client: tenovi.TenoviClient, gateway: Gateway) -> bool:
    """False when it is no use to go on with other gateways now."""
    try:
        _read(client, gateway)
    except tenovi.Misconfigured as error:
        logger.error("asking about gateways has stopped, an operator must look: %s", error)
        return False
    except tenovi.NotSent:
        return False
    except tenovi.Rejected as error:
        _untold(gateway, _in_words(error))
    except tenovi.Unclear:
        _later(gateway)
    return True


def _later(gateway: Gateway) -> None:
    """A gateway whose answers can't be read is left until the next night, and holds up no other."""
    if gateway.ask_attempts + 1 >= MOST_ATTEMPTS:
        _untold(gateway, NO_ANSWER)
        return
    wait = dt.timedelta(seconds=FIRST_BACKOFF_SECONDS * 2**gateway.ask_attempts)
    Gateway.objects.filter(pk=gateway.pk).update(ask_at=timezone.now() + wait, ask_attempts=F("ask_attempts") + 1)


def _finish() -> None:
    """A run is finished when none of its gateways is waiting any more."""
    run = SyncRun.objects.unfinished().filter(kind=SyncKind.GATEWAYS).first()
    if run is None or Gateway.objects.filter(ask_at__isnull=False).exists():
        return
    told = Gateway.objects.filter(told_at__gte=run.started_at).count()
    untold = Gateway.objects.in_use().exclude(ask_problem="").order_by("pk")
    differences = [
        {"kind": NOT_TOLD, "gateway": str(gateway.public_id), "problem": gateway.ask_problem} for gateway in untold
    ]
    runs.close(run, found=told, differences=differences)


# --- when a person wants to know -------------------------------------------------------------------------------------


def ask(gateway: Gateway) -> None:
    """A worker asks, within seconds; the page shows the answer."""
    Gateway.objects.filter(pk=gateway.pk).update(look_asked_at=timezone.now())
    nudge("devices.tasks.look_for_people")


def carry_out(client: tenovi.TenoviClient) -> int:
    """Ask about every gateway that a person has asked for. Returns how many were asked about."""
    asked = 0
    for gateway in Gateway.objects.looked_for().order_by("look_asked_at", "pk"):
        try:
            _read(client, gateway)
        except tenovi.Misconfigured as error:
            _untold(gateway, OUR_ACCESS)
            logger.error("asking about gateways has stopped, an operator must look: %s", error)
            break
        except tenovi.Rejected as error:
            _untold(gateway, _in_words(error))
        except (tenovi.NotSent, tenovi.Unclear):
            _untold(gateway, NO_ANSWER)
        asked += 1
    return asked


# --- what was told ---------------------------------------------------------------------------------------------------


def _read(client: tenovi.TenoviClient, gateway: Gateway) -> None:
    info = client.gateway_info(gateway.hardware_uuid)
    if normalise_hardware_uuid(info.gateway_uuid) != normalise_hardware_uuid(gateway.hardware_uuid):
        raise tenovi.Unclear("the answer is about another gateway")
    _update(gateway, **_facts(info), told_at=timezone.now(), ask_problem="")


def _facts(info: tenovi.GatewayInfo) -> dict[str, Any]:
    """What was left out of an answer stays as it was told before."""
    told: dict[str, Any] = {
        "firmware_version": info.firmware_version,
        "bootloader_version": info.bootloader_version,
        "provisioned": info.provisioned,
        "signal_strength": small(info.last_signal_strength),
        "last_checkin_at": info.last_checkin_time,
        "assigned_at": info.assigned_on,
        "shipped_at": info.shipped_on,
        "whitelist": msgspec.to_builtins(info.whitelisted_devices),
    }
    return {name: value for name, value in told.items() if value is not None}


def small(number: int | None) -> int | None:
    """None for what the column can't hold: no reason to lose the rest."""
    return number if number is not None and abs(number) < 32_000 else None


def _untold(gateway: Gateway, problem: str) -> None:
    _update(gateway, ask_problem=problem)


def _update(gateway: Gateway, **facts: Any) -> None:
    """And tell open pages."""
    with transaction.atomic():
        Gateway.objects.filter(pk=gateway.pk).update(ask_at=None, ask_attempts=0, look_asked_at=None, **facts)
        holders = Device.objects.linked().filter(gateway=gateway, patient__isnull=False)
        Patient.objects.bump(pk for pk in holders.values_list("patient_id", flat=True) if pk)


def _in_words(error: tenovi.Rejected) -> str:
    return UNKNOWN_THERE if error.status == HTTPStatus.NOT_FOUND else error.reason[:200]

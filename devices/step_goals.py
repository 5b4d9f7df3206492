"""Step goal of a watch: which devices have one, what the vendor holds, and what a page says about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, QuerySet
from django.utils import timezone

from devices import tenovi
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from patients.folding import fold_case
from patients.wording import count_noun

STEP_GOAL_KEY = "step_goal"  # of the vendor's device properties
MIN_STEPS, MAX_STEPS = 500, 50_000  # ours: the vendor names no range
WATCH_CODE, STEPS_METRIC = "15", "steps"
REREAD_INTERVAL = dt.timedelta(hours=1)


@dataclass(frozen=True)
class StepGoalState:
    """`steps`: what the form starts with. `problem`: the vendor's refusal of the newest goal."""

    text: str
    tone: str = "idle"
    steps: int | None = None
    problem: str = ""


def counts_steps(device: Device) -> bool:
    """By the metrics of its type; by the watch's sensor code where its type is in no catalogue."""
    if device.device_type is None:
        return device.family == WATCH_CODE
    names = {entry.get("name") for entry in device.device_type.metrics if isinstance(entry, dict)}
    return STEPS_METRIC in names or device.family == WATCH_CODE


def can_set_goal(device: Device) -> bool:
    return device.is_linked and counts_steps(device)


def find_step_goal_state(device: Device) -> StepGoalState:
    newest = device.vendor_calls.filter(kind=CallKind.SET_STEP_GOAL).order_by("-created_at", "-pk").first()
    held = describe_held_goal(device)
    if newest is None or newest.state == CallState.CANCELLED:
        return held
    steps = int(newest.payload["steps"])
    if newest.state in CallState.unresolved():
        return StepGoalState(f"{count_noun(steps, 'step')} a day: on its way to Tenovi.", "info", steps)
    if newest.state == CallState.REJECTED:
        return StepGoalState(held.text, held.tone, steps, describe_refusal(newest, steps))
    if device.step_goal != str(steps):
        return StepGoalState(f"{held.text} {steps:,} were set here.", "warn", held.steps)
    return held


def describe_held_goal(device: Device) -> StepGoalState:
    """As last read from the vendor."""
    if not device.step_goal:
        return StepGoalState("None is set." if device.step_goal_read_at else "Not read from Tenovi yet.")
    steps = int(device.step_goal) if device.step_goal.isdecimal() else None
    amount = f"{device.step_goal if steps is None else count_noun(steps, 'step')} a day"
    if device.step_goal_synced:
        return StepGoalState(f"{amount}, on the watch.", "ok", steps)
    return StepGoalState(f"{amount}, at Tenovi. The watch takes it over with its next upload.", "info", steps)


def describe_refusal(call: VendorCall, steps: int) -> str:
    reasons = [text for texts in call.errors.values() for text in texts] or [call.reason]
    return f"Tenovi has refused {count_noun(steps, 'step')}: {' '.join(reasons)}"


def store_step_goal(device: Device, properties: Iterable[tenovi.DeviceProperty]) -> None:
    """Of all properties of the device, or of the one that a call has set."""
    row = next((each for each in properties if fold_case(each.key.strip()) == STEP_GOAL_KEY and each.value), None)
    Device.objects.filter(pk=device.pk).update(
        step_goal=(row.value or "").strip() if row else "",
        step_goal_synced=row.synced if row else None,
        step_goal_read_at=timezone.now(),
    )


def goals_to_reread() -> QuerySet[Device]:
    """Not on the watch when they were last read, and the watch has uploaded since."""
    settled = timezone.now() - REREAD_INTERVAL
    waiting = Device.objects.linked().filter(step_goal_synced=False, step_goal_read_at__lt=settled)
    return waiting.filter(last_seen_at__gt=F("step_goal_read_at"))

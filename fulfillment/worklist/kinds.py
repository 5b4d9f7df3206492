"""Worklist kinds: a registry of what makes an exception, by what query it begins and ends, and how it is shown.

A source is one query for one or several kinds. Apps to the right register theirs in `AppConfig.ready`:

    register_worklist_source(find_repeated_implausible, [WorklistKind("implausible_readings", ...)])
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from devices.statuses import DeviceState, StatusText
from patients.permissions import Permission, has_permission

if TYPE_CHECKING:
    from fulfillment.worklist.models import WorklistItem
    from patients.models import User

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """That an exception of a kind lasts, as its source has just found it.

    `facts`: what its text needs, as JSON, a patient's values only in those that its kind withholds; `evidence`: what
    else it was judged by. A dismissed exception returns when one of both changes. `clinic_id` None: of the vendor's
    account as a whole.
    """

    kind: str
    subject: str
    since: dt.datetime
    clinic_id: int | None
    patient_id: uuid.UUID | None = None
    name: str = ""
    device_id: int | None = None
    gateway_id: int | None = None
    line_id: uuid.UUID | None = None
    call_id: uuid.UUID | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[Any, ...] = ()

    @property
    def fingerprint(self) -> str:
        judged = [self.facts, [str(each) for each in self.evidence], str(self.patient_id)]
        return hashlib.sha256(json.dumps(judged, sort_keys=True, default=str).encode()).hexdigest()

    @property
    def columns(self) -> dict[str, Any]:
        """Of the WorklistItem, that follow the facts."""
        names = ("since", "clinic_id", "patient_id", "name", "device_id", "gateway_id", "line_id", "call_id", "facts")
        return {name: getattr(self, name) for name in names} | {"fingerprint": self.fingerprint}


@dataclass(frozen=True)
class NextAction:
    """The button of an exception: a link to where the next step is taken, for users with the permission."""

    label: str
    url: str
    permission: Permission = Permission.VIEW_ORDERS


def no_action(_item: WorklistItem) -> NextAction | None:
    return None


@dataclass(frozen=True)
class WorklistKind:
    """`describe`: why, and what to do, from the facts alone. `next_action`: None where nothing can be done here.

    `explain_end`: what has ended it, of an item that its source no longer finds; empty where only `ended` is known.
    `withheld`: names of facts that are a patient's values, which administrators are not shown.
    """

    name: str
    label: str
    describe: Callable[[Facts], StatusText]
    next_action: Callable[[WorklistItem], NextAction | None] = no_action
    explain_end: Callable[[WorklistItem], str] = lambda _item: ""
    ended: str = "Its cause is over."
    withheld: frozenset[str] = frozenset()

    def describe_to_administrators(self, facts: Facts) -> StatusText:
        return self.describe({name: fact for name, fact in facts.items() if name not in self.withheld})


@dataclass(frozen=True)
class WorklistSource:
    find: Callable[[dt.datetime], Iterable[Finding]]
    kinds: tuple[WorklistKind, ...]


@dataclass
class WorklistRegistry:
    """Sources in the order of registration; kinds in the order of urgency, as `worst_first` names them."""

    sources: list[WorklistSource] = field(default_factory=list)
    kinds: dict[str, WorklistKind] = field(default_factory=dict)


registry = WorklistRegistry()
# The most urgent first: nothing reaches the patient; money is lost; the vendor waits; what can wait for a day.
WORST_FIRST = (
    *("lane_stopped", "needs_review", "unlinked_by_vendor", "pinned_elsewhere", "foreign_gateway"),
    *("rejected", "unknown_gateway", "replacement_stuck"),
    *("action_required", "possible_duplicate", "address_not_confirmed", "record_address", "record_refused"),
    *("returned", "linked_after_discharge", "closed_here", "not_ended", "unknown", "overdue", "on_hold"),
    *("absent_at_vendor", "unknown_device", "other"),
    *("silent_gateway", "silent_device", "delivered_unused", "not_whitelisted", "unreadable_messages"),
    *("implausible_readings", "low_battery"),
)


def register_worklist_source(
    find: Callable[[dt.datetime], Iterable[Finding]], kinds: Iterable[WorklistKind]
) -> WorklistSource:
    source = WorklistSource(find, tuple(kinds))
    registry.sources.append(source)
    registry.kinds |= {kind.name: kind for kind in source.kinds}
    return source


def rank_of(name: str) -> int:
    return WORST_FIRST.index(name) if name in WORST_FIRST else len(WORST_FIRST)


def kind_named(name: str) -> WorklistKind:
    """Of a stored item; one whose app is no longer installed is shown by its name."""
    return registry.kinds.get(name) or WorklistKind(name, name.replace("_", " ").capitalize(), lambda _: StatusText(""))


def action_for(item: WorklistItem, user: User) -> NextAction | None:
    """The next step, or the device's page where that step is another role's. No query, of an item of `for_list`."""
    steps = (kind_named(item.kind).next_action(item), open_device_page(item)) if item.closed_at is None else ()
    return next((step for step in steps if step and has_permission(user, step.permission)), None)


# --- parts that several kinds share -----------------------------------------------------------------------------------


def constant_text(tone: str, meaning: str, advice: str) -> Callable[[Facts], StatusText]:
    text = StatusText(tone, meaning, advice)
    return lambda _facts: text


def open_device_page(item: WorklistItem) -> NextAction | None:
    """A device of no patient has no page."""
    if item.device is None or item.device.patient_id is None:
        return None
    return NextAction("Open the device", reverse("devices:page", args=[item.device.hwi_id]), Permission.VIEW_PATIENTS)


def end_monitoring(item: WorklistItem) -> NextAction | None:
    if item.device is None or item.patient_id is None:
        return None
    url = reverse("orders:end_for_device", args=[item.patient_id, item.device.hwi_id])
    return NextAction("End its monitoring", url, Permission.PLACE_ORDERS)


def explain_end_of_device(item: WorklistItem) -> str:
    """Ends that solve whatever was wrong with a device."""
    if item.device is not None and not item.device.is_linked:
        return f"The device is no longer in use: {DeviceState(item.device.state).label.lower()}."
    if item.patient is not None and item.patient.discharged_at is not None:
        return "The patient was discharged."
    return ""

"""What of the list is shown, as a person chose it last: clinic, condition, provider, devices, days without data."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db.models import Q
from django.utils import timezone

from devices.models import Device
from devices.statuses import DeviceState
from fulfillment.models import OrderLine
from fulfillment.models.status import STUCK
from measurements.patient_list.columns import BY_KEY, Patients
from measurements.patient_list.pagination import Order
from patients.models import Clinic, Condition, User

PREFERENCE = "patient_list"
LONGEST_PROVIDER = 120  # as the field
DEVICES = {
    "": "All",
    "trouble": "Needs attention",
    "under_way": "On its way",
    "connected": "Connected",
    "none": "Without a device",
}
WAYS = ("falling", "rising")
SILENT = {"": "Any time", "2": "None for 2 days", "7": "None for 7 days", "never": "Never measured"}
IN_TROUBLE = (
    *(DeviceState.ACTION_REQUIRED, DeviceState.ON_HOLD, DeviceState.RETURNED),
    *(DeviceState.UNKNOWN_GATEWAY, DeviceState.OTHER),
)
UNDER_WAY = (
    *(DeviceState.PENDING, DeviceState.REQUESTED, DeviceState.READY, DeviceState.SHIPPED, DeviceState.DELIVERED),
)

# What each choice looks for among linked devices, and among lines of orders that no other line has closed.
WAITING, TO_DO = Q(closed_at__isnull=True, device__isnull=True), Q(status__in=STUCK)
HELD = {
    "trouble": Q(state__in=IN_TROUBLE),
    "under_way": Q(state__in=UNDER_WAY),
    "connected": Q(state=DeviceState.CONNECTED),
    "any": Q(pk__isnull=False),
}
LINES = {
    "trouble": TO_DO & Q(corrected_by__isnull=True),
    "under_way": WAITING & ~TO_DO,
    "connected": Q(pk__isnull=True),
    "any": WAITING,
}


@dataclass(frozen=True)
class Chosen:
    """Each is empty for "all"; whatever is not known is as good as empty."""

    sort: str = "name"
    falling: bool = False
    clinic: str = ""
    condition: str = ""
    provider: str = ""
    devices: str = ""
    silent: str = ""

    @classmethod
    def of(cls, user: User) -> Chosen:
        kept = user.preferences.get(PREFERENCE)
        return cls().changed(kept) if isinstance(kept, dict) else cls()

    def among(self, clinics: Iterable[Clinic]) -> Chosen:
        """Without a clinic that the person has left: the list would stay empty, and nothing on it would say why."""
        gone = self.clinic and self.clinic not in {str(clinic.pk) for clinic in clinics}
        return replace(self, clinic="") if gone else self

    def changed(self, said: Mapping[str, Any]) -> Chosen:
        """With what a form or the memory says. The column that sorts already, clicked again, turns round.

        `order` is what narrow screens have in place of columns to click on: "weight falling".
        """
        texts = {name: value for name, value in said.items() if isinstance(value, str)}
        known: dict[str, Any] = {
            name: text for name, text in texts.items() if name in _ALLOWED and _ALLOWED[name](text)
        }
        key, _, way = str(said.get("order", "")).partition(" ")
        if isinstance(said.get("falling"), bool):
            known["falling"] = said["falling"]
        elif key in BY_KEY and way in WAYS and "sort" not in known:
            known |= {"sort": key, "falling": way == "falling"}
        elif "sort" in known:
            known["falling"] = not self.falling if known["sort"] == self.sort else known["sort"] != "name"
        return replace(self, **known)

    @property
    def narrowed(self) -> bool:
        return any((self.clinic, self.condition, self.provider, self.devices, self.silent))

    @property
    def way(self) -> str:
        return "falling" if self.falling else "rising"

    @property
    def order(self) -> Order:
        return Order(BY_KEY[self.sort], self.falling)

    @property
    def mark(self) -> str:
        """Changes with the choice: part of the version that an open list is asked about with."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:8]


def _text(value: str) -> bool:
    return len(value) <= LONGEST_PROVIDER and "\x00" not in value


_ALLOWED: dict[str, Callable[[str], bool]] = {
    "sort": lambda value: value in BY_KEY,
    "clinic": lambda value: value == "" or (value.isascii() and value.isdigit() and len(value) < 10),
    "condition": lambda value: value == "" or value in Condition.values,
    "provider": _text,
    "devices": lambda value: value in DEVICES,
    "silent": lambda value: value in SILENT,
}


def grouped(patients: Patients, chosen: Chosen) -> Patients:
    """By what is chosen from lists; what chips narrow comes on top."""
    if chosen.clinic:
        patients = patients.filter(clinic=int(chosen.clinic))
    if chosen.condition:
        patients = patients.filter(conditions__contains=[chosen.condition])
    return patients.filter(provider=chosen.provider) if chosen.provider else patients


def narrowed(patients: Patients, chosen: Chosen) -> Patients:
    """By the chips."""
    return patients.filter(_devices(chosen.devices), silence()[chosen.silent])


def _devices(key: str) -> Q:
    """The list is made once for the whole query: `IN (SELECT ...)`, not EXISTS per patient."""
    if not key:
        return Q()
    if key == "none":
        return ~_devices("any")
    return _among(linked().filter(HELD[key])) | _among(open_lines().filter(LINES[key]))


def linked() -> Any:
    return Device.objects.linked().filter(patient__isnull=False).order_by()


def open_lines() -> Any:
    return OrderLine.objects.filter(closed_by__isnull=True).order_by()


def _among(rows: Any) -> Q:
    return Q(pk__in=rows.values("patient"))


def silence() -> dict[str, Q]:
    """By hours, as the ages in the list are."""
    never = Q(overview__isnull=True) | Q(overview__last_at__isnull=True)
    since = {days: never | Q(overview__last_at__lt=moment) for days, moment in silent_since().items()}
    return {"": Q(), "never": never, **since}


def silent_since() -> dict[str, dt.datetime]:
    now = timezone.now()
    return {days: now - dt.timedelta(days=int(days)) for days in ("2", "7")}

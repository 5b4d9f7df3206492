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
from fulfillment.models.status import LineStatus
from measurements.patient_list.columns import SORT_COLUMNS_BY_KEY, Patients
from measurements.patient_list.pagination import SortOrder
from patients.models import Clinic, Condition, User

LIST_PREFERENCE = "patient_list"
DEVICE_FILTERS = {
    "": "All",
    "attention": "Needs attention",
    "under_way": "On its way",
    "connected": "Connected",
    "none": "Without a device",
}
SORT_DIRECTIONS = ("descending", "ascending")
SILENCE_FILTERS = {"": "Any time", "2": "None for 2 days", "7": "None for 7 days", "never": "Never measured"}
ATTENTION_STATES = (
    *(DeviceState.ACTION_REQUIRED, DeviceState.ON_HOLD, DeviceState.RETURNED),
    *(DeviceState.UNKNOWN_GATEWAY, DeviceState.OTHER),
)
IN_DELIVERY_STATES = (
    *(DeviceState.PENDING, DeviceState.REQUESTED, DeviceState.READY, DeviceState.SHIPPED, DeviceState.DELIVERED),
)

# What each choice looks for among linked devices, and among lines of orders that no other line has closed.
AWAITING_DEVICE, NEEDS_PERSON = Q(closed_at__isnull=True, device__isnull=True), Q(status__in=LineStatus.stuck())
DEVICE_KIND_CONDITIONS = {
    "attention": Q(state__in=ATTENTION_STATES),
    "under_way": Q(state__in=IN_DELIVERY_STATES),
    "connected": Q(state=DeviceState.CONNECTED),
    "any": Q(pk__isnull=False),
}
ORDER_LINE_CONDITIONS = {
    "attention": NEEDS_PERSON & Q(corrected_by__isnull=True),
    "under_way": AWAITING_DEVICE & ~NEEDS_PERSON,
    "connected": Q(pk__isnull=True),
    "any": AWAITING_DEVICE,
}


@dataclass(frozen=True)
class PatientListSettings:
    """Each is empty for "all"; whatever is not known is as good as empty."""

    sort: str = "name"
    descending: bool = False
    clinic: str = ""
    condition: str = ""
    provider: str = ""
    devices: str = ""
    silence: str = ""

    @classmethod
    def from_preferences(cls, user: User) -> PatientListSettings:
        kept = user.preferences.get(LIST_PREFERENCE)
        return cls().with_changes(kept) if isinstance(kept, dict) else cls()

    def limited_to_clinics(self, clinics: Iterable[Clinic]) -> PatientListSettings:
        """Without a clinic that the person has left: the list would stay empty, and nothing on it would say why."""
        gone = self.clinic and self.clinic not in {str(clinic.pk) for clinic in clinics}
        return replace(self, clinic="") if gone else self

    def with_changes(self, said: Mapping[str, Any]) -> PatientListSettings:
        """With what a form or the memory says. The column that sorts already, clicked again, turns round.

        `order` is what narrow screens have in place of columns to click on: "weight descending".
        """
        texts = {name: value for name, value in said.items() if isinstance(value, str)}
        known: dict[str, Any] = {
            name: text for name, text in texts.items() if name in SETTING_VALIDATORS and SETTING_VALIDATORS[name](text)
        }
        key, _, way = str(said.get("order", "")).partition(" ")
        if isinstance(said.get("descending"), bool):
            known["descending"] = said["descending"]
        elif key in SORT_COLUMNS_BY_KEY and way in SORT_DIRECTIONS and "sort" not in known:
            known |= {"sort": key, "descending": way == "descending"}
        elif "sort" in known:
            known["descending"] = not self.descending if known["sort"] == self.sort else known["sort"] != "name"
        return replace(self, **known)

    @property
    def is_filtered(self) -> bool:
        return any((self.clinic, self.condition, self.provider, self.devices, self.silence))

    @property
    def direction(self) -> str:
        return "descending" if self.descending else "ascending"

    @property
    def sort_order(self) -> SortOrder:
        return SortOrder(SORT_COLUMNS_BY_KEY[self.sort], self.descending)

    @property
    def fingerprint(self) -> str:
        """Changes with the choice: part of the version that an open list is asked about with."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:8]


def is_empty_or_id(value: str) -> bool:
    return value == "" or (value.isascii() and value.isdigit() and len(value) < 10)


SETTING_VALIDATORS: dict[str, Callable[[str], bool]] = {
    "sort": lambda value: value in SORT_COLUMNS_BY_KEY,
    "clinic": is_empty_or_id,
    "condition": lambda value: value == "" or value in Condition.values,
    "provider": is_empty_or_id,
    "devices": lambda value: value in DEVICE_FILTERS,
    "silence": lambda value: value in SILENCE_FILTERS,
}


def apply_list_filters(patients: Patients, settings: PatientListSettings) -> Patients:
    """By what is chosen from lists; what chips narrow comes on top."""
    if settings.clinic:
        patients = patients.filter(clinic=int(settings.clinic))
    if settings.condition:
        patients = patients.filter(conditions__contains=[settings.condition])
    return patients.filter(practitioner=int(settings.provider)) if settings.provider else patients


def apply_facet_filters(patients: Patients, settings: PatientListSettings) -> Patients:
    """By the chips."""
    return patients.filter(device_condition(settings.devices), silence_conditions()[settings.silence])


def device_condition(key: str) -> Q:
    """The list is made once for the whole query: `IN (SELECT ...)`, not EXISTS per patient."""
    if not key:
        return Q()
    if key == "none":
        return ~device_condition("any")
    return patient_in_rows(linked_devices().filter(DEVICE_KIND_CONDITIONS[key])) | patient_in_rows(
        open_order_lines().filter(ORDER_LINE_CONDITIONS[key])
    )


def linked_devices() -> Any:
    return Device.objects.linked().filter(patient__isnull=False).order_by()


def open_order_lines() -> Any:
    return OrderLine.objects.filter(closed_by__isnull=True).order_by()


def patient_in_rows(rows: Any) -> Q:
    return Q(pk__in=rows.values("patient"))


def silence_conditions() -> dict[str, Q]:
    """By hours, as the ages in the list are."""
    never = Q(overview__isnull=True) | Q(overview__last_at__isnull=True)
    since = {days: never | Q(overview__last_at__lt=moment) for days, moment in silence_cutoffs().items()}
    return {"": Q(), "never": never, **since}


def silence_cutoffs() -> dict[str, dt.datetime]:
    now = timezone.now()
    return {days: now - dt.timedelta(days=int(days)) for days in ("2", "7")}

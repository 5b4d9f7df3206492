"""Filters and sort order of the patient list, stored per user: care team, condition, devices, silence and others."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from django.db.models import Q
from django.utils import timezone

from devices.models import Device
from devices.statuses import DeviceState
from fulfillment.models import LineStatus, OrderLine
from fulfillment.worklist.models import WorklistItem
from measurements.patient_list.columns import SORT_COLUMNS_BY_KEY, TIE_KEYS
from measurements.thresholds.evaluation import OUT_OF_RANGE_STATUSES
from patients.care import team
from patients.lists.sorting import SORT_DIRECTIONS, SortOrder
from patients.models import Clinic, Condition, User
from patients.models.patient import PatientQuerySet

LIST_PREFERENCE = "patient_list"
CARE_FILTERS = {"mine": "Mine", "unassigned": "No responsible clinician"}
DEVICE_FILTERS = {
    "": "All",
    "attention": "Needs attention",
    "under_way": "On its way",
    "connected": "Connected",
    "none": "Without a device",
}
SILENCE_FILTERS = {"": "Any time", "2": "None for 2 days", "7": "None for 7 days", "never": "Never measured"}
MARK_FILTERS = {
    "": "All",
    "out": "Out of goal",
    "irregular": "Irregular heartbeat",
    "check": "Check readings",
}
IN_DELIVERY_STATES = (
    *(DeviceState.PENDING, DeviceState.REQUESTED, DeviceState.READY, DeviceState.SHIPPED, DeviceState.DELIVERED),
)

# Conditions of each choice on linked devices, order lines and exceptions. Only an exception says that equipment needs
# attention, and it says nothing else.
AWAITING_DEVICE = Q(closed_at__isnull=True, device__isnull=True)
NEVER, ALWAYS = Q(pk__isnull=True), Q(pk__isnull=False)
DEVICE_KIND_CONDITIONS = {
    "attention": NEVER,
    "under_way": Q(state__in=IN_DELIVERY_STATES),
    "connected": Q(state=DeviceState.CONNECTED),
    "any": ALWAYS,
}
ORDER_LINE_CONDITIONS = {
    "attention": NEVER,
    "under_way": AWAITING_DEVICE & ~Q(status__in=LineStatus.stuck()),
    "connected": NEVER,
    "any": AWAITING_DEVICE,
}
EXCEPTION_CONDITIONS = dict.fromkeys(ORDER_LINE_CONDITIONS, NEVER) | {"attention": ALWAYS}
# Conditions of each choice on a patient: what the week's figures say.
MARK_CONDITIONS = {
    "out": Q(summary__week_status__in=sorted(OUT_OF_RANGE_STATUSES)),
    "irregular": Q(summary__irregular_count__gt=0),
    "check": Q(summary__check_count__gt=0),
}


class SelectSettings(Protocol):
    """What the selects of a list of patients choose; each is empty for "all"."""

    @property
    def care(self) -> str: ...
    @property
    def clinic(self) -> str: ...
    @property
    def condition(self) -> str: ...
    @property
    def provider(self) -> str: ...


@dataclass(frozen=True)
class PatientListSettings:
    """Each filter is empty for "all". Unknown values are ignored."""

    sort: str = "name"
    descending: bool = False
    care: str = ""
    clinic: str = ""
    condition: str = ""
    provider: str = ""
    devices: str = ""
    silence: str = ""
    marks: str = ""

    @classmethod
    def from_preferences(cls, user: User) -> PatientListSettings:
        stored = user.preferences.get(LIST_PREFERENCE)
        return cls().with_changes(stored) if isinstance(stored, dict) else cls()

    def limited_to_clinics(self, clinics: Iterable[Clinic]) -> PatientListSettings:
        """Without a clinic that the user has left: the list would be empty, and nothing on it would say why."""
        gone = self.clinic and self.clinic not in {str(clinic.pk) for clinic in clinics}
        return replace(self, clinic="") if gone else self

    def with_changes(self, changes: Mapping[str, Any]) -> PatientListSettings:
        """With the valid values of a form or of the stored preference.

        `sort` alone is a click on a column head: the column that sorts already changes its direction. `order` is
        the sort menu of narrow screens: "weight descending".
        """
        known: dict[str, Any] = {
            name: changes[name]
            for name, is_valid in SETTING_VALIDATORS.items()
            if isinstance(changes.get(name), str) and is_valid(changes[name])
        }
        key, _, direction = str(changes.get("order", "")).partition(" ")
        if isinstance(changes.get("descending"), bool):
            known["descending"] = changes["descending"]
        elif key in SORT_COLUMNS_BY_KEY and direction in SORT_DIRECTIONS and "sort" not in known:
            known |= {"sort": key, "descending": direction == "descending"}
        elif "sort" in known:
            first = SORT_COLUMNS_BY_KEY[known["sort"]].first_is_descending
            known["descending"] = not self.descending if known["sort"] == self.sort else first
        return replace(self, **known)

    @property
    def is_filtered(self) -> bool:
        return any((self.care, self.clinic, self.condition, self.provider, self.devices, self.silence, self.marks))

    @property
    def sort_order(self) -> SortOrder:
        return SortOrder(SORT_COLUMNS_BY_KEY[self.sort], self.descending, TIE_KEYS)

    @property
    def fingerprint(self) -> str:
        """Changes with the settings: part of the list's live version."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:8]


def is_empty_or_id(value: str) -> bool:
    return value == "" or (value.isascii() and value.isdigit() and len(value) < 10)


SETTING_VALIDATORS: dict[str, Callable[[str], bool]] = {
    "sort": lambda value: value in SORT_COLUMNS_BY_KEY,
    "care": lambda value: value == "" or value in CARE_FILTERS,
    "clinic": is_empty_or_id,
    "condition": lambda value: value == "" or value in Condition.values,
    "provider": is_empty_or_id,
    "devices": lambda value: value in DEVICE_FILTERS,
    "silence": lambda value: value in SILENCE_FILTERS,
    "marks": lambda value: value in MARK_FILTERS,
}


def apply_select_filters(patients: PatientQuerySet, settings: SelectSettings, *, user: User) -> PatientQuerySet:
    """By care team, clinic, condition and provider; devices, silence and marks filter what these leave."""
    if settings.care == "mine":
        patients = patients.filter(pk__in=team.patients_of(user))
    elif settings.care:
        patients = patients.filter(team.unassigned_condition())
    if settings.clinic:
        patients = patients.filter(clinic=int(settings.clinic))
    if settings.condition:
        patients = patients.filter(conditions__contains=[settings.condition])
    return patients.filter(practitioner=int(settings.provider)) if settings.provider else patients


def apply_facet_filters(patients: PatientQuerySet, settings: PatientListSettings) -> PatientQuerySet:
    """By devices, silence and marks."""
    marks = MARK_CONDITIONS.get(settings.marks, Q())
    return patients.filter(device_condition(settings.devices), silence_condition(settings.silence), marks)


def device_condition(key: str) -> Q:
    """`IN (SELECT ...)`, which PostgreSQL computes once for the query, rather than EXISTS for each patient."""
    if not key:
        return Q()
    if key == "none":
        return ~device_condition("any")
    if key == "attention":
        return Q(pk__in=equipment_exceptions().values("patient"))
    devices = linked_devices().filter(DEVICE_KIND_CONDITIONS[key])
    lines = OrderLine.objects.order_by().filter(ORDER_LINE_CONDITIONS[key])
    return Q(*(("pk__in", rows.values("patient")) for rows in (devices, lines)), _connector=Q.OR)


def linked_devices() -> Any:
    return Device.objects.linked().filter(patient__isnull=False).order_by()


def equipment_exceptions() -> Any:
    return WorklistItem.objects.of_equipment().order_by()


def silence_condition(key: str) -> Q:
    """By hours, as the ages in the list are; patients who never measured are silent for any number of days."""
    if not key:
        return Q()
    never = Q(summary__last_at__isnull=True)  # also without a summary
    return never if key == "never" else never | Q(summary__last_at__lt=silence_cutoff(int(key)))


def silence_cutoff(days: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)

"""Search, filters and sort orders of the order list, for the page, its refresh and its file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from devices.hardware_ids import extract_tracking_number, is_label_number, normalise_hardware_uuid
from devices.models import Device
from devices.patient_lookups import device_conditions
from fulfillment.models import Kit, LineStatus, OrderLine, Urgency
from fulfillment.models.order import OrderQuerySet
from patients import posted_searches
from patients.lists.filters import FilterChoice, FilterRow, ListFilter, SelectedFilters, SelectField, build_filter_row
from patients.lists.sorting import ListColumn, SortOrder, read_sort
from patients.models import Patient, User
from patients.search import patient_search_filter

# The default: what waits longest first, and of what is finished the newest.
STATUS_COLUMN = ListColumn(
    "Status, and what to do",
    key="status",
    group=F("urgency"),
    value=F("waiting_since"),
    ascending_first=True,
    descending_label="stuck first, then the newest",
    ascending_label="stuck first, then the longest waiting",
)
PATIENT_COLUMN = ListColumn("Patient", key="patient", descending_label="Z to A", ascending_label="A to Z")
COLUMNS = (
    PATIENT_COLUMN,
    ListColumn(
        "Ordered",
        key="kit",
        value=F("kit__name"),
        ascending_first=True,
        descending_label="kits Z to A",
        ascending_label="kits A to Z",
    ),
    STATUS_COLUMN,
    ListColumn("Age", key="age", value=F("placed_at"), descending_label="newest first", ascending_label="oldest first"),
    ListColumn(
        "By",
        key="person",
        value=F("placed_by__name"),
        ascending_first=True,
        descending_label="Z to A",
        ascending_label="A to Z",
    ),
)
TIE_KEYS = ("-placed_at", "-pk")
PATIENT_TIE_KEYS = ("patient__family_name", "patient__given_name", *TIE_KEYS)
URGENCY_FILTER = ListFilter(
    "show", "Show", {each.name.lower(): FilterChoice(str(each.label), Q(urgency=each)) for each in Urgency}
)
NEVER_STORED = (LineStatus.CLOSED_HERE, LineStatus.NOT_ENDED)
MONTH_DAYS, WEEK_DAYS = 30, 7


@dataclass(frozen=True)
class OrderSelection:
    """What the address and the search of its session select."""

    chosen: SelectedFilters
    search_text: str
    search_key: str
    sort: SortOrder

    @property
    def own_query(self) -> dict[str, str]:
        """Of the address, beside the filters."""
        order = f"{self.sort.column.key} {self.sort.direction}"
        usual = f"{STATUS_COLUMN.key} ascending"
        values = {posted_searches.QUERY_NAME: self.search_key, "order": order if order != usual else ""}
        return {name: value for name, value in values.items() if value}

    @property
    def query(self) -> str:
        """Of the address that shows this selection."""
        return urlencode(self.own_query | self.chosen.values)

    def urgency_row(self, counts: dict[str, int]) -> FilterRow:
        others = {name: value for name, value in self.chosen.values.items() if name != URGENCY_FILTER.name}
        labels = {"": URGENCY_FILTER.all_label} | {
            value: choice.label for value, choice in URGENCY_FILTER.choices.items()
        }
        return build_filter_row(
            URGENCY_FILTER.name,
            URGENCY_FILTER.title,
            labels,
            selected=self.chosen.values.get(URGENCY_FILTER.name, ""),
            counts=counts,
            other_values=others | self.own_query,
        )

    def apply(self, visible: OrderQuerySet, user: User) -> OrderQuerySet:
        """All but the urgency, whose choices are counted among these."""
        found = visible.filter(order_search_filter(self.search_text, user)) if self.search_text else visible
        others = [each for each in self.chosen.filters if each is not URGENCY_FILTER]
        return found.filter(*(each.condition(self.chosen.values.get(each.name, "")) for each in others))

    def apply_urgency(self, found: OrderQuerySet) -> OrderQuerySet:
        return found.filter(URGENCY_FILTER.condition(self.chosen.values.get(URGENCY_FILTER.name, "")))

    def select_fields(self) -> list[SelectField]:
        filters = [each for each in self.chosen.filters if each is not URGENCY_FILTER]
        return [
            SelectField(
                each.name,
                each.title,
                [(value, choice.label) for value, choice in each.choices.items()],
                self.chosen.values.get(each.name, ""),
            )
            for each in filters
        ]


def read_selection(request: HttpRequest, user: User) -> OrderSelection:
    searched = posted_searches.find_search(request, page=reverse("orders:list"))
    column, descending = read_sort(request.GET.dict(), COLUMNS, default=STATUS_COLUMN)
    return OrderSelection(
        chosen=SelectedFilters([URGENCY_FILTER, *order_filters(user)], request.GET.dict()),
        search_text=searched["q"] if searched else "",
        search_key=request.GET[posted_searches.QUERY_NAME] if searched else "",
        sort=SortOrder(column, descending, PATIENT_TIE_KEYS if column is PATIENT_COLUMN else TIE_KEYS),
    )


def order_filters(user: User) -> list[ListFilter]:
    """Two queries: kits and people of the user's clinics."""
    clinics, now = user.clinics.all(), timezone.now()
    week, month = (now - dt.timedelta(days=days) for days in (WEEK_DAYS, MONTH_DAYS))
    kits = Kit.objects.filter(clinic__in=clinics).values_list("pk", "name")
    people = User.objects.filter(clinics__in=clinics).distinct().order_by("name", "pk").values_list("pk", "name")
    ages = {
        "week": FilterChoice("Up to 7 days", Q(placed_at__gte=week)),
        "month": FilterChoice("8 to 30 days", Q(placed_at__gte=month, placed_at__lt=week)),
        "older": FilterChoice("More than 30 days", Q(placed_at__lt=month)),
    }
    states = {
        status.value: FilterChoice(str(status.label), Q(Exists(lines_in_use().filter(status=status))))
        for status in LineStatus
        if status not in NEVER_STORED
    }
    return [
        ListFilter("state", "State", states),
        ListFilter("kit", "Kit", {str(pk): FilterChoice(name, Q(kit=pk)) for pk, name in kits}),
        ListFilter("person", "Placed by", {str(pk): FilterChoice(name, Q(placed_by=pk)) for pk, name in people}),
        ListFilter("age", "Age", ages),
    ]


def lines_in_use() -> QuerySet[OrderLine]:
    """Of the outer order: neither corrected nor closed by a person."""
    lines = OrderLine.objects.filter(order=OuterRef("pk"))
    return lines.filter(closed_by__isnull=True, corrected_by__isnull=True)


def order_search_filter(text: str, user: User) -> Q:
    """On Order: by the patient, our reference, a tracking number, a gateway ID or an IMEI."""
    label, number = normalise_hardware_uuid(text), extract_tracking_number(text)
    found = Q(patient__in=Patient.objects.visible_to(user).filter(patient_search_filter(text)).order_by())
    lines = Q(call__reference=label)
    for condition in device_conditions(text):
        lines |= Q(call__device__in=Device.objects.filter(condition).order_by())
    found |= Q(pk__in=OrderLine.objects.filter(lines).order_by().values("order"))
    if number:
        found |= Q(tracking_number=number)
    return found | Q(gateway_id=label) if is_label_number(label) else found

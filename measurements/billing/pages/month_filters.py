"""Filters, sort orders and totals of the month list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils.formats import date_format

from measurements.billing.engine.date_ranges import month_of, parse_month
from measurements.billing.engine.lines import Reason, Status
from measurements.billing.models import BillingLine
from measurements.billing.models.line import STATUS_LABELS, ForecastKind
from measurements.local_days import ONE_DAY
from patients.lists.filters import FilterChoice, FilterRow, ListFilter, SelectedFilters, SelectField, build_filter_row
from patients.lists.sorting import ListColumn, SortOrder, read_sort
from patients.models import Clinic, Practitioner

MONTHS_OFFERED = 24
PATIENT_COLUMN = ListColumn("Patient", key="patient", descending_label="Z to A", ascending_label="A to Z")
COLUMNS = (
    PATIENT_COLUMN,
    ListColumn(
        "Code",
        key="code",
        value=F("code"),
        ascending_first=True,
        descending_label="highest code first",
        ascending_label="lowest code first",
    ),
    ListColumn("For", key="last", value=F("last"), descending_label="newest first", ascending_label="oldest first"),
    ListColumn("State"),
    ListColumn("Why"),
    ListColumn("Provider, payer"),
    ListColumn("Next"),
)
NAME_KEYS = ("patient__family_name", "patient__given_name", "last", "code", "pk")
MISSING_LABELS = {
    Reason.CONSENT: "Consent",
    Reason.ORDER: "Order",
    Reason.RELATIONSHIP: "Earlier visit",
    Reason.EDUCATION: "Education",
    Reason.LIVE_INTERACTION: "Live interaction",
    Reason.PRIOR_AUTHORISATION: "Prior authorization",
    Reason.PROGRAMME: "Programme",
    Reason.MINUTES: "Minutes",
    Reason.DAYS: "Days",
}
STATUS_FILTER = ListFilter(
    "state", "State", {status.value: FilterChoice(label, Q(status=status)) for status, label in STATUS_LABELS.items()}
)
MISSING_FILTER = ListFilter(
    "missing",
    "Missing",
    {reason.value: FilterChoice(label, Q(because__contains=[reason])) for reason, label in MISSING_LABELS.items()},
)
FORECAST_FILTER = ListFilter(
    "forecast",
    "Forecast",
    {kind.value: FilterChoice(str(kind.label), Q(forecast=kind)) for kind in ForecastKind if kind.value}
    | {"differs": FilterChoice("Approved and differs now", Q(difference__isnull=False))},
)


@dataclass(frozen=True)
class Total:
    """Of one code: lines, units and how many of them are approved."""

    code: str
    lines: int
    units: int
    approved: int


@dataclass(frozen=True)
class MonthSelection:
    clinic: Clinic
    clinics: Sequence[Clinic]
    month: dt.date
    today: dt.date
    chosen: SelectedFilters
    sort: SortOrder

    @property
    def own_query(self) -> dict[str, str]:
        order = f"{self.sort.column.key} {self.sort.direction}"
        values = {"month": f"{self.month:%Y-%m}", "order": "" if order == "patient ascending" else order}
        if len(self.clinics) > 1:
            values["clinic"] = self.clinic.slug
        return {name: value for name, value in values.items() if value}

    @property
    def query(self) -> str:
        return urlencode(self.own_query | self.chosen.values)

    def visible(self) -> QuerySet[BillingLine]:
        return BillingLine.objects.filter(clinic=self.clinic, belongs_to=self.month)

    def apply(self) -> QuerySet[BillingLine]:
        return self.chosen.apply(self.visible())

    def in_order(self, lines: QuerySet[BillingLine]) -> QuerySet[BillingLine]:
        """The patient's clinic is asked for too: then names come in order from an index, and no line is sorted."""
        return self.sort.annotate(lines.filter(patient__clinic=self.clinic))

    def status_row(self) -> FilterRow:
        labels = {"": "All"} | {value: choice.label for value, choice in STATUS_FILTER.choices.items()}
        others = {name: value for name, value in self.chosen.values.items() if name != STATUS_FILTER.name}
        conditions = [
            each.condition(self.chosen.values.get(each.name, ""))
            for each in self.chosen.filters
            if each is not STATUS_FILTER
        ]
        grouped = self.visible().filter(*conditions).order_by().values_list("status").annotate(Count("pk"))
        counted = dict(grouped)
        counts = {"": sum(counted.values())} | {value: counted.get(value, 0) for value in STATUS_FILTER.choices}
        return build_filter_row(
            STATUS_FILTER.name,
            STATUS_FILTER.title,
            labels,
            selected=self.chosen.values.get(STATUS_FILTER.name, ""),
            counts=counts,
            other_values=others | self.own_query,
        )

    def select_fields(self) -> list[SelectField]:
        filters = [each for each in self.chosen.filters if each is not STATUS_FILTER]
        return [
            SelectField(
                each.name,
                each.title,
                [(value, choice.label) for value, choice in each.choices.items()],
                self.chosen.values.get(each.name, ""),
            )
            for each in filters
        ]

    @property
    def month_label(self) -> str:
        return date_format(self.month, "F Y")

    @property
    def months(self) -> list[tuple[str, str]]:
        """Newest first, from the running one."""
        found, month = [], month_of(self.today)
        for _ in range(MONTHS_OFFERED):
            found.append((f"{month:%Y-%m}", date_format(month, "F Y")))
            month = month_of(month - ONE_DAY)
        return found


def read_month_selection(request: HttpRequest, clinics: Sequence[Clinic], today: dt.date) -> MonthSelection:
    """Unknown values are ignored: without a month the running one, without a clinic the first one."""
    query = request.GET.dict()
    clinic = next((one for one in clinics if one.slug == query.get("clinic")), clinics[0])
    month = parse_month(query.get("month", "")) or month_of(today)
    column, descending = read_sort(query, COLUMNS, default=PATIENT_COLUMN)
    filters = [STATUS_FILTER, *line_filters(clinic, month), MISSING_FILTER, FORECAST_FILTER]
    return MonthSelection(
        clinic, clinics, month, today, SelectedFilters(filters, query), SortOrder(column, descending, NAME_KEYS)
    )


def line_filters(clinic: Clinic, month: dt.date) -> list[ListFilter]:
    """Codes and payers that the month has, and the clinic's providers; two queries."""
    lines = BillingLine.objects.filter(clinic=clinic, belongs_to=month).order_by()
    named = list(lines.values_list("code", "payer").distinct())
    codes = sorted({code for code, _ in named if code})
    payers = sorted({payer for _, payer in named if payer})
    providers = Practitioner.objects.filter(clinic=clinic).values_list("pk", "name")
    return [
        ListFilter("code", "Code", {code: FilterChoice(code, Q(code=code)) for code in codes}),
        ListFilter("provider", "Provider", {str(pk): FilterChoice(name, Q(practitioner=pk)) for pk, name in providers}),
        ListFilter("payer", "Payer", {name: FilterChoice(name, Q(payer=name)) for name in payers}),
    ]


def totals_of(lines: QuerySet[BillingLine]) -> list[Total]:
    """By code, without lines that reach none; one query."""
    counted: Iterable[Any] = (
        lines.exclude(code="")
        .exclude(units=0)
        .order_by()
        .values("code")
        .annotate(lines=Count("pk"), total=Sum("units"), approved=Count("pk", filter=Q(status=Status.APPROVED)))
        .values_list("code", "lines", "total", "approved")
    )
    return sorted((Total(*row) for row in counted), key=lambda total: total.code)

"""List filters and facet counts: how many rows each choice of a filter would show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import Count, Model, Q, QuerySet

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class FilterOption:
    """One choice as shown: `query` is the list's address with it, for options that are links."""

    name: str
    value: str
    label: str
    is_selected: bool
    query: str = ""
    count: int | None = None


@dataclass(frozen=True)
class FilterRow:
    title: str
    options: list[FilterOption]


@dataclass(frozen=True)
class SelectField:
    """A select of a form; an empty `selected` is "All"."""

    name: str
    label: str
    choices: Sequence[tuple[str, str]]
    selected: str

    @property
    def options(self) -> list[tuple[str, str]]:
        return [("", "All"), *self.choices]


@dataclass(frozen=True)
class FilterChoice:
    label: str
    condition: Q


@dataclass(frozen=True)
class ListFilter:
    """One parameter of the address, of which at most one choice is selected; `all_condition` applies to none."""

    name: str
    title: str
    choices: Mapping[str, FilterChoice]
    all_label: str = "All"
    all_condition: Q = field(default_factory=Q)

    def condition(self, value: str) -> Q:
        return self.choices[value].condition if value else self.all_condition


class SelectedFilters:
    """What the address selects of the filters. Unknown names and values are ignored."""

    def __init__(self, filters: Sequence[ListFilter], query: Mapping[str, str]) -> None:
        self.filters = filters
        self.values = {each.name: query[each.name] for each in filters if query.get(each.name) in each.choices}

    def apply(self, rows: QuerySet[M, Any]) -> QuerySet[M, Any]:
        return rows.filter(*(each.condition(self.values.get(each.name, "")) for each in self.filters))

    def count(self, rows: QuerySet[M, Any], of: ListFilter) -> dict[str, int]:
        """Rows for each choice of one filter ("" for all), among those that the other filters leave; one query.

        Each choice's condition is evaluated for each row. Where choices are the values of one costly expression,
        group by it instead and pass the counts to `filter_rows`.
        """
        others = [each.condition(self.values.get(each.name, "")) for each in self.filters if each is not of]
        values = ("", *of.choices)
        counts = {f"choice_{n}": Count("pk", filter=of.condition(value) or None) for n, value in enumerate(values)}
        return dict(zip(values, rows.filter(*others).order_by().aggregate(**counts).values(), strict=True))

    def filter_rows(self, counts: Mapping[str, Mapping[str, int]] | None = None) -> list[FilterRow]:
        """A row of options for each filter; `counts` by the names of the filters that show them."""
        return [
            build_filter_row(
                each.name,
                each.title,
                {"": each.all_label} | {value: choice.label for value, choice in each.choices.items()},
                selected=self.values.get(each.name, ""),
                counts=(counts or {}).get(each.name),
                other_values={name: value for name, value in self.values.items() if name != each.name},
            )
            for each in self.filters
        ]

    @property
    def query(self) -> str:
        return urlencode(self.values)


def build_filter_row(
    name: str,
    title: str,
    labels: Mapping[str, str],
    *,
    selected: str,
    counts: Mapping[str, int] | None = None,
    other_values: Mapping[str, str] | None = None,
    anchor: str = "",
) -> FilterRow:
    """`labels` by value, "" for all; `other_values`: what the other filters select, stays in the links.

    `anchor`: of the list, such as "#readings", where it is not at the top of its page.
    """
    others = dict(other_values or {})
    options = [
        FilterOption(
            name=name,
            value=value,
            label=label,
            is_selected=value == selected,
            query=urlencode(others | {name: value} if value else others) + anchor,
            count=counts[value] if counts else None,
        )
        for value, label in labels.items()
    ]
    return FilterRow(title, options)

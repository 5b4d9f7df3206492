"""Keyset pagination: a page is the rows next to one row in the sort order, so that no page costs more than the first.

The address names that row by its primary key alone, so that no value and no name of a patient is in it. The position
moves with the row: when its sort value changes meanwhile, the next page begins at its new place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection
from django.db.models import Count, F, Model, OrderBy, QuerySet, Window

M = TypeVar("M", bound=Model)
SqlCondition = tuple[str, list[Any]]
# Values of the keys are computed once a row; a filter on annotations would repeat each in every comparison with the
# anchor: for the order list six times, 12 ms instead of 4.
KEYS_AFTER_SQL = """
WITH sorted ({columns}) AS MATERIALIZED ({rows})
SELECT {primary_key}, count(*) OVER () FROM sorted WHERE {condition} ORDER BY {ordering} LIMIT %s
"""


@dataclass(frozen=True)
class SortKey:
    """A field or annotation to sort by. `nulls` says where None comes in this direction; leave it out if never None."""

    name: str
    descending: bool = False
    nulls: Literal["first", "last"] | None = None

    @property
    def reversed(self) -> SortKey:
        opposite: dict[Any, Any] = {"first": "last", "last": "first"}
        return replace(self, descending=not self.descending, nulls=opposite.get(self.nulls))

    @property
    def order_by(self) -> OrderBy:
        return OrderBy(
            F(self.name),
            descending=self.descending,
            nulls_first=True if self.nulls == "first" else None,
            nulls_last=True if self.nulls == "last" else None,
        )

    def order_sql(self, column: str) -> str:
        nulls = f" NULLS {self.nulls.upper()}" if self.nulls else ""
        return f"{column} {'DESC' if self.descending else 'ASC'}{nulls}"

    def after_sql(self, column: str, value: Any, following: SqlCondition) -> SqlCondition:
        """Rows after `value` by this key, and those with the same value that the `following` keys put after it."""
        later, same = f"{column} {'<' if self.descending else '>'} %s", f"{column} = %s"
        parts, values = [later, *([f"{column} IS NULL"] if self.nulls == "last" else [])], [value, value]
        if value is None:
            same, values = f"{column} IS NULL", []
            parts = [f"{column} IS NOT NULL"] if self.nulls == "first" else []
        condition, compared = following
        return " OR ".join([*parts, f"{same} AND ({condition})"]), [*values, *compared]


@dataclass(frozen=True)
class PageRequest:
    """Which page is requested: the first, or the one after or before the row with a primary key."""

    key: str = ""
    backwards: bool = False

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> PageRequest:
        return cls(query["after"]) if query.get("after") else cls(query.get("before", ""), backwards=True)


@dataclass(frozen=True)
class KeysetPage(Generic[M]):
    """`before` and `after` are the primary keys to ask the neighbouring pages with; None where there is none."""

    rows: list[M]
    first_row_number: int
    total: int
    before: Any
    after: Any
    query: str  # of the address that shows this page again; empty for the first

    @property
    def last_row_number(self) -> int:
        return self.first_row_number + len(self.rows) - 1

    @property
    def has_other_pages(self) -> bool:
        return self.before is not None or self.after is not None


def paginate(
    queryset: QuerySet[Any, Any],
    *,
    keys: Sequence[SortKey],
    request: PageRequest,
    size: int,
    anchors: QuerySet[Any, Any],
    rows: QuerySet[M, Any],
    total: int | None = None,
) -> KeysetPage[M]:
    """One page of `queryset` in the order of `keys`, of which the last is the primary key.

    `anchors` are all rows that the user may see, because a page's first row may have left the filters; they have the
    same annotations. `rows` loads what is shown, by key: the sort carries nothing else. An unknown key shows the
    first page. `total` is counted if it isn't given, on the first page by the same query.
    """
    anchor = find_anchor(anchors, keys, request.key)
    backwards = request.backwards and anchor is not None
    if anchor is None:
        found, beyond = fetch_first_keys(queryset, keys, limit=size + 1, counted=total is None)
        total = beyond if total is None else total
    else:
        total = queryset.count() if total is None else total
        ordering = [key.reversed for key in keys] if backwards else keys
        found, beyond = fetch_keys_after(anchor, queryset, ordering, limit=size + 1)
    page_keys = found[:size]
    loaded = rows.in_bulk(page_keys)
    shown = [loaded[key] for key in page_keys if key in loaded]  # a row may have gone since
    if backwards:
        shown.reverse()
    earlier = 0
    if anchor is not None and shown:
        earlier = max(0, beyond - len(page_keys) if backwards else total - beyond)
    has_next = earlier + len(shown) < total if backwards else len(found) > size
    return KeysetPage(
        rows=shown,
        first_row_number=earlier + 1,
        total=total,
        before=shown[0].pk if shown and earlier else None,
        after=shown[-1].pk if shown and has_next else None,
        query=f"{'before' if backwards else 'after'}={anchor[-1]}" if anchor else "",
    )


def fetch_first_keys(
    queryset: QuerySet[Any, Any], keys: Sequence[SortKey], *, limit: int, counted: bool
) -> tuple[list[Any], int]:
    """Primary keys of the first rows; if `counted`, with the number of all rows, else 0."""
    ordered = queryset.order_by(*(key.order_by for key in keys))
    if not counted:
        return list(ordered.values_list("pk", flat=True)[:limit]), 0
    found = list(ordered.annotate(row_count=Window(Count("*"))).values_list("pk", "row_count")[:limit])
    return [key for key, _ in found], found[0][1] if found else 0


def fetch_keys_after(
    anchor: Sequence[Any], queryset: QuerySet[Any, Any], keys: Sequence[SortKey], *, limit: int
) -> tuple[list[Any], int]:
    """Primary keys of the first rows after one with the values `anchor`, and the number of all rows after it."""
    columns = [f"key_{n}" for n in range(len(keys))]
    condition: SqlCondition = ("false", [])
    for column, key, value in reversed(list(zip(columns, keys, anchor, strict=True))):
        condition = key.after_sql(column, value, condition)
    try:
        rows, values = queryset.order_by().values_list(*(key.name for key in keys)).query.sql_with_params()
    except EmptyResultSet:
        return [], 0
    ordering = ", ".join(key.order_sql(column) for key, column in zip(keys, columns, strict=True))
    parts = {"columns": ", ".join(columns), "primary_key": columns[-1], "condition": condition[0], "ordering": ordering}
    with connection.cursor() as cursor:
        cursor.execute(KEYS_AFTER_SQL.format(rows=rows, **parts), [*values, *condition[1], limit])
        found = cursor.fetchall()
    return [key for key, _ in found], found[0][1] if found else 0


def find_anchor(rows: QuerySet[Any, Any], keys: Sequence[SortKey], key: str) -> tuple[Any, ...] | None:
    """The values of `keys` of the row with this primary key; None if the user may not see one."""
    if not key:
        return None
    try:
        primary_key = rows.model._meta.pk.to_python(key)
    except ValidationError:
        return None
    return rows.filter(pk=primary_key).values_list(*(each.name for each in keys)).first()

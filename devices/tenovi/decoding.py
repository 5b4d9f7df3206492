"""Rows of the vendor's lists: read one by one, so that a bad one hides no other."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from .vocabulary import clean

YEARS = range(2000, 2101)  # beyond them PostgreSQL stores what Python then can't read
T = TypeVar("T")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all that the vendor sends. `repr` shows no field: most of them are about a person."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, dt.datetime) and value.year not in YEARS:
                raise ValueError(f"`{name}` is not a time of this century")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Unreadable:
    """A row that we can't read. It hides no other row; whoever lists must report it."""

    problem: str  # names the field, never its value
    vendor_id: str | None = None
    raw: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Listing(Generic[T]):
    """A complete list. `rows` and `unreadable` together are what the vendor sent."""

    rows: tuple[T, ...] = field(repr=False)
    unreadable: tuple[Unreadable, ...] = ()


def read_row(data: Any, kind: type[R]) -> R:
    """Raises msgspec.ValidationError, whose text names the field and the types, never the value."""
    return msgspec.convert(clean(data), kind)


def read_rows(items: list[Any], kind: type[R]) -> Listing[R]:
    rows: list[R] = []
    unreadable: list[Unreadable] = []
    for item in items:
        try:
            rows.append(read_row(item, kind))
        except msgspec.ValidationError as error:
            unreadable.append(Unreadable(str(error), _id_of(item), item))
    return Listing(tuple(rows), tuple(unreadable))


def _id_of(item: Any) -> str | None:
    found = item.get("id") if isinstance(item, dict) else None
    return found[:64] if isinstance(found, str) else None

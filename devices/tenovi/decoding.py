"""Decoding of the vendor's rows, one by one, so that an invalid one hides no other."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from .vocabulary import sanitize_json

STORABLE_YEARS = range(2000, 2101)  # beyond them PostgreSQL stores what Python then can't read
ItemType = TypeVar("ItemType")


class VendorRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the vendor's records. `repr` shows no field: most contain patient data."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, dt.datetime) and value.year not in STORABLE_YEARS:
                raise ValueError(f"`{name}` is not a time of this century")

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


RecordType = TypeVar("RecordType", bound=VendorRecord)


@dataclass(frozen=True)
class UnreadableRow:
    """An invalid row. It hides no other row; the caller must report it."""

    problem: str  # names the field, never its value
    vendor_id: str | None = None
    raw: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class ListResult(Generic[ItemType]):
    """A complete list. `rows` and `unreadable_rows` together are what the vendor sent."""

    rows: tuple[ItemType, ...] = field(repr=False)
    unreadable_rows: tuple[UnreadableRow, ...] = ()


def parse_row(data: Any, kind: type[RecordType]) -> RecordType:
    """Raises msgspec.ValidationError, whose text names the field and the types, never the value."""
    return msgspec.convert(sanitize_json(data), kind)


def parse_rows(items: list[Any], kind: type[RecordType]) -> ListResult[RecordType]:
    rows: list[RecordType] = []
    unreadable: list[UnreadableRow] = []
    for item in items:
        try:
            rows.append(parse_row(item, kind))
        except msgspec.ValidationError as error:
            raw_id = item.get("id") if isinstance(item, dict) else None
            vendor_id = raw_id[:64] if isinstance(raw_id, str) else None
            unreadable.append(UnreadableRow(str(error), vendor_id, item))
    return ListResult(tuple(rows), tuple(unreadable))

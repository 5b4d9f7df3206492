"""Range expressions of exclusion constraints: rows of one owner whose times may not overlap."""

from __future__ import annotations

from django.contrib.postgres.fields import BigIntegerRangeField, DateRangeField, DateTimeRangeField
from django.db.models import BigIntegerField, Func, Value


class TstzRange(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class Int8Range(Func):
    """Equality by a built-in range operator, so that no server needs the btree_gist extension."""

    function = "INT8RANGE"
    output_field = BigIntegerRangeField()


class DateRange(Func):
    function = "daterange"
    output_field = DateRangeField()


class UuidHash(Func):
    """64-bit hash of a UUID: equal UUIDs are equal ranges, without the btree_gist extension."""

    function = "UUID_HASH_EXTENDED"
    output_field = BigIntegerField()

    def __init__(self, column: str) -> None:
        super().__init__(column, Value(0, output_field=BigIntegerField()))


class TextHash(Func):
    """64-bit hash of a text; see `UuidHash`."""

    function = "HASHTEXTEXTENDED"
    output_field = BigIntegerField()

    def __init__(self, column: str) -> None:
        super().__init__(column, Value(0, output_field=BigIntegerField()))

"""Range expressions of exclusion constraints: rows of one owner whose times may not overlap."""

from __future__ import annotations

from django.contrib.postgres.fields import BigIntegerRangeField, DateTimeRangeField
from django.db.models import Func


class TstzRange(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class Int8Range(Func):
    """Equality by a built-in range operator, so that no server needs the btree_gist extension."""

    function = "INT8RANGE"
    output_field = BigIntegerRangeField()

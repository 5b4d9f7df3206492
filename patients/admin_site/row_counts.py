"""Row counts of admin lists: never of more rows than people page through."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model
from django.utils.functional import cached_property

MAX_COUNTED_ROWS = 2_000


class CappedPaginator(Paginator):
    """Count at most MAX_COUNTED_ROWS, so that no list reads a table of millions."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:MAX_COUNTED_ROWS].count())  # in list order, which an index provides

    @property
    def is_capped(self) -> bool:
        return self.count >= MAX_COUNTED_ROWS


def row_count_label(model: type[Model]) -> str:
    """Row count of a table: exact if small, else estimated from the planner's statistics."""
    counted = model._default_manager.order_by()[:MAX_COUNTED_ROWS].count()
    if counted < MAX_COUNTED_ROWS:
        return f"{counted:,}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
        return f"about {max(counted, int(cursor.fetchone()[0])):,}"

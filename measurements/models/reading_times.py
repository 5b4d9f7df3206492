"""Times of a reading that PostgreSQL computes from its stored ones: its identity, and how late it arrived."""

from __future__ import annotations

import datetime as dt

from django.db.models import BooleanField, Case, DateTimeField, F, Func, When
from django.db.models.functions import Coalesce

LATE_AFTER_HOURS = 24
CLOCK_RESET_AFTER = dt.timedelta(days=365)

# The vendor's stamp in whole seconds. Through UTC, because only so is the truncation immutable to PostgreSQL.
IDENTITY_TIME = Func(
    Coalesce("stamped_at", "taken_at"),
    template="timezone('UTC', date_trunc('second', timezone('UTC', %(expressions)s)))",
    output_field=DateTimeField(),
)


def arrived_later_than(interval: str) -> Func:
    """From the device to the vendor. A pulled reading without the vendor's time is not late."""
    return Func(
        Coalesce("vendor_created_at", Case(When(source="webhook", then=F("received_at")))),
        F("taken_at"),
        arg_joiner=" - ",
        template=f"COALESCE(%(expressions)s > interval '{interval}', false)",
        output_field=BooleanField(),
    )

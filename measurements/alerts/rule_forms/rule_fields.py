"""Fields of the form of an alert rule: bounds in the user's unit and counts, with what each may be."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django import forms

from measurements.alerts.engine.rules import ClosingKind, Kind
from measurements.number_fields import PlainNumberField
from measurements.units import Unit

MAX_GAIN_LB = 100
# Name: label, least, most. In the order of the form.
COUNT_FIELDS: Mapping[str, tuple[str, int, int]] = {
    "k": ("How many sittings", 1, 20),
    "n": ("Of the last (empty: of all within the hours)", 1, 20),
    "hours": ("Within hours (empty: at any time)", 1, 24 * 28),
    "days": ("Days", 1, 60),
    "least_readings": ("At least so many readings", 1, 200),
    "least_days": ("On at least so many days", 1, 28),
    "least_days_a_week": ("Readings on at least so many of 7 days", 1, 7),
}
KIND_FIELDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.LIMIT: (),
    Kind.K_OF_N: ("k", "n", "hours"),
    Kind.AVERAGE: ("days", "least_readings", "least_days"),
    Kind.CHANGE: (),
    Kind.SILENCE: ("days",),
    Kind.PATTERN: ("k",),
}
OPTIONAL_COUNTS = frozenset({"n", "hours"})
AVERAGE_DAYS = (3, 28)
CLOSING_LABELS = {
    ClosingKind.READINGS: "so many readings in a row inside the limit",
    ClosingKind.AVERAGE: "inside its limit at the end of so many days in a row",
    ClosingKind.BASELINE: "back within the limit on so many days",
    ClosingKind.NONE: "none for so many days",
    ClosingKind.ANY: "any reading",
}
COUNTED_IN_READINGS = frozenset({ClosingKind.READINGS})
CLOCK_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d", re.ASCII)
NO_NUMBER = "Write a number with digits and a point, such as 130 or 100.4."


def number_field(label: str, unit: Unit, initial: float | None) -> PlainNumberField:
    places = unit.bound_places()
    return PlainNumberField(
        label=label,
        required=False,
        max_digits=4 + places,
        decimal_places=places,
        initial=None if initial is None else unit.format_bound(initial),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={
            "invalid": NO_NUMBER,
            **dict.fromkeys(("max_digits", "max_whole_digits"), "That is more than any device measures."),
            "max_decimal_places": f"At most {places} {'decimals' if places > 1 else 'decimal'} in {unit.name}.",
        },
    )


def count_field(
    name: str, initial: float | None, *, least: int, most: int, required: bool = True
) -> forms.IntegerField:
    words = f"Write a whole number from {least} to {most}."
    return forms.IntegerField(
        label=COUNT_FIELDS[name][0],
        required=required,
        min_value=least,
        max_value=most,
        initial=None if initial is None else int(initial),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={
            **dict.fromkeys(("invalid", "min_value", "max_value"), words),
            "required": words,
        },
    )

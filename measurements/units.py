"""Display units that a user reads and types in. Stored values stay in the vendor's units: lb, mg/dL, °F.

The pound is 0.45359237 kg by definition; a mmol of glucose per litre is 18.016 mg/dL (180.16 g/mol).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from measurements.models import Metric
from measurements.numbers import format_number, round_half_up
from patients import preferences
from patients.models import User

UNITS_PREFERENCE = "units"
STORED_DECIMALS = 2  # of readings and goals
FLOAT_ERROR = 1e-9  # of a conversion
VALUE_QUANTUM = Decimal(1).scaleb(-STORED_DECIMALS)


@dataclass(frozen=True)
class Unit:
    """The shown value is (stored - offset) * factor, with `decimals` decimals."""

    name: str
    decimals: int
    factor: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)

    @cached_property
    def is_converted(self) -> bool:
        return self.factor != 1

    @cached_property
    def for_differences(self) -> Unit:
        """The unit without its offset: a gain of 3 °F is one of 1.7 °C."""
        return replace(self, offset=Decimal(0))

    def convert_value(self, stored: float) -> float:
        return (stored - float(self.offset)) * float(self.factor) if self.is_converted else stored

    def round_value(self, stored: float, more_places: int = 0) -> float:
        """The number that is shown, with `more_places` decimals beyond those of the unit."""
        return round_half_up(self.convert_value(stored), self.decimals + more_places)

    def format_value(self, stored: float, more_places: int = 0) -> str:
        """With the decimals of the unit: 171.0, 77.6."""
        return format_number(self.convert_value(stored), self.decimals + more_places)

    def bound_places(self, more_places: int = 0) -> int:
        """A bound is shown as stored in the vendor's unit, and with the decimals of any other one."""
        return self.decimals + more_places if self.is_converted else STORED_DECIMALS

    def round_bound(self, stored: float | Decimal, more_places: int = 0) -> float:
        """The number that `format_bound` shows."""
        return round_half_up(self.convert_value(float(stored)), self.bound_places(more_places))

    def rounds_down(self, stored: float | Decimal, more_places: int = 0) -> bool:
        """Whether the bound is shown as less than it is."""
        return self.convert_value(float(stored)) - self.round_bound(stored, more_places) > FLOAT_ERROR

    def format_bound(self, stored: float | Decimal, more_places: int = 0) -> str:
        """A bound without trailing zeros: 130, 100.4, 3.9."""
        text = format_number(self.convert_value(float(stored)), self.bound_places(more_places))
        return text.rstrip("0").rstrip(".") if "." in text else text

    def to_display_bound(self, stored: Decimal) -> Decimal:
        """For a form: exact in the vendor's unit, else in steps of the unit (10.0 mmol/L for 180 mg/dL)."""
        return Decimal(self.format_value(float(stored))) if self.is_converted else stored

    def to_vendor_value(self, typed: Decimal) -> Decimal:
        """The nearest value that can be stored."""
        return (
            (typed / self.factor + self.offset).quantize(VALUE_QUANTUM, ROUND_HALF_UP) if self.is_converted else typed
        )

    def to_vendor_bound(self, typed: Decimal, *, highest: bool) -> Decimal:
        """The lowest stored value that is shown as `typed`, or the highest: a bound includes whatever rounds to it."""
        if not self.is_converted:
            return typed
        half_step = Decimal(5).scaleb(-self.decimals - 1)
        edge = (typed + half_step if highest else typed - half_step) / self.factor + self.offset
        near = [edge.quantize(VALUE_QUANTUM) + n * VALUE_QUANTUM for n in range(-2, 3)]
        shown_as_typed = [bound for bound in near if self.round_value(float(bound)) == float(typed)]
        return shown_as_typed[-1 if highest else 0]


# By the vendor's unit of a metric.
ALTERNATIVE_UNITS = {
    "lb": Unit("kg", 1, Decimal("0.45359237")),
    "mg/dL": Unit("mmol/L", 1, 1 / Decimal("18.016")),
    "°F": Unit("°C", 1, 1 / Decimal("1.8"), Decimal(32)),
}
QUANTITY_LABELS = {"lb": "Weight", "mg/dL": "Glucose", "°F": "Temperature"}
POUND_UNIT = Unit("lb", 1)


@dataclass(frozen=True)
class DisplayUnits:
    """The alternative units that a user has chosen; the vendor's for all others."""

    alternatives: frozenset[str] = frozenset()

    @classmethod
    def from_code(cls, code: object) -> DisplayUnits:
        """From a stored or posted `code`; unknown names in it are ignored."""
        names = code.split(",") if isinstance(code, str) else []
        return cls(frozenset(unit.name for unit in ALTERNATIVE_UNITS.values() if unit.name in names))

    @property
    def code(self) -> str:
        return ",".join(sorted(self.alternatives))

    def with_unit(self, name: str) -> DisplayUnits:
        """With this unit instead of its counterpart; an unknown one changes nothing."""
        if name in ALTERNATIVE_UNITS:
            return DisplayUnits(self.alternatives - {ALTERNATIVE_UNITS[name].name})
        return DisplayUnits(self.alternatives | {unit.name for unit in ALTERNATIVE_UNITS.values() if unit.name == name})

    @property
    def unit_choices(self) -> list[tuple[str, list[tuple[str, bool]]]]:
        """Per quantity: its label, and its units with whether each is chosen."""
        pairs = [(QUANTITY_LABELS[name], name, other.name) for name, other in ALTERNATIVE_UNITS.items()]
        return [
            (label, [(name, other not in self.alternatives), (other, other in self.alternatives)])
            for label, name, other in pairs
        ]

    def unit_for(self, metric: Metric) -> Unit:
        return self.preferred_unit(Unit(metric.unit, metric.decimals))

    def preferred_unit(self, vendors: Unit) -> Unit:
        other = ALTERNATIVE_UNITS.get(vendors.name)
        return other if other and other.name in self.alternatives else vendors

    @property
    def weight_unit(self) -> Unit:
        return self.preferred_unit(POUND_UNIT)


VENDOR_UNITS = DisplayUnits()


def units_for(user: User) -> DisplayUnits:
    return DisplayUnits.from_code(user.preferences.get(UNITS_PREFERENCE))


def save_units_preference(*, units: DisplayUnits, by: User) -> None:
    preferences.save_preference(by=by, name=UNITS_PREFERENCE, value=units.code)

"""The units that a person reads and types in. What is kept stays in the vendor's: lb, mg/dL, °F.

The pound is 0.45359237 kg by definition; a mmol of glucose per litre is 18.016 mg/dL (180.16 g/mol).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from measurements.models import Metric
from patients import preferences
from patients.models import User

UNITS_PREFERENCE = "units"
VALUE_QUANTUM = Decimal("0.01")  # readings and goals are kept with two places


@dataclass(frozen=True)
class Unit:
    """What is shown is (kept - zero) * factor, read with so many `places`."""

    name: str
    decimals: int
    factor: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)

    @property
    def is_converted(self) -> bool:
        return self.factor != 1

    @property
    def for_differences(self) -> Unit:
        """For differences, such as a gain: 3 °F more are 1.7 °C more, wherever zero is."""
        return replace(self, offset=Decimal(0))

    def convert_value(self, kept: float) -> float:
        return (kept - float(self.offset)) * float(self.factor) if self.is_converted else kept

    def format_value(self, kept: float) -> str:
        """With the places that it is read with: 171.0, 77.6."""
        return f"{self.convert_value(kept):.{self.decimals}f}"

    def format_bound(self, kept: float | Decimal) -> str:
        """A bound as people write it: 130, 100.4, 3.9."""
        return f"{round(self.convert_value(float(kept)), self.decimals if self.is_converted else 2):g}"

    def convert_decimal(self, kept: Decimal) -> Decimal:
        """To two places, for a form: fine enough that `kept` of it is shown as the same again."""
        return (
            ((kept - self.offset) * self.factor).quantize(VALUE_QUANTUM, ROUND_HALF_UP) if self.is_converted else kept
        )

    def to_vendor_decimal(self, typed: Decimal) -> Decimal:
        return (
            (typed / self.factor + self.offset).quantize(VALUE_QUANTUM, ROUND_HALF_UP) if self.is_converted else typed
        )


# By the unit that the vendor gives the metric in.
ALTERNATIVE_UNITS = {
    "lb": Unit("kg", 1, Decimal("0.45359237")),
    "mg/dL": Unit("mmol/L", 1, 1 / Decimal("18.016")),
    "°F": Unit("°C", 1, 1 / Decimal("1.8"), Decimal(32)),
}
QUANTITY_LABELS = {"lb": "Weight", "mg/dL": "Glucose", "°F": "Temperature"}
POUND_UNIT = Unit("lb", 1)


@dataclass(frozen=True)
class DisplayUnits:
    """Which of the other units somebody reads in; none of them is the vendor's all."""

    alternatives: frozenset[str] = frozenset()

    @classmethod
    def from_code(cls, code: object) -> DisplayUnits:
        """From `code` as it was kept or sent; what is unknown in it is as good as not there."""
        names = code.split(",") if isinstance(code, str) else []
        return cls(frozenset(unit.name for unit in ALTERNATIVE_UNITS.values() if unit.name in names))

    @property
    def code(self) -> str:
        return ",".join(sorted(self.alternatives))

    def with_unit(self, name: str) -> DisplayUnits:
        """The same with this unit instead of its counterpart; an unknown one changes nothing."""
        if name in ALTERNATIVE_UNITS:
            return DisplayUnits(self.alternatives - {ALTERNATIVE_UNITS[name].name})
        return DisplayUnits(self.alternatives | {unit.name for unit in ALTERNATIVE_UNITS.values() if unit.name == name})

    @property
    def unit_choices(self) -> list[tuple[str, list[tuple[str, bool]]]]:
        """What is measured, and the units for it with whether each is chosen."""
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

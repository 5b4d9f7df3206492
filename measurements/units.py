"""The units that a person reads and types in. What is kept stays in the vendor's: lb, mg/dL, °F.

The pound is 0.45359237 kg by definition; a mmol of glucose per litre is 18.016 mg/dL (180.16 g/mol).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from measurements.models import Metric
from patients import preferences
from patients.models import User

PREFERENCE = "units"
CENT = Decimal("0.01")  # readings and goals are kept with two places


@dataclass(frozen=True)
class Unit:
    """What is shown is (kept - zero) * factor, read with so many `places`."""

    name: str
    places: int
    factor: Decimal = Decimal(1)
    zero: Decimal = Decimal(0)

    @property
    def converted(self) -> bool:
        return self.factor != 1

    @property
    def change(self) -> Unit:
        """For differences, such as a gain: 3 °F more are 1.7 °C more, wherever zero is."""
        return replace(self, zero=Decimal(0))

    def shown(self, kept: float) -> float:
        return (kept - float(self.zero)) * float(self.factor) if self.converted else kept

    def text(self, kept: float) -> str:
        """With the places that it is read with: 171.0, 77.6."""
        return f"{self.shown(kept):.{self.places}f}"

    def plain(self, kept: float | Decimal) -> str:
        """A bound as people write it: 130, 100.4, 3.9."""
        return f"{round(self.shown(float(kept)), self.places if self.converted else 2):g}"

    def exact(self, kept: Decimal) -> Decimal:
        """To two places, for a form: fine enough that `kept` of it is shown as the same again."""
        return ((kept - self.zero) * self.factor).quantize(CENT, ROUND_HALF_UP) if self.converted else kept

    def kept(self, typed: Decimal) -> Decimal:
        return (typed / self.factor + self.zero).quantize(CENT, ROUND_HALF_UP) if self.converted else typed


# By the unit that the vendor gives the metric in.
OTHERS = {
    "lb": Unit("kg", 1, Decimal("0.45359237")),
    "mg/dL": Unit("mmol/L", 1, 1 / Decimal("18.016")),
    "°F": Unit("°C", 1, 1 / Decimal("1.8"), Decimal(32)),
}
NAMES = {"lb": "Weight", "mg/dL": "Glucose", "°F": "Temperature"}
POUND = Unit("lb", 1)


@dataclass(frozen=True)
class Units:
    """Which of the other units somebody reads in; none of them is the vendor's all."""

    chosen: frozenset[str] = frozenset()

    @classmethod
    def read(cls, code: object) -> Units:
        """From `code` as it was kept or sent; what is unknown in it is as good as not there."""
        names = code.split(",") if isinstance(code, str) else []
        return cls(frozenset(unit.name for unit in OTHERS.values() if unit.name in names))

    @property
    def code(self) -> str:
        return ",".join(sorted(self.chosen))

    def with_one(self, name: str) -> Units:
        """The same with this unit instead of its counterpart; an unknown one changes nothing."""
        if name in OTHERS:
            return Units(self.chosen - {OTHERS[name].name})
        return Units(self.chosen | {unit.name for unit in OTHERS.values() if unit.name == name})

    @property
    def offered(self) -> list[tuple[str, list[tuple[str, bool]]]]:
        """What is measured, and the units for it with whether each is chosen."""
        pairs = [(NAMES[name], name, other.name) for name, other in OTHERS.items()]
        return [
            (label, [(name, other not in self.chosen), (other, other in self.chosen)]) for label, name, other in pairs
        ]

    def of(self, metric: Metric) -> Unit:
        return self.instead_of(Unit(metric.unit, metric.decimals))

    def instead_of(self, vendors: Unit) -> Unit:
        other = OTHERS.get(vendors.name)
        return other if other and other.name in self.chosen else vendors

    @property
    def weight(self) -> Unit:
        return self.instead_of(POUND)


VENDORS = Units()


def of(user: User) -> Units:
    return Units.read(user.preferences.get(PREFERENCE))


def choose(*, units: Units, by: User) -> None:
    preferences.remember(by=by, name=PREFERENCE, value=units.code)

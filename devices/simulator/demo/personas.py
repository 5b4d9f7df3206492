"""The invented people of the demo, and a body for anybody else the product may order devices for."""

import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from random import Random

from devices.simulator.runtime.messages import Json

FILE = Path(__file__).with_name("personas.json")
USUAL_BODY = {
    "systolic": (116, 142),
    "diastolic": (70, 88),
    "pulse": (64, 82),
    "weight": (128, 236),
    "glucose": (98, 150),
    "spO2": (95.0, 98.5),
}


@dataclass(frozen=True)
class Person:
    """`body`: resting values in the vendor's units; `kept`: share of the planned readings that are really taken."""

    external_id: str
    time_zone: str
    story: str
    body: dict[str, float]
    kept: float

    @cached_property
    def phases(self) -> dict[str, tuple[float, float, float]]:
        """Where each resting value stands in its slow waves: numbers from 0 to 1."""
        found = {name: self.dice("wave", name) for name in (*USUAL_BODY, "temperature")}
        return {name: (dice.random(), dice.random(), dice.random()) for name, dice in found.items()}

    @cached_property
    def habit_hours(self) -> float:
        """How much later than others this person does everything."""
        return self.dice("habit").gauss(0, 0.55)

    @cached_property
    def ill_days(self) -> tuple[int, int]:
        """First and last of two to four days in bed, once in three months of a story."""
        dice = self.dice("illness")
        first = dice.randint(-85, -25)
        return (first, first + dice.randint(1, 3))

    def dice(self, *words: object) -> Random:
        """The same dice for the same person and words, in every run."""
        return Random(":".join(map(str, (self.external_id.casefold(), *words))))  # noqa: S311  dice, not secrets


@cache
def described() -> tuple[Json, ...]:
    """The rows of personas.json."""
    return tuple(json.loads(FILE.read_text(encoding="utf-8"))["people"])


@cache
def _by_external_id() -> dict[str, Json]:
    return {row["external_id"].casefold(): row for row in described()}


@cache
def person(external_id: str) -> Person:
    """From personas.json; anybody else gets a body of their own by their id."""
    row = _by_external_id().get(external_id.casefold(), {})
    dice = Random(f"body:{external_id.casefold()}")  # noqa: S311  dice, not secrets
    usual = {name: round(dice.uniform(*span), 1) for name, span in USUAL_BODY.items()}
    return Person(
        external_id=external_id,
        time_zone=row.get("time_zone", "America/New_York"),
        story=row.get("story", "steady"),
        body={**usual, **row.get("body", {})},
        kept=row.get("kept", 0.9),
    )

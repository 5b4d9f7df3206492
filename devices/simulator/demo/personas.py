"""The invented people of the demo, and a body for anybody else the product may order devices for."""

import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from random import Random

from devices.simulator.runtime.messages import Json

PERSONAS_FILE = Path(__file__).with_name("personas.json")
RESTING_VALUE_RANGES = {
    "systolic": (116, 142),
    "diastolic": (70, 88),
    "pulse": (64, 82),
    "weight": (128, 236),
    "glucose": (98, 150),
    "spO2": (95.0, 98.5),
}


@dataclass(frozen=True)
class Persona:
    """`body`: resting values in the vendor's units; `kept`: share of the planned readings that are really taken."""

    external_id: str
    time_zone: str
    scenario: str
    resting_values: dict[str, float]
    adherence: float

    @cached_property
    def phases(self) -> dict[str, tuple[float, float, float]]:
        """Where each resting value stands in its slow waves: numbers from 0 to 1."""
        found = {name: self.random_for("wave", name) for name in (*RESTING_VALUE_RANGES, "temperature")}
        return {name: (dice.random(), dice.random(), dice.random()) for name, dice in found.items()}

    @cached_property
    def habit_hours(self) -> float:
        """How much later than others this person does everything."""
        return self.random_for("habit").gauss(0, 0.55)

    @cached_property
    def ill_days(self) -> tuple[int, int]:
        """First and last of two to four days in bed, once in three months of a story."""
        dice = self.random_for("illness")
        first = dice.randint(-85, -25)
        return (first, first + dice.randint(1, 3))

    def random_for(self, *words: object) -> Random:
        """The same dice for the same person and words, in every run."""
        return Random(":".join(map(str, (self.external_id.casefold(), *words))))  # noqa: S311  dice, not secrets


@cache
def persona_rows() -> tuple[Json, ...]:
    """The rows of personas.json."""
    return tuple(json.loads(PERSONAS_FILE.read_text(encoding="utf-8"))["people"])


@cache
def persona_rows_by_external_id() -> dict[str, Json]:
    return {row["external_id"].casefold(): row for row in persona_rows()}


@cache
def persona_for(external_id: str) -> Persona:
    """From personas.json; anybody else gets a body of their own by their id."""
    row = persona_rows_by_external_id().get(external_id.casefold(), {})
    dice = Random(f"body:{external_id.casefold()}")  # noqa: S311  dice, not secrets
    usual = {name: round(dice.uniform(*span), 1) for name, span in RESTING_VALUE_RANGES.items()}
    return Persona(
        external_id=external_id,
        time_zone=row.get("time_zone", "America/New_York"),
        scenario=row.get("story", "steady"),
        resting_values={**usual, **row.get("body", {})},
        adherence=row.get("kept", 0.9),
    )

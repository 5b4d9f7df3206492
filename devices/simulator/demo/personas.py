"""Personas: the invented patients of the demo, and a generated one for any other external id."""

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
    """`resting_values` in the vendor's units; `adherence`: share of the planned readings that are taken; `case`: what
    happens to the equipment, beside the scenario."""

    external_id: str
    time_zone: str
    scenario: str
    resting_values: dict[str, float]
    adherence: float
    case: str = ""

    @cached_property
    def phases(self) -> dict[str, tuple[float, float, float]]:
        """Phases of each resting value in its three slow waves: numbers from 0 to 1."""
        sources = {name: self.random_for("wave", name) for name in (*RESTING_VALUE_RANGES, "temperature")}
        return {name: (random.random(), random.random(), random.random()) for name, random in sources.items()}

    @cached_property
    def habit_hours(self) -> float:
        """Hours by which this person measures later than average."""
        return self.random_for("habit").gauss(0, 0.55)

    @cached_property
    def ill_days(self) -> tuple[int, int]:
        """First and last of two to four days without readings, once in three months."""
        random = self.random_for("illness")
        first = random.randint(-85, -25)
        return (first, first + random.randint(1, 3))

    def random_for(self, *words: object) -> Random:
        """Random numbers that are the same for the same person and words in every run."""
        return Random(":".join(map(str, (self.external_id.casefold(), *words))))  # noqa: S311  simulation, not secrets


@cache
def persona_rows() -> tuple[Json, ...]:
    """The rows of personas.json."""
    return tuple(json.loads(PERSONAS_FILE.read_text(encoding="utf-8"))["people"])


@cache
def persona_for(external_id: str) -> Persona:
    """From personas.json; for any other id, resting values are drawn from the id itself."""
    key = external_id.casefold()
    row = next((row for row in persona_rows() if row["external_id"].casefold() == key), {})
    random = Random(f"body:{key}")  # noqa: S311  simulation, not secrets
    usual = {name: round(random.uniform(*span), 1) for name, span in RESTING_VALUE_RANGES.items()}
    return Persona(
        external_id=external_id,
        time_zone=row.get("time_zone", "America/New_York"),
        scenario=row.get("scenario", "steady"),
        resting_values={**usual, **row.get("resting_values", {})},
        adherence=row.get("adherence", 0.9),
        case=row.get("case", ""),
    )

"""Plausible numbers: what a person's body and device give at a moment."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from devices.simulator.web import Json
from devices.simulator.world import World


def signs(world: World, document: Json, at: datetime) -> list[Json]:
    """Keyword arguments for `measurements.reading`, one for each metric of one act of measuring."""
    dice = world.random
    document["index"] += 1
    rows = _measured(document["device"]["name"], dice, document["index"], Random(document["id"]))  # noqa: S311
    taken = at.replace(second=0, microsecond=0) if "BPM" in document["device"]["name"] else at - timedelta(seconds=4)
    return [{**row, "taken": taken, "created": at} for row in rows]


def _measured(name: str, dice: Random, index: int, person: Random) -> list[dict[str, Any]]:
    if "BPM" in name:
        counted = {"measurement_index": index}
        systolic = dice.gauss(person.uniform(118, 140), 6)
        return [
            {
                "metric": "blood_pressure",
                "value_1": round(systolic),
                "value_2": round(systolic * 0.61),
                "filter_params": counted,
            },
            {"metric": "pulse", "value_1": round(dice.gauss(74, 5)), "filter_params": counted},
        ]
    if "Pulse Ox" in name:
        return [
            {"metric": "spO2", "value_1": round(dice.gauss(96.5, 0.8)), "value_2": 0.71, "filter_params": {}},
            {"metric": "pulse", "value_1": round(dice.gauss(72, 5)), "value_2": 1.9, "filter_params": {}},
        ]
    if "Glucometer" in name:
        params = {"meal_context": "fasting", "measurement_location": "finger"}
        return [{"metric": "glucose", "value_1": round(dice.gauss(112, 14)), "filter_params": params}]
    if "Scale" in name:
        return [{"metric": "weight", "value_1": round(person.uniform(140, 230) + dice.gauss(0, 0.5), 1)}]
    return []

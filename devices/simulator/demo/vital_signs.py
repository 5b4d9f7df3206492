"""Plausible numbers: what a person's body and device give at a moment, in the vendor's units."""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import pi, sin
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from devices.simulator.demo.personas import Person, person
from devices.simulator.demo.scenarios import shift
from devices.simulator.runtime.messages import Json

Sign = dict[str, Any]
# How far a resting value wanders over weeks, and how much one measuring differs from the next.
WANDER = {"systolic": 4.0, "diastolic": 2.5, "pulse": 2.5, "weight": 0.7, "glucose": 9.0, "spO2": 0.5}
NOISE = {"systolic": 5.5, "diastolic": 3.5, "pulse": 4.0, "weight": 0.35, "glucose": 13.0, "spO2": 0.8}


class Moment:
    """A person at a local time: resting values, wandering, story, hour and weekday together."""

    def __init__(self, who: Person, at: datetime, day: float, dice: Random) -> None:
        self.who, self.day, self.dice = who, day, dice
        self.at = at.astimezone(ZoneInfo(who.time_zone))
        self.shift = shift(who, day)
        self.morning = 4 <= self.at.hour < 11

    def value(self, name: str) -> float:
        resting = self.who.body.get(name, 97.7 if name == "temperature" else 0.0)
        slow = WANDER.get(name, 0.2) * self._wave(name)
        return (
            resting + slow + self._daily(name) + self.shift.get(name, 0.0) + self.dice.gauss(0, NOISE.get(name, 0.25))
        )

    def _wave(self, name: str) -> float:
        waves = zip((6.5, 19.0, 53.0), self.who.phases.get(name, (0, 0, 0)), strict=True)
        return sum(sin(2 * pi * (self.day / period + phase)) for period, phase in waves) / 2

    def _daily(self, name: str) -> float:
        weekend = self.at.weekday() >= 5
        effects = {
            "systolic": (3.5 if self.morning else -2.0) + (2.0 if self.at.weekday() == 0 else 0.0),
            "diastolic": 2.0 if self.morning else -1.5,
            "pulse": -2.0 if self.morning else 3.0,
            "weight": (0.0 if self.morning else 1.6) + (0.4 if weekend else 0.0),
            "temperature": -0.3 if self.morning else 0.4,
        }
        return effects.get(name, 0.0)


def signs(document: Json, at: datetime, *, external_id: str, day: float, dice: Random) -> list[Sign]:
    """What the device of `document` measures at once: keyword arguments for `measurements.reading`."""
    document["index"] += 1
    moment = Moment(person(external_id), at, day, dice)
    name = document["device"]["name"]
    measure = next((each for word, each in MEASURES.items() if word in name), _nothing)
    seconds = 0 if "BPM" in name else at.second  # the cuff's clock has no seconds
    taken = at.replace(second=seconds, microsecond=0)
    return [{**sign, "taken": taken} for sign in measure(moment, document["index"])]


def _pressure(moment: Moment, index: int) -> list[Sign]:
    systolic = round(moment.value("systolic"))
    diastolic = min(round(moment.value("diastolic")), systolic - 18)
    counted = {"filter_params": {"measurement_index": index}}
    rows: list[Sign] = [
        {"metric": "blood_pressure", "value_1": systolic, "value_2": diastolic, **counted},
        {"metric": "pulse", "value_1": round(moment.value("pulse")), **counted},
    ]
    if moment.dice.random() < (0.14 if moment.who.story == "irregular_heartbeat" else 0.002):
        rows.append({"metric": "irregular_heartbeat", "value_1": 1, **counted})
    return [*rows, *_battery(moment, index)]


def _battery(moment: Moment, index: int) -> list[Sign]:
    level = 100 - (index * 0.4) % 90
    return [{"metric": "battery_percentage", "value_1": round(level), "filter_params": None}] if index % 15 == 0 else []


def _weight(moment: Moment, index: int) -> list[Sign]:
    pounds = round(moment.value("weight") * 5) / 5  # the scale shows steps of 0.2 lb
    return [{"metric": "weight", "value_1": round(pounds, 1), "filter_params": None}, *_battery(moment, index)]


def _oxygen(moment: Moment, index: int) -> list[Sign]:
    percent = min(100, round(moment.value("spO2")))
    spread, other = round(moment.dice.uniform(0.3, 1.4), 2), round(moment.dice.uniform(0.9, 3.2), 2)
    return [
        {"metric": "spO2", "value_1": percent, "value_2": spread, "filter_params": {}},
        {"metric": "pulse", "value_1": round(moment.value("pulse")), "value_2": other, "filter_params": {}},
    ]


def _nonin(moment: Moment, index: int) -> list[Sign]:
    counted = {"filter_params": {"measurement_index": index}}
    flow = round(moment.dice.uniform(2.1, 6.4), 1)
    oxygen, pulse = _oxygen(moment, index)
    return [
        {**oxygen, "value_2": 0, **counted},
        {**pulse, "value_2": 0, **counted},
        {"metric": "perfusion_index", "value_1": flow, **counted},
    ]


def _glucose(moment: Moment, index: int) -> list[Sign]:
    hour = moment.at.hour
    context = "fasting" if 4 <= hour < 10 else "post-prandial" if hour in (13, 14, 19, 20, 21) else "pre-prandial"
    raised = {"fasting": 0.0, "pre-prandial": 6.0, "post-prandial": 44.0}[context]
    value = moment.value("glucose") + raised + abs(moment.dice.gauss(0, 8))
    if moment.who.story == "diabetic_lows" and context != "post-prandial":
        likely = 0.16 if moment.day > -12 else 0.05
        value = moment.dice.uniform(51, 68) if moment.dice.random() < likely else value
    params = {"meal_context": context, "measurement_location": "finger"}
    return [{"metric": "glucose", "value_1": max(45, round(value)), "filter_params": params}]


def _temperature(moment: Moment, index: int) -> list[Sign]:
    return [{"metric": "temperature", "value_1": round(moment.value("temperature"), 1), "filter_params": None}]


def _breath(moment: Moment, index: int) -> list[Sign]:
    flow = moment.who.dice("flow").uniform(240, 460) + moment.dice.gauss(0, 14)
    return [
        {"metric": "peak_expiratory_flow", "value_1": round(flow), "filter_params": None},
        {"metric": "forced_expiratory_volume", "value_1": round(flow / 165, 2), "filter_params": None},
    ]


def _watch(moment: Moment, index: int) -> list[Sign]:
    """One hour of a day's upload."""
    mean = round(moment.value("pulse") + 6)
    statistics = {"average_heart_rate": mean, "max_heart_rate": mean + 24, "min_heart_rate": mean - 15, "period": 60}
    return [
        {"metric": "steps", "value_1": moment.dice.randrange(40, 1400), "filter_params": {"wearable_code": 0}},
        {
            "metric": "heart_rate_statistics",
            "value_1": mean,
            "value_2": mean + 24,
            "filter_params": {**statistics, "wearable_code": 0},
        },
    ]


def _pillbox(moment: Moment, index: int) -> list[Sign]:
    day, half = moment.at.isoweekday() % 7 + 1, 1 if moment.at.hour < 12 else 2
    compartment = f"{moment.at:%A} {'AM' if half == 1 else 'PM'}"
    return [
        {"metric": "pillbox_opened", "value_1": day, "value_2": half, "filter_params": {"compartment": compartment}}
    ]


def _cap(moment: Moment, index: int) -> list[Sign]:
    return [{"metric": "patchcap_open_close_event", "value_1": index % 2, "filter_params": None}]


def _nothing(moment: Moment, index: int) -> list[Sign]:
    return []


MEASURES: dict[str, Callable[[Moment, int], list[Sign]]] = {
    "BPM": _pressure,
    "Scale": _weight,
    "Nonin": _nonin,
    "Pulse Ox": _oxygen,
    "Glucometer": _glucose,
    "Thermometer": _temperature,
    "Flow": _breath,
    "Watch": _watch,
    "Pillbox": _pillbox,
    "PatchCap": _cap,
}
STORED_ON_DEVICE = ("BPM", "Glucometer", "Nonin", "Watch", "PatchCap")


def stores(name: str) -> bool:
    """Whether the device keeps a reading that it could not send, and sends it days later."""
    return any(word in name for word in STORED_ON_DEVICE)


def just_after(taken: datetime, dice: Random) -> datetime:
    """When the vendor's server stored a reading that came straight through."""
    return taken + timedelta(seconds=dice.uniform(6, 75))

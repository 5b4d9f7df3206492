"""Simulated vital signs: plausible values of a persona and device at a time, in the vendor's units."""

from collections.abc import Callable
from datetime import datetime
from math import pi, sin
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from devices.simulator.demo.personas import Persona
from devices.simulator.demo.scenarios import scenario_shift
from devices.simulator.runtime.messages import Json

VitalSign = dict[str, Any]
# How far a resting value varies over weeks, and how much one measurement differs from the next.
SLOW_WAVE_AMPLITUDES = {"systolic": 4.0, "diastolic": 2.5, "pulse": 2.5, "weight": 0.3, "glucose": 9.0, "spO2": 0.5}
NOISE_DEVIATIONS = {"systolic": 5.5, "diastolic": 3.5, "pulse": 4.0, "weight": 0.35, "glucose": 13.0, "spO2": 0.8}


LOW_BATTERY_LEVEL = 12
FIRST_WORN_HOUR = 7


class PersonaAtTime:
    """A persona at a local time: resting values with slow waves, scenario, hour, weekday and noise."""

    def __init__(self, persona: Persona, at: datetime, day: float, random: Random) -> None:
        self.persona, self.day, self.random = persona, day, random
        self.at = at.astimezone(ZoneInfo(persona.time_zone))
        self.shift = scenario_shift(persona, day)
        self.is_morning = 4 <= self.at.hour < 11

    def value(self, name: str) -> float:
        resting = self.persona.resting_values.get(name, 97.7 if name == "temperature" else 0.0)
        waves = zip((6.5, 19.0, 53.0), self.persona.phases.get(name, (0, 0, 0)), strict=True)
        wave = sum(sin(2 * pi * (self.day / period + phase)) for period, phase in waves) / 2
        slow = SLOW_WAVE_AMPLITUDES.get(name, 0.2) * wave
        noise = self.random.gauss(0, NOISE_DEVIATIONS.get(name, 0.25))
        return resting + slow + self.daily_effect(name) + self.shift.get(name, 0.0) + noise

    def daily_effect(self, name: str) -> float:
        weekend = self.at.weekday() >= 5
        effects = {
            "systolic": (3.5 if self.is_morning else -2.0) + (2.0 if self.at.weekday() == 0 else 0.0),
            "diastolic": 2.0 if self.is_morning else -1.5,
            "pulse": -2.0 if self.is_morning else 3.0,
            "weight": (0.0 if self.is_morning else 1.6) + (0.4 if weekend else 0.0),
            "temperature": -0.3 if self.is_morning else 0.4,
        }
        return effects.get(name, 0.0)


def measure_vital_signs(
    document: Json, at: datetime, *, persona: Persona, day: float, random: Random
) -> list[VitalSign]:
    """What the device of `document` measures at once: keyword arguments for `measurements.new_measurement`."""
    document["index"] += 1
    person = PersonaAtTime(persona, at, day, random)
    name = document["device"]["name"]
    measure = next((each for word, each in MEASURE_FUNCTIONS.items() if word in name), None)
    seconds = 0 if "BPM" in name else at.second  # the cuff's clock has no seconds
    taken = at.replace(second=seconds, microsecond=0)
    return [{**sign, "taken": taken} for sign in measure(person, document["index"])] if measure else []


def vital_sign(metric: str, value_1: float, value_2: float = 0, params: Json | None = None) -> VitalSign:
    return {"metric": metric, "value_1": value_1, "value_2": value_2, "filter_params": params}


def measure_blood_pressure(person: PersonaAtTime, index: int) -> list[VitalSign]:
    systolic = round(person.value("systolic"))
    diastolic = min(round(person.value("diastolic")), systolic - 18)
    params = {"measurement_index": index}
    signs = [
        vital_sign("blood_pressure", systolic, diastolic, params),
        vital_sign("pulse", round(person.value("pulse")), params=params),
    ]
    if person.random.random() < (0.3 if person.persona.scenario == "irregular_heartbeat" else 0.002):
        signs.append(vital_sign("irregular_heartbeat", 1, params=params))
    if person.persona.case == "low_battery":
        return [*signs, vital_sign("battery_percentage", LOW_BATTERY_LEVEL)]
    return [*signs, *measure_battery(index)]


def measure_battery(index: int) -> list[VitalSign]:
    level = 100 - (index * 0.4) % 70  # charged before it is low
    return [vital_sign("battery_percentage", round(level))] if index % 15 == 0 else []


def measure_weight(person: PersonaAtTime, index: int) -> list[VitalSign]:
    pounds = round(person.value("weight") * 5) / 5  # the scale shows steps of 0.2 lb
    return [vital_sign("weight", round(pounds, 1)), *measure_battery(index)]


def measure_oxygen(person: PersonaAtTime, index: int) -> list[VitalSign]:
    percent = min(100, round(person.value("spO2")))
    spread, other = round(person.random.uniform(0.3, 1.4), 2), round(person.random.uniform(0.9, 3.2), 2)
    return [
        vital_sign("spO2", percent, spread, {}),
        vital_sign("pulse", round(person.value("pulse")), other, {}),
    ]


def measure_nonin_oxygen(person: PersonaAtTime, index: int) -> list[VitalSign]:
    params = {"measurement_index": index}
    flow = round(person.random.uniform(2.1, 6.4), 1)
    signs = [{**sign, "value_2": 0, "filter_params": params} for sign in measure_oxygen(person, index)]
    return [*signs, vital_sign("perfusion_index", flow, params=params)]


def measure_glucose(person: PersonaAtTime, index: int) -> list[VitalSign]:
    hour = person.at.hour
    context = "fasting" if 4 <= hour < 10 else "post-prandial" if hour in (13, 14, 19, 20, 21) else "pre-prandial"
    raised = {"fasting": 0.0, "pre-prandial": 6.0, "post-prandial": 44.0}[context]
    value = person.value("glucose") + raised + abs(person.random.gauss(0, 8))
    if person.persona.scenario == "diabetic_lows" and context != "post-prandial":
        likely = 0.16 if person.day > -12 else 0.05
        value = person.random.uniform(51, 68) if person.random.random() < likely else value
    params = {"meal_context": context, "measurement_location": "finger"}
    return [vital_sign("glucose", max(45, round(value)), params=params)]


def measure_temperature(person: PersonaAtTime, index: int) -> list[VitalSign]:
    return [vital_sign("temperature", round(person.value("temperature"), 1))]


def measure_peak_flow(person: PersonaAtTime, index: int) -> list[VitalSign]:
    flow = person.persona.random_for("flow").uniform(240, 460) + person.random.gauss(0, 14)
    return [
        vital_sign("peak_expiratory_flow", round(flow)),
        vital_sign("forced_expiratory_volume", round(flow / 165, 2)),
    ]


def measure_watch_hour(person: PersonaAtTime, index: int) -> list[VitalSign]:
    """One hour of a day's upload; the first one has the night's sleep."""
    mean = round(person.value("pulse") + 6)
    params = {"average_heart_rate": mean, "max_heart_rate": mean + 24, "min_heart_rate": mean - 15, "period": 60}
    signs = [
        vital_sign("steps", person.random.randrange(40, 1400), params={"wearable_code": 0}),
        vital_sign("heart_rate_statistics", mean, mean + 24, {**params, "wearable_code": 0}),
    ]
    if person.at.hour == FIRST_WORN_HOUR:
        signs.append(vital_sign("sleep", round(person.random.uniform(5.2, 8.3), 2)))
    return signs


def measure_pillbox(person: PersonaAtTime, index: int) -> list[VitalSign]:
    day, half = person.at.isoweekday() % 7 + 1, 1 if person.at.hour < 12 else 2
    compartment = f"{person.at:%A} {'AM' if half == 1 else 'PM'}"
    return [vital_sign("pillbox_opened", day, half, {"compartment": compartment})]


def measure_patch_cap(person: PersonaAtTime, index: int) -> list[VitalSign]:
    return [vital_sign("patchcap_open_close_event", index % 2)]


MEASURE_FUNCTIONS: dict[str, Callable[[PersonaAtTime, int], list[VitalSign]]] = {
    "BPM": measure_blood_pressure,
    "Scale": measure_weight,
    "Nonin": measure_nonin_oxygen,
    "Pulse Ox": measure_oxygen,
    "Glucometer": measure_glucose,
    "Thermometer": measure_temperature,
    "Flow": measure_peak_flow,
    "Watch": measure_watch_hour,
    "Pillbox": measure_pillbox,
    "PatchCap": measure_patch_cap,
}
STORING_DEVICE_WORDS = ("BPM", "Glucometer", "Nonin", "Watch", "PatchCap")


# What they send follows the day: no reading is taken with them at once.
DAY_LONG_DEVICE_WORDS = ("Watch", "Pillbox", "PatchCap")


def follows_the_day(name: str) -> bool:
    return any(word in name for word in DAY_LONG_DEVICE_WORDS)


def stores_unsent_readings(name: str) -> bool:
    """Whether the device stores a reading that it could not send, and sends it days later."""
    return any(word in name for word in STORING_DEVICE_WORDS)

"""Measurement schedule of a persona: mornings and evenings in its time zone, later at weekends, with missed days."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from devices.simulator.demo.personas import Persona
from devices.simulator.demo.scenarios import adherence_on_day
from devices.simulator.demo.vital_signs import FIRST_WORN_HOUR

# By a word of the device's name: (hour of the day, minutes it varies, share of days on which it is done at all)
MEASUREMENT_HABITS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "BPM": ((7.2, 22, 1.0), (20.2, 35, 0.62)),
    "Scale": ((6.9, 18, 1.0),),
    "Pulse Ox": ((8.1, 30, 1.0), (19.1, 40, 0.45)),
    "Glucometer": ((6.8, 20, 1.0), (12.0, 25, 0.35), (19.8, 35, 0.6)),
    "Thermometer": ((17.2, 45, 0.8),),
    "Flow": ((7.6, 25, 0.9),),
    "Pillbox": ((8.0, 40, 0.95), (20.0, 50, 0.9)),
}
AWAKE_HOURS = (6, 22)
WATCH_HOURS = range(FIRST_WORN_HOUR, 23)  # on the wrist, a row for each hour
LATEST_DAYS = (-1, 0)


def scheduled_measurements(
    persona: Persona, device_name: str, day: date, number: int
) -> Iterator[tuple[datetime, Random]]:
    """The times (UTC) at which one device is used on a local day, each with the random source for its values.

    `number` is the scenario's day. The same persona, device and day give the same times in every run.
    """
    if "Watch" in device_name:
        yield from worn_hours(persona, device_name, day, number)
        return
    slots = next((each for word, each in MEASUREMENT_HABITS.items() if word in device_name), ())
    adherence = adherence_on_day(persona, number)
    midnight = datetime.combine(day, time(), ZoneInfo(persona.time_zone))
    for n, (hour, minutes, share) in enumerate(slots):
        random = persona.random_for(device_name, day, n)
        # On the first morning no device is silent by chance: only those whose scenario says so.
        certain = n == 0 and adherence and number in LATEST_DAYS
        if random.random() >= share * adherence and not certain:
            continue
        late = 0.8 if day.weekday() >= 5 else 0.0
        hours = hour + persona.habit_hours + late + random.gauss(0, minutes / 60)
        hours = min(max(hours, 3.5), 23.4)  # clamped, so that no reading falls on the neighbour day
        at = (midnight + timedelta(seconds=round(hours * 3600))).astimezone(UTC)
        yield at, random
        if "BPM" in device_name and random.random() < 0.3:
            yield at + timedelta(minutes=2), random  # the second reading that the protocol asks for


def worn_hours(persona: Persona, device_name: str, day: date, number: int) -> Iterator[tuple[datetime, Random]]:
    """Every hour of a day on which the watch is worn."""
    random = persona.random_for(device_name, day)
    if random.random() >= adherence_on_day(persona, number):
        return
    for hour in WATCH_HOURS:
        yield datetime.combine(day, time(hour), ZoneInfo(persona.time_zone)).astimezone(UTC), random


def is_awake(time_zone: str, at: datetime) -> bool:
    return AWAKE_HOURS[0] <= at.astimezone(ZoneInfo(time_zone)).hour < AWAKE_HOURS[1]

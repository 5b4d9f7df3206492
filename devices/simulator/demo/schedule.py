"""When people measure: mornings and evenings in their own zone, later at weekends, with days missed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from devices.simulator.demo.personas import Persona
from devices.simulator.demo.scenarios import adherence_on_day

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


def scheduled_measurements(
    persona: Persona, device_name: str, day: date, number: int
) -> Iterator[tuple[datetime, Random]]:
    """The moments (UTC) at which one device is used on a local day, each with the dice for its values.

    `number` is the story's day. The same person, device and day give the same moments in every run.
    """
    slots = next((each for word, each in MEASUREMENT_HABITS.items() if word in device_name), ())
    shares = adherence_on_day(persona, number)
    for n, (hour, minutes, share) in enumerate(slots):
        dice = persona.random_for(device_name, day, n)
        if dice.random() >= share * shares:
            continue
        late = 0.8 if day.weekday() >= 5 else 0.0
        at = local_time_to_utc(persona, day, hour + persona.habit_hours + late + dice.gauss(0, minutes / 60))
        yield at, dice
        if "BPM" in device_name and dice.random() < 0.3:
            yield at + timedelta(minutes=2), dice  # the second reading that the protocol asks for


def local_time_to_utc(persona: Persona, day: date, hours: float) -> datetime:
    """A wall-clock time of that day; clamped, so that habit never carries a reading into the neighbour day."""
    seconds = min(max(hours, 3.5), 23.4) * 3600
    local = datetime.combine(day, time(), ZoneInfo(persona.time_zone)) + timedelta(seconds=round(seconds))
    return local.astimezone(UTC)


def is_awake(time_zone: str, at: datetime) -> bool:
    return AWAKE_HOURS[0] <= at.astimezone(ZoneInfo(time_zone)).hour < AWAKE_HOURS[1]

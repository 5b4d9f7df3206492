"""Readings of the past: what a device would have sent between two moments, lateness included."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from devices.simulator.api import measurements
from devices.simulator.demo.personas import Persona, persona_for
from devices.simulator.demo.scenarios import has_no_readings
from devices.simulator.demo.schedule import scheduled_measurements
from devices.simulator.demo.vital_signs import direct_upload_time, measure_vital_signs, stores_unsent_readings
from devices.simulator.runtime.clock import parse_iso_time
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import SimulatorState

LATE_READING_SHARE = 0.015  # of readings that a device kept to itself for days, its gateway unplugged


def demo_started_at(state: SimulatorState) -> datetime:
    """The moment at which the state file was made: day 0 of every story."""
    made = state.store.get("meta", "made")
    return parse_iso_time(made["at"]) if made else state.clock.now()


def scenario_day(state: SimulatorState, at: datetime) -> float:
    return (at - demo_started_at(state)).total_seconds() / 86_400


def persona_of(state: SimulatorState, document: Json) -> Persona:
    """The person whose body this device measures; a device of nobody has somebody all the same."""
    known = state.store.get("patient", document["patient"]) if document["patient"] else None
    return persona_for((known or {}).get("external_id") or document["id"])


def is_device_silent(state: SimulatorState, document: Json, at: datetime) -> bool:
    """A seeded device whose story has it send nothing at that time."""
    return document["story"] == "seeded" and has_no_readings(persona_of(state, document), scenario_day(state, at))


def generate_readings(state: SimulatorState, document: Json, start: datetime, end: datetime) -> Iterator[list[Json]]:
    """Coincident readings with `start < taken <= end`, oldest first; `created` never after `end`."""
    who = persona_of(state, document)
    for taken, dice in measurement_times(state, document, who, start, end):
        arguments = measure_vital_signs(
            document, taken, external_id=who.external_id, day=scenario_day(state, taken), random=dice
        )
        created = stored_at(document, taken, end, dice)
        yield [
            measurements.new_measurement(state, document, created=created + timedelta(milliseconds=9 * n), **each)
            for n, each in enumerate(arguments)
        ]


def measurement_times(
    state: SimulatorState, document: Json, persona: Persona, start: datetime, end: datetime
) -> Iterator[tuple[datetime, Random]]:
    zone = ZoneInfo(persona.time_zone)
    day, last, day_0 = (
        start.astimezone(zone).date(),
        end.astimezone(zone).date(),
        demo_started_at(state).astimezone(zone).date(),
    )
    while day <= last:
        for taken, dice in scheduled_measurements(persona, document["device"]["name"], day, (day - day_0).days):
            if start < taken <= end - timedelta(minutes=2):
                yield taken, dice
        day += timedelta(days=1)


def stored_at(document: Json, taken: datetime, end: datetime, random: Random) -> datetime:
    kept = stores_unsent_readings(document["device"]["name"]) and random.random() < LATE_READING_SHARE
    later = timedelta(hours=random.uniform(26, 70)) if kept else timedelta(0)
    return min(direct_upload_time(taken + later, random), end)


def store_history(state: SimulatorState, document: Json, start: datetime, end: datetime) -> int:
    """Store the past of one device without telling any hook; how many rows."""
    written = [row for group in generate_readings(state, document, start, end) for row in group]
    store_past_readings(state, document, written)
    return len(written)


def store_past_readings(state: SimulatorState, document: Json, written: list[Json]) -> None:
    if not written:
        return
    measurements.store_measurements(state, document, written, notify=False)
    document["connected_on"] = document["connected_on"] or min(row["created"] for row in written)
    state.store.put("device", document["id"], document)

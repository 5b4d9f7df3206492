"""History of the demo: the readings that a device would have sent between two times, late ones included."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from devices.simulator.api import measurements
from devices.simulator.api.patients import patient_of_device
from devices.simulator.demo.personas import Persona, persona_for
from devices.simulator.demo.scenarios import has_no_readings
from devices.simulator.demo.schedule import scheduled_measurements
from devices.simulator.demo.vital_signs import measure_vital_signs, stores_unsent_readings
from devices.simulator.runtime.clock import parse_iso_time
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import SimulatorState

LATE_READING_SHARE = 0.015  # of readings that a device stored for days, its gateway unplugged


def demo_started_at(state: SimulatorState) -> datetime:
    """The time at which the state file was made: day 0 of every scenario."""
    made = state.store.get("meta", "made")
    return parse_iso_time(made["at"]) if made else state.clock.now()


def scenario_day(state: SimulatorState, at: datetime) -> float:
    return (at - demo_started_at(state)).total_seconds() / 86_400


def persona_of(state: SimulatorState, document: Json) -> Persona:
    """The persona that this device measures; a device without a patient gets one by its own id."""
    patient = patient_of_device(state, document) or {}
    return persona_for(patient.get("external_id") or document["id"])


def is_device_silent(state: SimulatorState, document: Json, at: datetime) -> bool:
    """A seeded device whose scenario has no readings at that time."""
    return document["seeded"] and has_no_readings(persona_of(state, document), scenario_day(state, at))


def generate_readings(state: SimulatorState, document: Json, start: datetime, end: datetime) -> Iterator[list[Json]]:
    """Coincident readings with `start < taken <= end`, oldest first; `created` never after `end`."""
    persona = persona_of(state, document)
    for taken, random in measurement_times(state, document, persona, start, end):
        signs = measure_vital_signs(document, taken, persona=persona, day=scenario_day(state, taken), random=random)
        late = stores_unsent_readings(document["device"]["name"]) and random.random() < LATE_READING_SHARE
        sent = taken + timedelta(hours=random.uniform(26, 70)) if late else taken
        created = min(sent + timedelta(seconds=random.uniform(6, 75)), end)
        yield [
            measurements.new_measurement(state, document, created=created + timedelta(milliseconds=9 * n), **each)
            for n, each in enumerate(signs)
        ]


def measurement_times(
    state: SimulatorState, document: Json, persona: Persona, start: datetime, end: datetime
) -> Iterator[tuple[datetime, Random]]:
    zone = ZoneInfo(persona.time_zone)
    day, last, day_0 = (at.astimezone(zone).date() for at in (start, end, demo_started_at(state)))
    while day <= last:
        for taken, random in scheduled_measurements(persona, document["device"]["name"], day, (day - day_0).days):
            if start < taken <= end - timedelta(minutes=2):
                yield taken, random
        day += timedelta(days=1)


def store_history(state: SimulatorState, document: Json, start: datetime, end: datetime) -> None:
    """Store the past readings of one device without sending any webhook."""
    written = [row for group in generate_readings(state, document, start, end) for row in group]
    if not written:
        return
    measurements.store_measurements(state, document, written, notify=False)
    document["connected_on"] = document["connected_on"] or min(row["created"] for row in written)
    state.store.put("device", document["id"], document)

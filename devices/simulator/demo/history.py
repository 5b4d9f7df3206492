"""Readings of the past: what a device would have sent between two moments, lateness included."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from devices.simulator.api import measurements
from devices.simulator.demo.personas import Person, person
from devices.simulator.demo.scenarios import is_silent
from devices.simulator.demo.schedule import measurings
from devices.simulator.demo.vital_signs import just_after, signs, stores
from devices.simulator.runtime.clock import parse
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import World

LATE_SHARE = 0.015  # of readings that a device kept to itself for days, its gateway unplugged


def began(world: World) -> datetime:
    """The moment at which the state file was made: day 0 of every story."""
    made = world.store.get("meta", "made")
    return parse(made["at"]) if made else world.clock.now()


def day_of(world: World, at: datetime) -> float:
    return (at - began(world)).total_seconds() / 86_400


def whose(world: World, document: Json) -> Person:
    """The person whose body this device measures; a device of nobody has somebody all the same."""
    known = world.store.get("patient", document["patient"]) if document["patient"] else None
    return person((known or {}).get("external_id") or document["id"])


def is_quiet(world: World, document: Json, at: datetime) -> bool:
    """A seeded device whose story has it send nothing at that time."""
    return document["story"] == "seeded" and is_silent(whose(world, document), day_of(world, at))


def rows(world: World, document: Json, start: datetime, end: datetime) -> Iterator[list[Json]]:
    """Coincident readings with `start < taken <= end`, oldest first; `created` never after `end`."""
    who = whose(world, document)
    for taken, dice in _moments(world, document, who, start, end):
        arguments = signs(document, taken, external_id=who.external_id, day=day_of(world, taken), dice=dice)
        created = _created(document, taken, end, dice)
        yield [
            measurements.reading(world, document, created=created + timedelta(milliseconds=9 * n), **each)
            for n, each in enumerate(arguments)
        ]


def _moments(
    world: World, document: Json, who: Person, start: datetime, end: datetime
) -> Iterator[tuple[datetime, Random]]:
    zone = ZoneInfo(who.time_zone)
    day, last, day_0 = start.astimezone(zone).date(), end.astimezone(zone).date(), began(world).astimezone(zone).date()
    while day <= last:
        for taken, dice in measurings(who, document["device"]["name"], day, (day - day_0).days):
            if start < taken <= end - timedelta(minutes=2):
                yield taken, dice
        day += timedelta(days=1)


def _created(document: Json, taken: datetime, end: datetime, dice: Random) -> datetime:
    kept = stores(document["device"]["name"]) and dice.random() < LATE_SHARE
    later = timedelta(hours=dice.uniform(26, 70)) if kept else timedelta(0)
    return min(just_after(taken + later, dice), end)


def write(world: World, document: Json, start: datetime, end: datetime) -> int:
    """Store the past of one device without telling any hook; how many rows."""
    written = [row for group in rows(world, document, start, end) for row in group]
    keep(world, document, written)
    return len(written)


def keep(world: World, document: Json, written: list[Json]) -> None:
    if not written:
        return
    measurements.store(world, document, written, tell=False)
    document["connected_on"] = document["connected_on"] or min(row["created"] for row in written)
    world.store.put("device", document["id"], document)

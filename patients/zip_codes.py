"""State, cities and time zone of each ZIP code, from the table `zip_codes.txt`; no address ever leaves the server.

`manage.py build_zip_code_table` generates the table, one line a ZIP code: code, state, zone or "-", cities. It is
mapped into memory, so that all processes share it and none has to parse it (ADR 17).
"""

from __future__ import annotations

import datetime as dt
import mmap
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django.utils import timezone

from patients.folding import fold_name
from patients.us_states import STATES

TABLE = Path(__file__).with_name("zip_codes.txt")
NO_ZONE = "-"  # military post offices
BY_ZIP_CODE, BY_STATE, BY_CLINIC = "by ZIP code", "by state", "as the clinic's"
SHORT_WORDS = {"saint": "st", "sainte": "ste", "fort": "ft", "mount": "mt"}
# Shown in messages, which are stored in a cookie: so without the address.
ZIP_CODE_WARNING = "The ZIP code doesn't seem to be one of that state and city. Please compare it with the address."
TIME_ZONE_WARNING = "The time zone isn't the one of the ZIP code. Please check it: readings are shown in it."


@dataclass(frozen=True)
class ZipCode:
    state: str
    time_zone: str  # empty if it has none
    cities: tuple[str, ...]  # names that people use, the post's own first


@dataclass(frozen=True)
class ZoneSuggestion:
    time_zone: str
    reason: str  # "by ZIP code"


@cache
def map_table() -> mmap.mmap:
    with TABLE.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


@lru_cache(maxsize=4096)
def find_zip_code(text: str) -> ZipCode | None:
    """By the first five digits of "46402" or "46402-1234"; None if there is no such ZIP code."""
    table = map_table()
    at = table.find(f"\n{text[:5]} ".encode())
    if at < 0 or len(text) < 5:
        return None
    _, state, zone, cities = table[at + 1 : table.find(b"\n", at + 1)].decode().split(" ", 3)
    return ZipCode(state, "" if zone == NO_ZONE else zone, tuple(cities.split("|")))


@cache
def zone_by_state() -> dict[str, str]:
    """The zone of most of a state's ZIP codes."""
    zones: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for line in map_table()[:].decode().splitlines()[1:]:
        _, state, zone, _ = line.split(" ", 3)
        zones[state][zone] += 1
    found = {state: counted.most_common(1)[0][0] for state, counted in zones.items()}
    return {state: zone for state, zone in found.items() if zone != NO_ZONE}


def suggest_time_zone(*, zip_code: str, state: str, clinic_zone: str) -> ZoneSuggestion:
    found = find_zip_code(zip_code)
    if found and found.time_zone:
        return ZoneSuggestion(found.time_zone, BY_ZIP_CODE)
    if zone := zone_by_state().get(state):
        return ZoneSuggestion(zone, BY_STATE)
    return ZoneSuggestion(clinic_zone, BY_CLINIC)


def differs_from_zip_code(time_zone: str, zip_code: str) -> bool:
    """Whether the clocks of the ZIP code differ from those of a zone, in winter or in summer of this year."""
    found = find_zip_code(zip_code)
    if not (found and found.time_zone and time_zone):
        return False
    zones, year = (ZoneInfo(found.time_zone), ZoneInfo(time_zone)), timezone.now().year
    return any(len({dt.datetime(year, month, 15, tzinfo=zone).utcoffset() for zone in zones}) > 1 for month in (1, 7))


def address_problem(*, zip_code: str, state: str, city: str) -> str:
    """What doesn't fit, for the person who typed it; empty if all fits or too little is typed. Near a state's border
    and for names that only neighbours use the address may be right, so it is a warning.
    """
    if len(zip_code) < 5:
        return ""
    found = find_zip_code(zip_code)
    if found is None:
        return f"There is no ZIP code {zip_code[:5]}."
    known = {"", *(fold_city(name) for name in found.cities)}
    if state in ("", found.state) and fold_city(city) in known:
        return ""
    return f"ZIP code {zip_code[:5]} is {found.cities[0]}, {STATES.get(found.state, found.state)}."


def fold_city(name: str) -> str:
    """ "St. Paul", "Saint Paul" and "SAINT-PAUL" are one; so are "Coeur d'Alene" and "Coeur D Alene"."""
    return "".join(SHORT_WORDS.get(word, word) for word in fold_name(name).split())

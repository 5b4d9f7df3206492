"""US states that the vendor ships to, and names of time zones."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from functools import cache

# USPS two-letter codes: states, the District of Columbia, territories, and military post offices.
STATES: dict[str, str] = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    "AS": "American Samoa", "GU": "Guam", "MP": "Northern Mariana Islands", "PR": "Puerto Rico",
    "VI": "U.S. Virgin Islands", "AA": "Armed Forces Americas", "AE": "Armed Forces Europe",
    "AP": "Armed Forces Pacific",
}  # fmt: skip

# Zones of the ZIP codes of states, first those of most people.
US_TIME_ZONES = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles"),
    *("America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico", "Pacific/Guam", "Pacific/Pago_Pago"),
    *("America/Detroit", "America/Kentucky/Louisville", "America/Kentucky/Monticello"),
    *("America/Indiana/Indianapolis", "America/Indiana/Knox", "America/Indiana/Marengo", "America/Indiana/Petersburg"),
    *("America/Indiana/Tell_City", "America/Indiana/Vevay", "America/Indiana/Vincennes", "America/Indiana/Winamac"),
    *("America/Menominee", "America/North_Dakota/Beulah", "America/North_Dakota/Center"),
    *("America/North_Dakota/New_Salem", "America/Boise", "America/Juneau", "America/Sitka", "America/Metlakatla"),
    *("America/Yakutat", "America/Nome", "America/Adak"),
)
# What people in the United States and beside it call a zone, by its abbreviation in winter.
ZONE_NAME_BY_ABBREVIATION = {
    "EST": "Eastern", "CST": "Central", "MST": "Mountain", "PST": "Pacific", "AKST": "Alaska", "HST": "Hawaii",
    "AST": "Atlantic", "NST": "Newfoundland", "ChST": "Chamorro", "SST": "Samoa",
}  # fmt: skip


def state_choices() -> list[tuple[str, str]]:
    return [(code, f"{name} ({code})") for code, name in STATES.items()]


@cache
def time_zone_names() -> frozenset[str]:
    """Names of the IANA database, such as "America/New_York"."""
    return frozenset(zoneinfo.available_timezones())


@cache
def time_zone_label(name: str) -> str:
    """ "America/New_York" to "Eastern Time (New York)", "Asia/Kolkata" to "Kolkata time".

    A zone without daylight saving is called Standard, as people in Arizona do: "Mountain Standard Time (Phoenix)".
    """
    continent, _, rest = name.partition("/")
    if not rest:
        return name
    place, zone = rest.rpartition("/")[2].replace("_", " "), zoneinfo.ZoneInfo(name)
    winter, summer = (dt.datetime(2026, month, 15, tzinfo=zone).tzname() for month in (1, 7))
    if continent not in ("America", "Pacific", "US", "Canada") or winter not in ZONE_NAME_BY_ABBREVIATION:
        return f"{place} time"
    standard = "Standard " if winter == summer else ""
    return f"{ZONE_NAME_BY_ABBREVIATION[winter]} {standard}Time ({place})"


def time_zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Grouped for a select box: the zones of the United States first, then all others by name."""
    others = sorted(name for name in time_zone_names() if "/" in name and name not in US_TIME_ZONES)
    plain = [name for name in others if not name.startswith(("Etc/", "SystemV/", "posix/", "right/"))]
    return [
        ("United States", [(name, time_zone_label(name)) for name in US_TIME_ZONES]),
        ("Elsewhere", [(name, name.replace("_", " ")) for name in plain]),
    ]

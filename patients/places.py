"""Where patients live: states that the vendor ships to, and the time zones that people there keep."""

from __future__ import annotations

import zoneinfo

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

EASTERN, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"


def _zone(name: str, states: str) -> dict[str, str]:
    return dict.fromkeys(states.split(), name)


# Only a suggestion: some states keep two zones, and then this is where most of their people live.
ZONE_OF_STATE: dict[str, str] = {
    **_zone(EASTERN, "CT DE DC FL GA KY ME MD MA NH NJ NY NC OH PA RI SC VT VA WV"),
    **_zone(CENTRAL, "AL AR IL IA KS LA MN MS MO NE ND OK SD TN TX WI"),
    **_zone(MOUNTAIN, "CO MT NM UT WY"),
    **_zone(PACIFIC, "CA NV OR WA"),
    "AZ": "America/Phoenix", "AK": "America/Anchorage", "HI": "Pacific/Honolulu", "ID": "America/Boise",
    "IN": "America/Indiana/Indianapolis", "MI": "America/Detroit", "PR": "America/Puerto_Rico",
    "VI": "America/Puerto_Rico", "GU": "Pacific/Guam", "MP": "Pacific/Guam", "AS": "Pacific/Pago_Pago",
}  # fmt: skip

COMMON_ZONES: dict[str, str] = {
    EASTERN: "Eastern (New York)",
    CENTRAL: "Central (Chicago)",
    MOUNTAIN: "Mountain (Denver)",
    "America/Phoenix": "Mountain, no daylight saving (Phoenix)",
    PACIFIC: "Pacific (Los Angeles)",
    "America/Anchorage": "Alaska (Anchorage)",
    "Pacific/Honolulu": "Hawaii (Honolulu)",
    "America/Puerto_Rico": "Atlantic (Puerto Rico)",
    "Pacific/Guam": "Chamorro (Guam)",
    "Pacific/Pago_Pago": "Samoa (Pago Pago)",
}


def state_choices() -> list[tuple[str, str]]:
    return [(code, f"{name} ({code})") for code, name in STATES.items()]


def zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Grouped for a select box: the zones of the United States first, then all others by name."""
    others = sorted(name for name in zoneinfo.available_timezones() if "/" in name and name not in COMMON_ZONES)
    plain = [name for name in others if not name.startswith(("Etc/", "SystemV/", "posix/", "right/"))]
    return [
        ("United States", list(COMMON_ZONES.items())),
        ("Elsewhere", [(name, name.replace("_", " ")) for name in plain]),
    ]

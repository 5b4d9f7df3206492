from __future__ import annotations

import re
import zoneinfo

from django.core.exceptions import ValidationError

CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def validate_time_zone(name: str) -> None:
    """A named zone of the IANA database, such as "America/New_York"; offsets can't express daylight saving."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError("Choose a time zone from the list, such as America/New_York.")


def validate_plain_text(text: str) -> None:
    """No control or direction-override characters: they corrupt labels, exports and the vendor's forms."""
    if CONTROL_CHARACTERS.search(text):
        raise ValidationError("Please remove the invisible or control characters.")

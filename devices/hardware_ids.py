"""Gateway IDs, IMEIs and other numbers of labels as people type them, and device names as documents print them."""

from __future__ import annotations

import re
import unicodedata

GATEWAY_ID = re.compile(r"[0-9A-F]{12}")
IMEI = re.compile(r"[0-9]{15}")
MALFORMED_HARDWARE_UUID = "A gateway ID has 12 characters, 0-9 and A-F; an IMEI has 15 digits."
GATEWAY_ID_NEEDED = "This device sends through a gateway. Enter the gateway's ID (12 characters), not an IMEI."
IMEI_NEEDED = "This device has a modem of its own. Enter its IMEI (15 digits), not the ID of a gateway."
# The vendor's API writes "Tenovi BPM - L" with a hyphen, its documents with an en dash.
DASHES = re.compile(r"\s*[-\u2010-\u2015\u2212]\s*")
MIN_LABEL_LETTERS, MIN_LABEL_DIGITS = 6, 3
TRACKING_RUN = re.compile(rf"[0-9A-Z]{{{MIN_LABEL_LETTERS},64}}")
SEPARATORS = re.compile(r"[\s:.\u2010-\u2015\u2212-]+")


def normalise_hardware_uuid(text: str | None) -> str:
    """`a1b2-c3d4-e5f6` -> `A1B2C3D4E5F6`, as the vendor itself stores it. Empty for nothing."""
    return SEPARATORS.sub("", unicodedata.normalize("NFKC", text or "")).upper()


def extract_tracking_number(text: str) -> str:
    """Of the vendor's link, or of what a person typed: the run of letters and digits with most digits, upper case.

    Carriers write it into the path or into the query. Empty if there is none, as in a link to a landing page.
    """
    compact = "".join(text.split()).upper()
    host, slash, path = compact.rpartition("://")[2].partition("/")
    number_part = path if slash else "" if "." in host else host
    runs = [run for run in TRACKING_RUN.findall(number_part) if count_digits(run) >= MIN_LABEL_DIGITS]
    return max(reversed(runs), key=count_digits, default="")


def count_digits(text: str) -> int:
    return sum(letter in "0123456789" for letter in text)


def is_label_number(normalised: str) -> bool:
    """Whether it may be a number of a label, and is worth a query."""
    return is_gateway_id(normalised) or (
        len(normalised) >= MIN_LABEL_LETTERS and count_digits(normalised) >= MIN_LABEL_DIGITS
    )


def is_gateway_id(normalised: str) -> bool:
    return GATEWAY_ID.fullmatch(normalised) is not None


def is_imei(normalised: str) -> bool:
    return IMEI.fullmatch(normalised) is not None


def hardware_uuid_problem(normalised: str, *, cellular: bool | None = None) -> str | None:
    """What is wrong with it, for the person who typed it; None when nothing is.

    `cellular`: whether the device type has a modem of its own, which is known by its IMEI; None if that is not known.
    """
    if not is_gateway_id(normalised) and not is_imei(normalised):
        return MALFORMED_HARDWARE_UUID
    if cellular is None or cellular == is_imei(normalised):
        return None
    return IMEI_NEEDED if cellular else GATEWAY_ID_NEEDED


def imei_checksum_problem(normalised: str) -> str | None:
    """A person may overrule it: the vendor's documents don't promise that each IMEI carries a check digit."""
    if is_imei(normalised) and not passes_luhn(normalised):
        return "The last digit of this IMEI doesn't fit the others. Please compare it with the label."
    return None


def passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1: every second digit from the right is doubled, and the digits add up to a multiple of ten."""
    doubled = (int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def fold_device_name(name: str) -> str:
    """For comparing device names only. What is sent is exactly what the catalogue returned."""
    return " ".join(DASHES.sub(" - ", name).split()).casefold()


def format_hardware_id(text: str) -> str:
    """How a page prints a gateway ID, IMEI or number of a sensor: twelve characters in groups of four, as on the label.

    Anything that is none of them stays as it is.
    """
    normalised = normalise_hardware_uuid(text)
    if is_gateway_id(normalised):
        return "-".join(normalised[at : at + 4] for at in range(0, 12, 4))
    return normalised if is_imei(normalised) else text

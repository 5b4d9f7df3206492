"""Cells to the values that the patient form takes: dates, ZIP codes, states and yes/no as people write them.

Each converter returns the value and a note where it was changed on the way, or raises ValidationError. What the value
must be is the form's rule, not repeated here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils import timezone

from patients.folding import fold_text
from patients.imports.reading.tables import DATE, ERROR, FORMULA, NUMBER
from patients.models import Condition, Sex
from patients.us_states import STATES, US_TIME_ZONES, time_zone_label, time_zone_names

MONTH_FIRST, DAY_FIRST = "month_first", "day_first"
ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?", re.ASCII)
PART_DATE = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?: 0?0:00(?::00)?)?", re.ASCII)
MONTH_NAME_FORMATS = ("%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y")
SERIAL_DATE = re.compile(r"\d{5}(?:\.0+)?", re.ASCII)  # of four digits it is rather a year
SERIAL_DAY_ZERO = dt.date(1899, 12, 30)
COMPACT_ISO_DATE = re.compile(r"(?:19|20)\d{6}", re.ASCII)
UNREADABLE_DATE = "This date can't be read. Write it as MM/DD/YYYY."
SHORTENED_NUMBER = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.ASCII)
MAX_EXACT_DIGITS = 15  # of a number in a spreadsheet
DATE_FIELDS = ("birth_date", "programme_start", "order_date", "consent_date", "education_date", "visit_date")
YES, NO = {"y", "yes", "true", "1", "x", "on"}, {"", "n", "no", "false", "0", "off"}
SEX_WORDS = {
    **dict.fromkeys(("f", "female", "woman", "w"), Sex.FEMALE),
    **dict.fromkeys(("m", "male", "man"), Sex.MALE),
    **dict.fromkeys(("o", "other", "x", "nonbinary", "non-binary"), Sex.OTHER),
    **dict.fromkeys(("", "u", "unknown", "unk", "not recorded"), Sex.UNKNOWN),
}
CONDITION_WORDS = {
    **{fold_text(str(label)): value for value, label in Condition.choices},
    **{value.replace("_", " "): value for value in Condition.values},
    "htn": "hypertension", "high blood pressure": "hypertension", "chf": "heart_failure", "hf": "heart_failure",
    "congestive heart failure": "heart_failure", "dm": "diabetes", "t1dm": "diabetes", "t2dm": "diabetes",
    "type 1 diabetes": "diabetes", "type 2 diabetes": "diabetes", "diabetes mellitus": "diabetes",
    "chronic kidney disease (ckd)": "ckd", "pregnant": "pregnancy",
}  # fmt: skip
STATE_CODES = {fold_text(name): code for code, name in STATES.items()}
ZONE_NAMES = {
    **{fold_text(name): name for name in time_zone_names()},
    **{fold_text(time_zone_label(name)): name for name in reversed(US_TIME_ZONES)},
    **{fold_text(time_zone_label(name)).partition(" (")[0]: name for name in reversed(US_TIME_ZONES)},
    **{fold_text(time_zone_label(name)).partition(" ")[0]: name for name in reversed(US_TIME_ZONES[:9])},
}

Value = str | list[str] | bool


@dataclass(frozen=True)
class CellRules:
    """What was answered once per file. `mrn_digits`: zeros are put before shorter MRNs; 0 leaves them."""

    date_order: str = MONTH_FIRST
    mrn_digits: int = 0


def convert_cell(name: str, text: str, kind: str, rules: CellRules) -> tuple[Value, str]:
    """The value of field `name` and a note. Raises ValidationError."""
    if kind == FORMULA:
        raise ValidationError("This formula has no stored value. Open the file in Excel and save it.")
    if kind == ERROR:
        raise ValidationError("This cell holds an error of the spreadsheet.")
    if kind == NUMBER and len(text.partition(".")[0]) > MAX_EXACT_DIGITS:
        raise ValidationError("A spreadsheet stores 15 digits of a number. Format the column as text and type it anew.")
    if kind == DATE and name not in DATE_FIELDS:
        raise ValidationError("The spreadsheet made a date of this cell. Format the column as text and type it anew.")
    if SHORTENED_NUMBER.fullmatch(text):
        raise ValidationError("A spreadsheet has shortened this number. Format the column as text and type it anew.")
    if name == "mrn" and kind == NUMBER:
        return fill_with_zeros(text, rules.mrn_digits)
    if name in DATE_FIELDS:
        return convert_date(text, rules.date_order)
    return CONVERTERS[name](text) if name in CONVERTERS else (text, "")


def fill_with_zeros(text: str, digits: int) -> tuple[str, str]:
    filled = text.zfill(digits)
    return filled, "" if filled == text else f"Filled with zeros: {filled}."


def convert_zip_code(text: str) -> tuple[str, str]:
    """A spreadsheet drops the zeros before 03301, and the dash of a number."""
    first, dash, rest = text.partition("-")
    if not (first.isascii() and first.isdigit()) or len(first) in (5, 6) or len(first) < 3:
        return text, ""
    if len(first) in (3, 4):
        filled = first.zfill(5) + dash + rest
    elif not dash and len(first) <= 9:
        filled = f"{first.zfill(9)[:5]}-{first.zfill(9)[5:]}"
    else:
        return text, ""
    return filled, f"Filled with zeros: {filled}." if len(first) != 9 else f"Read as {filled}."


def convert_date(text: str, order: str) -> tuple[str, str]:
    """ISO dates, those of both orders, with the month's name, and serial numbers of a spreadsheet. To ISO form."""
    if not text:
        return "", ""
    if SERIAL_DATE.fullmatch(text):
        return convert_serial_date(int(float(text)))
    if COMPACT_ISO_DATE.fullmatch(text):
        return make_date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat(), ""
    if iso := ISO_DATE.fullmatch(text):
        return make_date(*map(int, iso.groups())).isoformat(), ""
    if parts := PART_DATE.fullmatch(text):
        first, second, year = parts.groups()
        month, day = (first, second) if order == MONTH_FIRST else (second, first)
        if len(year) == 2:
            return convert_short_year(int(year), int(month), int(day))
        return make_date(int(year), int(month), int(day)).isoformat(), ""
    return parse_month_name(text).isoformat(), ""


def make_date(year: int, month: int, day: int) -> dt.date:
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise ValidationError(f"There is no such day: month {month}, day {day}.") from None


def convert_short_year(year: int, month: int, day: int) -> tuple[str, str]:
    """Of two digits; only where one of both centuries is possible."""
    if year <= timezone.now().year % 100:
        raise ValidationError("Write the year with four digits.")
    found = make_date(1900 + year, month, day).isoformat()
    return found, f"Read as {found}."


def convert_serial_date(number: int) -> tuple[str, str]:
    found = SERIAL_DAY_ZERO + dt.timedelta(days=number)
    if found > timezone.now().date():
        raise ValidationError(UNREADABLE_DATE)
    return found.isoformat(), f"A spreadsheet's number for {found.isoformat()}."


def parse_month_name(text: str) -> dt.date:
    plain = " ".join(re.sub(r"[,.-]", " ", text).split())
    for pattern in MONTH_NAME_FORMATS:
        try:
            return dt.datetime.strptime(plain, pattern).date()  # noqa: DTZ007 - a calendar date has no zone
        except ValueError:
            continue
    raise ValidationError(UNREADABLE_DATE)


def possible_date_orders(text: str) -> frozenset[str]:
    """Which orders of day and month a date could be in; none for dates that say it themselves."""
    parts = PART_DATE.fullmatch(text)
    if not parts or parts[1] == parts[2]:
        return frozenset()
    orders = {MONTH_FIRST: (parts[1], parts[2]), DAY_FIRST: (parts[2], parts[1])}
    return frozenset(order for order, (month, day) in orders.items() if int(month) <= 12 and int(day) <= 31)


def convert_yes_no(text: str) -> tuple[bool, str]:
    word = fold_text(text)
    if word not in YES | NO:
        raise ValidationError("Write yes or no.")
    return word in YES, ""


def convert_conditions(text: str) -> tuple[list[str], str]:
    words = [fold_text(word) for word in re.split(r"[;,|/\n]", text) if word.strip()]
    unknown = [word for word in words if word not in CONDITION_WORDS]
    if unknown:
        labels = ", ".join(str(label) for label in Condition.labels)
        raise ValidationError(f"Unknown condition: {', '.join(unknown)[:80]}. Known are: {labels}.")
    return list(dict.fromkeys(CONDITION_WORDS[word] for word in words)), ""


def lookup_converter(words: Mapping[str, str], unknown: str) -> Callable[[str], tuple[str, str]]:
    """A converter by folded words. Another word is refused with `unknown`."""

    def convert(text: str) -> tuple[str, str]:
        found = words.get(fold_text(text).replace(".", ""))
        if found is None and text:
            raise ValidationError(unknown)
        return found or "", ""

    return convert


def convert_state(text: str) -> tuple[str, str]:
    """A code in any case, or the name."""
    code = STATE_CODES.get(fold_text(text)) or text.replace(".", "").upper()
    if text and code not in STATES:
        raise ValidationError("This is no state of the United States. Write it as NH or New Hampshire.")
    return code, ""


CONVERTERS: dict[str, Callable[[str], tuple[Value, str]]] = {
    "zip_code": convert_zip_code,
    "state": convert_state,
    "sex": lookup_converter(SEX_WORDS, "Write female, male, other or leave it empty."),
    "sms_consent": convert_yes_no,
    "conditions": convert_conditions,
    "time_zone": lookup_converter(
        ZONE_NAMES, "Unknown time zone. Leave it empty, then it is that of the ZIP code, or write America/New_York."
    ),
}

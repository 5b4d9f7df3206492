from __future__ import annotations

import datetime as dt
import re

import phonenumbers
from django.core.exceptions import ValidationError

from patients.folding import has_invisible_characters, has_visible_text
from patients.us_states import STATES, time_zone_names

NPI = re.compile(r"[0-9]{10}")
ZIP_CODE = re.compile(r"[0-9]{5}(-[0-9]{4})?")
EARLIEST_BIRTH_DATE = dt.date(1900, 1, 1)


def validate_time_zone(name: str) -> None:
    """A named zone of the IANA database, such as "America/New_York"; offsets can't express daylight saving."""
    if name not in time_zone_names():
        raise ValidationError("Choose a time zone from the list, such as Eastern Time (New York).")


def validate_plain_text(text: str) -> None:
    """Text that a person typed: a letter or digit to read, and no character that can't be seen.

    Invisible characters corrupt labels, exports and the vendor's forms, and make two names look the same.
    """
    if has_invisible_characters(text):
        raise ValidationError("Please remove the invisible or control characters.")
    if not has_visible_text(text):
        raise ValidationError("Write at least one letter or digit.")


def validate_phone(text: str) -> None:
    """Stored as E.164 only; `normalize_to_e164` converts typed numbers."""
    if normalize_to_e164(text) != text:
        raise ValidationError("Store this number as +1 and ten digits.")


def validate_state(code: str) -> None:
    if code not in STATES:
        raise ValidationError("Choose a state from the list.")


def validate_zip_code(text: str) -> None:
    """The shapes that the vendor accepts: 12345 or 12345-6789."""
    if not ZIP_CODE.fullmatch(text):
        raise ValidationError("Write the ZIP code as 12345 or 12345-6789.")


def validate_npi(text: str) -> None:
    """National Provider Identifier: ten digits, the last of them the Luhn check digit of "80840" and the others."""
    if not NPI.fullmatch(text) or luhn_sum(f"80840{text}") % 10:
        raise ValidationError("This is no NPI. Please check its ten digits.")


def luhn_sum(digits: str) -> int:
    """Every second digit from the right counts twice, as the sum of its own digits."""
    return sum(sum(divmod(int(digit) * (1 + n % 2), 10)) for n, digit in enumerate(reversed(digits)))


def validate_birth_date(day: dt.date) -> None:
    """That it isn't in the future is for `Patient.clean`, by the patient's own day."""
    if day < EARLIEST_BIRTH_DATE:
        raise ValidationError("This date is before 1900. Please check the year.")


def normalize_to_e164(text: str) -> str:
    """`(603) 555-0142` to `+16035550142`; US numbers need no country code. Empty stays empty.

    Only numbers that are valid in their region: with area code, and no part of it beginning with 0 or 1.
    """
    if not text.strip():
        return ""
    message = "This is no phone number that can be called. Write it as (603) 555-0142."
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException as error:
        raise ValidationError(message) from error
    if number.extension or not phonenumbers.is_valid_number(number):  # "possible" would accept seven digits
        raise ValidationError(message)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def format_phone(text: str) -> str:
    """`+16035550142` to `(603) 555-0142`; a foreign number retains its country code, other text is unchanged."""
    try:
        validate_phone(text)
    except ValidationError:
        return text
    if not text:
        return ""
    number = phonenumbers.parse(text)
    at_home = number.country_code == phonenumbers.country_code_for_region("US")
    shape = phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, shape)

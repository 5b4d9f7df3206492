"""Patient search: by name, MRN, birth date, phone, account id, and by what other apps register, such as device labels.

Whole texts other than names are matched as a whole; the caller narrows the rows to the user's clinics and audits.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable

from django.db.models import CharField, F, Func, Q, Value
from django.db.models.lookups import StartsWith

from patients.folding import MRN_SEPARATORS, compact_mrn, fold_case, fold_mrn, fold_name, fold_text

PATIENT_LOOKUPS: list[Callable[[str], Q]] = []
MAX_QUERY_LENGTH = 80
SEARCHED_FOR = "Name, MRN, birth date, phone, id, or a number of a device"
MIN_PHONE_DIGITS, MAX_PHONE_DIGITS = 7, 15  # E.164
BIRTH_DATE_FORMATS = (
    *("%Y-%m-%d", "%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%Y/%m/%d", "%m%d%Y"),
    *("%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y"),
)
SHORT_YEAR_FORMATS = ("%m/%d/%y", "%m-%d-%y", "%m.%d.%y")


def register_patient_lookup(lookup: Callable[[str], Q]) -> Callable[[str], Q]:
    """Register a condition on Patient for a typed text, empty if the text can't be meant; apps to the right do so."""
    PATIENT_LOOKUPS.append(lookup)
    return lookup


def patient_search_filter(text: str) -> Q:
    """Every word must be part of a name, begin the MRN or be a birth date; or the whole is one of all the others."""
    text = text.replace("\x00", "").strip()[:MAX_QUERY_LENGTH]
    words = [match_word(word) for word in text.replace(",", " ").split() if fold_name(word)]
    found = Q(pk__in=[]) if not words else words[0]
    for word in words[1:]:
        found &= word
    for lookup in PATIENT_LOOKUPS:
        found |= lookup(text)
    return found


def parse_birth_dates(text: str) -> list[dt.date]:
    """US order or ISO. A year of two digits is of this century or of the last one."""
    plain = re.sub(r"\s+", " ", text.replace(",", " ")).strip()
    if day := parse_date(plain, BIRTH_DATE_FORMATS):
        return [day]
    short = parse_date(plain, SHORT_YEAR_FORMATS)
    return [day for century in (1900, 2000) if short and (day := date_in_century(century, short))]


def parse_date(plain: str, formats: tuple[str, ...]) -> dt.date | None:
    for pattern in formats:
        try:
            return dt.datetime.strptime(plain, pattern).date()  # noqa: DTZ007 - a calendar date has no zone
        except ValueError:
            continue
    return None


def date_in_century(century: int, day: dt.date) -> dt.date | None:
    try:
        return day.replace(year=century + day.year % 100)
    except ValueError:  # February 29 of 1900
        return None


def match_word(word: str) -> Q:
    names = Q(*(Q(folded_name__contains=part) for part in fold_name(word).split()))
    return names | Q(folded_mrn__startswith=fold_mrn(word)) | Q(birth_date__in=parse_birth_dates(word))


def compact_mrn_column() -> Func:
    """`compact_mrn` of the stored MRN."""
    return Func(F("folded_mrn"), Value(MRN_SEPARATORS), Value(""), function="translate", output_field=CharField())


@register_patient_lookup
def match_birth_date(text: str) -> Q:
    days = parse_birth_dates(text)
    return Q(birth_date__in=days) if days else Q()


@register_patient_lookup
def match_phone(text: str) -> Q:
    """In any spelling, with or without country code; seven digits are a number without its area code."""
    folded = fold_text(text).removeprefix("tel")
    digits = re.sub(r"[^0-9]", "", folded)
    possible = MIN_PHONE_DIGITS <= len(digits) <= MAX_PHONE_DIGITS and not re.search(r"[a-z]", folded)
    return Q(phone__endswith=digits) if possible else Q()


@register_patient_lookup
def match_id(text: str) -> Q:
    """The account id at the vendor, or our own id, which the address of the patient's page holds."""
    try:
        own = Q(pk=uuid.UUID(text))
    except ValueError:
        own = Q()
    return own | Q(folded_external_id=fold_case(text))


@register_patient_lookup
def match_mrn(text: str) -> Q:
    """Match an MRN with any separators, with or without the word MRN before it."""
    compact = compact_mrn(text)
    if not re.search(r"\d", compact):
        return Q()  # letters alone are a name, or found as the beginning of an MRN
    ways = {compact, compact.removeprefix("mrn")}
    return Q(*(Q(StartsWith(compact_mrn_column(), way)) for way in sorted(ways)), _connector=Q.OR)

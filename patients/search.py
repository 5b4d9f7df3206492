"""Patient search by name, MRN or birth date."""

from __future__ import annotations

import datetime as dt
import re

from django.db.models import CharField, F, Func, Q, Value
from django.db.models.lookups import StartsWith
from django.utils import timezone

from patients.folding import MRN_SEPARATORS, compact_mrn, fold_mrn, fold_name

MAX_QUERY_LENGTH = 80
BIRTH_DATE_FORMATS = (
    *("%Y-%m-%d", "%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%Y/%m/%d", "%m%d%Y"),
    *("%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y"),
)
SHORT_YEAR_FORMATS = ("%m/%d/%y", "%m-%d-%y", "%m.%d.%y")


def patient_search_filter(text: str) -> Q:
    """Every word must be part of a name, begin the MRN or be a birth date; or the whole is one of the latter two."""
    text = text.replace("\x00", "").strip()[:MAX_QUERY_LENGTH]
    words = [match_word(word) for word in text.replace(",", " ").split() if fold_name(word)]
    found = Q(pk__in=[]) if not words else words[0]
    for word in words[1:]:
        found &= word
    return found | match_mrn(text) | Q(birth_date__in=parse_birth_dates(text))


def parse_birth_dates(text: str) -> list[dt.date]:
    """US order or ISO. A year of two digits is of this century or of the last one, unless that is in the future."""
    plain = re.sub(r"\s+", " ", text.replace(",", " ")).strip()
    if day := parse_date(plain, BIRTH_DATE_FORMATS):
        return [day]
    short = parse_date(plain, SHORT_YEAR_FORMATS)
    today = timezone.now().date()
    return [day for century in (1900, 2000) if short and (day := date_in_century(century, short)) and day <= today]


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


def match_mrn(text: str) -> Q:
    """Match an MRN with any separators, with or without the word MRN before it."""
    compact = compact_mrn(text)
    if not re.search(r"\d", compact):
        return Q()  # letters alone are a name, or found as the beginning of an MRN
    ways = {compact, compact.removeprefix("mrn")}
    return Q(*(Q(StartsWith(compact_mrn_column(), way)) for way in sorted(ways)), _connector=Q.OR)

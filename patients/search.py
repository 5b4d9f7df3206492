"""Patient search by name, MRN or birth date."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from django.db.models import BooleanField, CharField, F, Func, Q, Value
from django.db.models.lookups import IContains, IStartsWith
from django.utils import timezone

MAX_QUERY_LENGTH = 80
BIRTH_DATE_FORMATS = (
    *("%Y-%m-%d", "%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%Y/%m/%d", "%m%d%Y"),
    *("%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y"),
)
SHORT_YEAR_FORMATS = ("%m/%d/%y", "%m-%d-%y", "%m.%d.%y")
SPECIAL_LETTERS, PLAIN_LETTERS = (
    "øØłŁđĐıß\u2018\u2019",
    "oOlLdDis''",
)  # letters that NFD doesn't decompose
MRN_SEPARATORS = " -./#:"  # an MRN is typed with and without them


class HasAccents(Func):
    """Whether a text has non-ASCII letters; only those few are unaccented."""

    template = "octet_length(%(expressions)s) > char_length(%(expressions)s)"
    output_field = BooleanField()


class Unaccented(Func):
    template = (
        f"translate(regexp_replace(normalize(%(expressions)s, NFD), '[\u0300-\u036f]', '', 'g'), '{SPECIAL_LETTERS}',"
        f" '{PLAIN_LETTERS.replace(chr(39), chr(39) * 2)}')"
    )
    output_field = CharField()


def patient_search_filter(text: str) -> Q:
    """Every word must be part of a name, begin the MRN or be a birth date; or the whole is one of the latter two."""
    text = text.replace("\x00", "").strip()[:MAX_QUERY_LENGTH]
    words = [match_word(word) for word in text.replace(",", " ").split()]
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


def strip_accents(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    return re.sub("[\u0300-\u036f]", "", decomposed).translate(str.maketrans(SPECIAL_LETTERS, PLAIN_LETTERS))


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
    plain = strip_accents(word)
    accented = [Q(HasAccents(name)) & Q(IContains(Unaccented(name), plain)) for name in ("given_name", "family_name")]
    same = Q(given_name__icontains=plain) | Q(family_name__icontains=plain)
    return same | accented[0] | accented[1] | Q(mrn__istartswith=word) | Q(birth_date__in=parse_birth_dates(word))


def match_mrn(text: str) -> Q:
    """Match an MRN with any separators, with or without the word MRN before it."""
    compact = text.translate(str.maketrans("", "", MRN_SEPARATORS))
    written = Func(F("mrn"), Value(MRN_SEPARATORS), Value(""), function="translate", output_field=CharField())
    ways = {compact, re.sub("^mrn", "", compact, flags=re.IGNORECASE)} - {""}
    if not re.search(r"\d", compact):
        return Q()  # letters alone are a name, or found as the beginning of an MRN
    return Q(*(Q(IStartsWith(written, way)) for way in sorted(ways)), _connector=Q.OR)

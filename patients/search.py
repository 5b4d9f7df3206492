"""Finding a patient by what a nurse has at hand: a name, an MRN, a birth date."""

from __future__ import annotations

import datetime as dt
import re

from django.db.models import Q

LONGEST = 80
BIRTH_DATE_FORMATS = ("%Y-%m-%d", "%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%b %d %Y", "%B %d %Y")


def matching(text: str) -> Q:
    """Every word must be part of a name or begin the MRN; or the whole is a birth date (US order or ISO)."""
    text = text.replace("\x00", "").strip()[:LONGEST]
    words = [_named(word) for word in text.replace(",", " ").split()]
    found = Q(pk__in=[]) if not words else words[0]
    for word in words[1:]:
        found &= word
    day = birth_date(text)
    return found | Q(birth_date=day) if day else found


def birth_date(text: str) -> dt.date | None:
    plain = re.sub(r"\s+", " ", text.replace(",", " ")).strip()
    for pattern in BIRTH_DATE_FORMATS:
        try:
            return dt.datetime.strptime(plain, pattern).date()  # noqa: DTZ007 - a calendar date has no zone
        except ValueError:
            continue
    return None


def _named(word: str) -> Q:
    return Q(given_name__icontains=word) | Q(family_name__icontains=word) | Q(mrn__istartswith=word)

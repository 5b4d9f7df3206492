"""Ages and counts in words: "3 wk", "1 delivery"; the only way to show an age or to say how many."""

from __future__ import annotations

import datetime as dt

MONTHS_IN_WEEKS = 3  # younger ones by weeks
MONTHS_IN_MONTHS = 24  # younger ones by months


def age_label(birth_date: dt.date, today: dt.date) -> str:
    """ "3 wk", "14 mo", "75 y": rounded down, never negative. `today` is the patient's own, `Patient.today`."""
    months = completed_months(birth_date, today)
    if months >= MONTHS_IN_MONTHS:
        return f"{months // 12} y"
    if months >= MONTHS_IN_WEEKS:
        return f"{months} mo"
    weeks = (today - birth_date).days // 7
    return f"{weeks} wk" if weeks >= 1 else "< 1 wk"


def completed_months(birth_date: dt.date, today: dt.date) -> int:
    """Calendar months; who is born on the 31st completes one on the first day of the month after a shorter one."""
    return 12 * (today.year - birth_date.year) + today.month - birth_date.month - (today.day < birth_date.day)


def count_noun(count: int, noun: str) -> str:
    """ "1 delivery", "2 deliveries", "1,204 messages". An irregular plural follows after a comma: "person,people"."""
    singular, _, plural = noun.partition(",")
    return f"{count:,} {singular if count == 1 else plural or pluralize_noun(singular)}"


def pluralize_noun(noun: str) -> str:
    """Of its last word: "order line" to "order lines", "body" to "bodies"."""
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"

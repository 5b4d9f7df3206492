"""Age of a patient: weeks and months under two years, then years."""

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

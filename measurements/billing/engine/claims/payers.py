"""Payers: the row that applies to a code on a date of service, the date that it chooses, and what it refuses."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from measurements.billing.engine.facts import Order, PayerRule, ServiceDate
from measurements.billing.engine.known import Known


@dataclass(frozen=True)
class ServiceDays:
    """The days that may be the date of service. `reached`, `education`: None if there is none (yet)."""

    first: dt.date
    last: dt.date
    reached: dt.date | None = None
    education: dt.date | None = None

    def chosen(self, choice: ServiceDate) -> dt.date:
        days = {
            ServiceDate.FIRST_DAY: self.first,
            ServiceDate.DAY_REACHED: self.reached,
            ServiceDate.EDUCATION: self.education,
        }
        return days.get(choice) or self.last


def payer_on(known: Known, day: dt.date) -> str:
    """Of two, the later one."""
    found = [period for period in known.facts.payers if period.contains(day)]
    return max(found, key=lambda period: (period.sort_key, period.payer)).payer if found else ""


def payer_rule(known: Known, code: str, day: dt.date) -> PayerRule | None:
    """The most specific row (payer and code over payer), then the later one."""
    payer = fold_payer(payer_on(known, day))
    found = [
        rule
        for rule in known.facts.payer_rules
        if payer and (not rule.payer or fold_payer(rule.payer) == payer)
        if (not rule.codes or code in rule.codes) and rule.contains(day)
    ]
    return max(found, key=specificity) if found else None


def fold_payer(name: str) -> str:
    return " ".join(name.casefold().split())


def specificity(rule: PayerRule) -> tuple[bool, bool, dt.date, str]:
    return bool(rule.payer), bool(rule.codes), rule.start or dt.date.min, repr(rule)


def date_of_service(known: Known, code: str, days: ServiceDays, default: ServiceDate = ServiceDate.LAST_DAY) -> dt.date:
    """By the row in force on the usual date; the rest of what a payer wants is by the row on the date so chosen."""
    usual = days.chosen(default)
    rule = payer_rule(known, code, usual)
    return days.chosen(rule.date_of_service) if rule and rule.date_of_service else usual


def least_days(known: Known, code: str, day: dt.date, least: int) -> int:
    rule = payer_rule(known, code, day)
    return max(least, rule.least_days) if rule else least


def is_covered(rule: PayerRule | None, order: Order | None) -> bool:
    """Without an order in force its diagnoses can't be compared; the line lacks the order anyway."""
    if rule is None:
        return True
    if not rule.is_covered:
        return False
    if not rule.only_diagnoses or order is None:
        return True
    diagnoses = order.diagnoses[:1] if rule.is_first_diagnosis_only else order.diagnoses
    return any(
        fold_diagnosis(diagnosis).startswith(fold_diagnosis(allowed))
        for diagnosis in diagnoses
        for allowed in rule.only_diagnoses
    )


def fold_diagnosis(code: str) -> str:
    return code.replace(".", "").strip().upper()


def has_prior_authorisation(known: Known, code: str, day: dt.date) -> bool:
    return any(row.code in ("", code) and row.contains(day) for row in known.facts.prior_authorisations)

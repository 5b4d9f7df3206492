"""Why a line is refused: each reason as a check of one line, in the order of naming."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from measurements.billing.engine.claims.payers import has_prior_authorisation, is_covered, payer_rule
from measurements.billing.engine.code_rules import Need, Programme
from measurements.billing.engine.facts import Override
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import MISSING_REASONS, NOT_REACHED_REASONS, ORDER_OF_NAMING, Reason, Status
from measurements.billing.engine.monitoring import is_enrolled


@dataclass(frozen=True)
class Claim:
    """What is checked of a line that has reached its code.

    `first`, `last`: of the window or month; `first_day`: the first that counts, before which the relationship began.
    """

    code: str
    programme: Programme
    first: dt.date
    last: dt.date
    first_day: dt.date
    date_of_service: dt.date
    needs: frozenset[Need] = frozenset()
    has_live_interaction: bool = False
    has_education: bool = False


def refusals(known: Known, claim: Claim) -> list[Reason]:
    return [reason for reason, is_refused in CHECKS.items() if is_refused(known, claim)]


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(set(reasons), key=ORDER_OF_NAMING.__getitem__))


def status_of(because: Collection[Reason], *, is_over: bool) -> Status:
    if not is_over:
        return Status.OPEN
    if NOT_REACHED_REASONS.intersection(because):
        return Status.NEVER
    if not because:
        return Status.SUGGESTED
    return Status.MISSING if MISSING_REASONS.issuperset(because) else Status.BLOCKED


def lacks_confirmed_rules(known: Known, claim: Claim) -> bool:
    return claim.date_of_service.year > max(known.settings.confirmed_years, default=0)


def lacks_programme(known: Known, claim: Claim) -> bool:
    return not is_enrolled(known, claim.programme, claim.first, claim.last)


def lacks_consent(known: Known, _claim: Claim) -> bool:
    return not known.consents


def lacks_order(known: Known, claim: Claim) -> bool:
    order = known.order_on(claim.date_of_service)
    return order is None or (known.settings.late_orders_refused and order.date > claim.first_day)


def lacks_relationship(known: Known, claim: Claim) -> bool:
    """Asked for RTM only from the date of a setting."""
    if Need.RELATIONSHIP not in claim.needs:
        return False
    if claim.programme is Programme.RTM and claim.date_of_service < known.settings.rtm_established_from:
        return False
    visit = known.facts.prior_visit
    return visit is None or visit >= claim.first_day


def is_billed_elsewhere(known: Known, _claim: Claim) -> bool:
    return known.facts.no_other_practice is False


def touches_access(known: Known, claim: Claim) -> bool:
    return any(
        row.touches(claim.first, claim.last) and not any(overrides(known, one, claim) for one in row.overrides)
        for row in known.facts.access
    )


def overrides(known: Known, override: Override, claim: Claim) -> bool:
    return (
        is_override_valid(known, override)
        and override.code in ("", claim.code)
        and override.window in (None, claim.first)
        and override.month in (None, claim.first)
    )


def is_override_valid(known: Known, override: Override | None) -> bool:
    """Only with a reason."""
    return override is not None and bool(override.reason.strip()) and (override.at is None or override.at <= known.at)


def refused_by_payer(known: Known, claim: Claim) -> bool:
    rule = payer_rule(known, claim.code, claim.date_of_service)
    return not is_covered(rule, known.order_on(claim.date_of_service))


def lacks_prior_authorisation(known: Known, claim: Claim) -> bool:
    rule = payer_rule(known, claim.code, claim.date_of_service)
    if rule is None or not rule.needs_prior_authorisation:
        return False
    return not has_prior_authorisation(known, claim.code, claim.date_of_service)


def lacks_live_interaction(_known: Known, claim: Claim) -> bool:
    return Need.LIVE_INTERACTION in claim.needs and not claim.has_live_interaction


def lacks_education(_known: Known, claim: Claim) -> bool:
    return Need.EDUCATION in claim.needs and not claim.has_education


CHECKS: Mapping[Reason, Callable[[Known, Claim], bool]] = {
    Reason.RULES_NOT_CONFIRMED: lacks_confirmed_rules,
    Reason.PROGRAMME: lacks_programme,
    Reason.CONSENT: lacks_consent,
    Reason.ORDER: lacks_order,
    Reason.RELATIONSHIP: lacks_relationship,
    Reason.OTHER_PRACTICE: is_billed_elsewhere,
    Reason.ACCESS: touches_access,
    Reason.PAYER: refused_by_payer,
    Reason.PRIOR_AUTHORISATION: lacks_prior_authorisation,
    Reason.LIVE_INTERACTION: lacks_live_interaction,
    Reason.EDUCATION: lacks_education,
}

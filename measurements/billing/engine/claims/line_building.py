"""Building of lines: a claim checked against the facts becomes a line with status, reasons and cautions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from measurements.billing.engine.claims.cautions import cautions_of
from measurements.billing.engine.claims.refusals import Claim, in_order, refusals, status_of
from measurements.billing.engine.code_rules import CodeRule, Kind, Programme
from measurements.billing.engine.date_ranges import month_of
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Forecast, Line, Reason


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a line is before it is checked. `rule` None: no code is reached. `code`: named although not reached."""

    kind: Kind
    programme: Programme
    first: dt.date
    last: dt.date
    is_over: bool
    rule: CodeRule | None
    date_of_service: dt.date
    units: int = 1
    code: str | None = None
    first_day: dt.date | None = None
    belongs_to: dt.date | None = None
    days: tuple[dt.date, ...] = ()
    minutes: int | None = None
    forecast: Forecast | None = None
    monitoring_period: dt.date | None = None
    anchor: dt.date | None = None
    has_live_interaction: bool = False
    has_education: bool = False


def build_line(known: Known, draft: Draft, more: Iterable[Reason] = ()) -> Line:
    """`more`: reasons that are of other lines too."""
    order = known.order_on(draft.date_of_service)
    because = reasons_of(known, draft, more)
    line = Line(
        kind=draft.kind,
        programme=draft.programme,
        first=draft.first,
        last=draft.last,
        code=draft.rule.code if draft.rule else draft.code,
        units=draft.units if draft.rule else 0,
        status=status_of(because, is_over=draft.is_over),
        because=because,
        date_of_service=draft.date_of_service,
        belongs_to=draft.belongs_to or month_of(draft.date_of_service),
        days=draft.days,
        minutes=draft.minutes,
        forecast=draft.forecast,
        monitoring_period=draft.monitoring_period,
        practitioner=order.practitioner if order else "",
        anchor=draft.anchor,
    )
    return replace(line, cautions=tuple(cautions_of(known, line, order, draft.first_day or draft.first)))


def reasons_of(known: Known, draft: Draft, more: Iterable[Reason]) -> tuple[Reason, ...]:
    """Of a code that isn't reached, only that."""
    if draft.rule is None:
        return (Reason.MINUTES if draft.kind in (Kind.MONTH, Kind.REQUEST) else Reason.DAYS,)
    claim = Claim(
        code=draft.rule.code,
        programme=draft.programme,
        first=draft.first,
        last=draft.last,
        first_day=draft.first_day or draft.first,
        date_of_service=draft.date_of_service,
        needs=draft.rule.needs,
        has_live_interaction=draft.has_live_interaction,
        has_education=draft.has_education,
    )
    return in_order([*refusals(known, claim), *more])

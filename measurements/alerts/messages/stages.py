"""Who is notified of an alert next, and when after that: a function of the clinic's hours and the people there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from measurements.alerts.engine.outcome.response_clock import ResponseTime, due_after
from measurements.alerts.engine.rules import Severity
from measurements.alerts.engine.shipped_rules import PREGNANCY_SEVERE
from patients.clinics.working_hours import WorkingHours

# A critical alert that reached no one is sent to the queue again and again; it is listed all the while.
UNREACHED_RETRY = dt.timedelta(minutes=15)
CLOSED_RETRY = dt.timedelta(days=1)  # of a clinic that opens on none of the days ahead


class Stage(StrEnum):
    ON_CALL = "on_call"  # outside the working hours
    RESPONSIBLE = "responsible"
    COVER = "cover"
    QUEUE = "queue"
    NAMED = "named"  # by a step: assigned or escalated to this person


class Unreached(StrEnum):
    """Why a critical alert has reached no one so far."""

    OUTSIDE_HOURS = "outside_hours"
    NO_ON_CALL = "no_on_call"
    NO_PERSON = "no_person"
    NO_ADDRESS = "no_address"
    NOT_ALLOWED = "not_allowed"
    MAIL_FAILED = "mail_failed"
    NOT_PLANNED = "not_planned"


class AfterHours(StrEnum):
    """Whom a clinic has notified of critical alerts outside its working hours."""

    ON_CALL = "on_call"
    NO_ONE = "no_one"


# Of these stages a critical alert is mailed whatever a person has chosen.
OBLIGED_STAGES = frozenset({Stage.ON_CALL, Stage.RESPONSIBLE, Stage.COVER})


@dataclass(frozen=True)
class Audience:
    """Keys of the people who could be notified now. `responsible`: None while that person is away.

    `cover`: of the responsible clinician who is away; one of the queue. `named`: the one to whom a step escalates the
    alert, who is notified at any hour.
    """

    responsible: int | None = None
    cover: int | None = None
    queue: tuple[int, ...] = ()
    on_call: int | None = None
    named: int | None = None


@dataclass(frozen=True)
class ClinicRules:
    """A clinic's hours and choices."""

    hours: WorkingHours
    times: Mapping[str, ResponseTime]
    after_hours: AfterHours = AfterHours.ON_CALL

    def is_any_hour(self, rule: str) -> bool:
        return rule in self.times and self.times[rule].whatever_the_hours

    def time_of(self, rule: str, severity: str) -> ResponseTime:
        return self.times.get(rule) or self.times[severity]


@dataclass(frozen=True)
class Progress:
    """How far the notification of an alert has come. `stage`: the last one within the working hours."""

    rule: str
    severity: str
    since: dt.datetime
    stage: Stage | None = None
    is_reached: bool = False

    @property
    def is_critical(self) -> bool:
        return self.severity == Severity.CRITICAL


@dataclass(frozen=True)
class NextStep:
    """`people` are notified now as `notified_as`, but those in `roles`; at `next_at` the next step is due."""

    stage: Stage | None
    notified_as: Stage | None = None
    people: tuple[int, ...] = ()
    next_at: dt.datetime | None = None
    has_no_responsible: bool = False
    unreached: Unreached | None = None
    roles: Mapping[int, Stage] = field(default_factory=dict)

    def stage_of(self, person: int) -> Stage:
        """As what a person is notified, which decides whether their choices count."""
        return self.roles.get(person) or self.notified_as or Stage.QUEUE


def next_step(progress: Progress, audience: Audience, clinic: ClinicRules, now: dt.datetime) -> NextStep:
    has_no_responsible = audience.responsible is None
    if not (clinic.is_any_hour(progress.rule) or clinic.hours.is_open(now)):
        return step_outside_hours(progress, audience, clinic, now, has_no_responsible=has_no_responsible)
    stage, people = next_stage(progress.stage, audience)
    roles = {} if audience.named is None else {audience.named: Stage.NAMED}
    if stage is Stage.QUEUE and audience.cover is not None:
        roles[audience.cover] = Stage.COVER
    if audience.on_call is not None and clinic.after_hours is AfterHours.ON_CALL and not clinic.hours.is_open(now):
        roles[audience.on_call] = Stage.ON_CALL
    people = tuple(dict.fromkeys((*people, *roles)))
    unreached = Unreached.NO_PERSON if stage is Stage.QUEUE and not people else None
    return NextStep(
        stage,
        stage,
        people,
        next_time(progress, stage, clinic, now),
        has_no_responsible=has_no_responsible,
        unreached=unreached if progress.is_critical and not progress.is_reached else None,
        roles=roles,
    )


def step_outside_hours(
    progress: Progress, audience: Audience, clinic: ClinicRules, now: dt.datetime, *, has_no_responsible: bool
) -> NextStep:
    """Critical alerts only, to the person on call where the clinic has chosen that; all others wait.

    The person whom a step names is notified all the same.
    """
    opens = clinic.hours.next_opening(now) or now + CLOSED_RETRY
    named = () if audience.named is None else (audience.named,)
    roles = dict.fromkeys(named, Stage.NAMED)
    if not progress.is_critical or (progress.stage is not None and progress.is_reached):
        return NextStep(progress.stage, None, named, opens, has_no_responsible=has_no_responsible, roles=roles)
    chose_on_call = clinic.after_hours is AfterHours.ON_CALL
    if chose_on_call and audience.on_call is not None:
        again = opens if progress.is_reached else min(opens, now + UNREACHED_RETRY)
        people = tuple(dict.fromkeys((*named, audience.on_call)))
        roles[audience.on_call] = Stage.ON_CALL
        return NextStep(
            progress.stage, Stage.ON_CALL, people, again, has_no_responsible=has_no_responsible, roles=roles
        )
    reason = Unreached.NO_ON_CALL if chose_on_call else Unreached.OUTSIDE_HOURS
    return NextStep(
        progress.stage,
        people=named,
        next_at=opens,
        roles=roles,
        has_no_responsible=has_no_responsible,
        unreached=None if progress.is_reached else reason,
    )


def next_stage(stage: Stage | None, audience: Audience) -> tuple[Stage, tuple[int, ...]]:
    """The responsible clinician, then everybody of the queue; while that one is away, everybody at once."""
    if stage is None and audience.responsible is not None:
        return Stage.RESPONSIBLE, (audience.responsible,)
    return Stage.QUEUE, audience.queue


def next_time(progress: Progress, stage: Stage, clinic: ClinicRules, now: dt.datetime) -> dt.datetime | None:
    """After the response time of the alert without an acknowledgement; the first one runs from the alert itself."""
    if stage is Stage.QUEUE:
        return now + UNREACHED_RETRY if progress.is_critical and not progress.is_reached else None
    start = progress.since if progress.stage is None else now
    return due_after(clinic.time_of(progress.rule, progress.severity), start, clinic.hours)


def response_times(
    *, critical_minutes: int, warning_days: int, information_days: int, severe_minutes: int, any_hour: bool
) -> dict[str, ResponseTime]:
    return {
        Severity.CRITICAL: ResponseTime(dt.timedelta(minutes=critical_minutes)),
        Severity.WARNING: ResponseTime(business_days=warning_days),
        Severity.INFORMATION: ResponseTime(business_days=information_days),
        PREGNANCY_SEVERE: ResponseTime(dt.timedelta(minutes=severe_minutes), whatever_the_hours=any_hour),
    }

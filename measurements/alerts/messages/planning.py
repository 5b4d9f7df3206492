"""Planning: each due notification is given to the people who are notified next, in one waiting message per person."""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Max, prefetch_related_objects
from django.utils import timezone

from measurements.alerts.engine.rules import Queue, Severity
from measurements.alerts.messages.choices import choices_of
from measurements.alerts.messages.stages import (
    AfterHours,
    Audience,
    ClinicRules,
    NextStep,
    Progress,
    Stage,
    Unreached,
    next_step,
)
from measurements.alerts.models import (
    AlertMessage,
    AlertMessageItem,
    AlertNotification,
    AlertStep,
    NotificationSettings,
)
from measurements.alerts.models.notification import PENDING_STATES, STEP_CAUSES, MessageState, NotificationCause
from patients.care.team import CareTeam, teams_of
from patients.clinics.working_hours import working_hours_of
from patients.models import Clinic, Patient, User
from patients.permissions import PERMISSIONS_BY_ROLE, Permission

logger = logging.getLogger(__name__)

BATCH_SIZE = 200
FAILED_RETRY = dt.timedelta(minutes=1)
GATHERED_FOR = dt.timedelta(minutes=10)  # at most one mail per person in this time
PERMISSION_BY_QUEUE = {Queue.MEDICAL: Permission.HANDLE_ALERTS, Queue.COMPLIANCE: Permission.HANDLE_MISSING_READINGS}


@dataclass
class ClinicPeople:
    """A clinic's rules and the open accounts of it, by what they may do."""

    clinic: Clinic
    rules: ClinicRules
    people: Mapping[int, User] = field(default_factory=dict)

    def queue(self, name: str) -> tuple[int, ...]:
        return tuple(pk for pk, user in self.people.items() if may_answer(user, name))

    def audience(self, team: CareTeam, row: AlertNotification) -> Audience:
        able = self.queue(row.queue)
        if row.step is not None and row.cause in STEP_CAUSES:
            return self.audience_of_step(row.step, able)
        responsible = team.responsible if team.absence is None else None
        on_call = self.clinic.on_call_id
        return Audience(
            responsible=responsible.pk if responsible and responsible.pk in able else None,
            cover=team.cover.pk if team.cover and team.cover.pk in able else None,
            queue=able,
            on_call=on_call if on_call in self.people else None,
        )

    def audience_of_step(self, step: AlertStep, able: Collection[int]) -> Audience:
        """Everybody but the one who took it."""
        others, on_call = tuple(pk for pk in able if pk != step.by_id), self.clinic.on_call_id
        return Audience(
            queue=others,
            on_call=on_call if on_call in self.people and on_call != step.by_id else None,
            named=step.to_id if step.to_id in others else None,
        )


def may_answer(user: User, queue: str) -> bool:
    return PERMISSION_BY_QUEUE[Queue(queue)] in PERMISSIONS_BY_ROLE.get(user.role, frozenset())


def plan_due_notifications() -> int:
    """The number of notifications that were due."""
    count = 0
    while planned := plan_batch():
        count += planned
    return count


@transaction.atomic
def plan_batch() -> int:
    """Together; if that fails, one by one, so that a row that fails costs the others nothing."""
    now = timezone.now()
    rows = AlertNotification.objects.due().select_for_update(skip_locked=True, of=("self",))
    due = list(rows.values_list("pk", flat=True)[:BATCH_SIZE])
    try:
        with transaction.atomic():
            plan_notifications(due, now)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is logged with the row that causes it
        logger.warning("%s alert notifications are planned one by one: %s", len(due), type(error).__name__)
        for key in due:
            plan_single_notification(key, now)
    return len(due)


def plan_single_notification(key: int, now: dt.datetime) -> None:
    try:
        with transaction.atomic():
            plan_notifications([key], now)
    except Exception as error:  # noqa: BLE001 - without the error's text, which may hold values of the patient
        logger.error("alert notification %s could not be planned: %s", key, type(error).__name__)
        row = AlertNotification.objects.get(pk=key)
        row.next_at = now + FAILED_RETRY
        if row.reached_at is None:
            row.unreached_because = Unreached.NOT_PLANNED
        row.save(update_fields=["next_at", "unreached_because"])
        touch_patients([row])


def plan_notifications(keys: Collection[int], now: dt.datetime) -> None:
    """The caller has locked them."""
    rows = AlertNotification.objects.filter(pk__in=keys).select_related("episode", "patient__clinic", "step")
    due = list(rows.order_by("next_at", "pk"))
    waiting = [row for row in due if row.is_needed]
    over = [row.pk for row in due if row not in waiting]
    AlertNotification.objects.filter(pk__in=over).update(ended_at=now, next_at=None)
    if not waiting:
        return
    clinics = load_clinics({row.patient.clinic for row in waiting})
    teams = teams_of({row.patient_id for row in waiting})
    messages = WaitingMessages(waiting, clinics.values(), now)
    shown_before = {row.pk: (row.has_no_responsible, row.unreached_because) for row in waiting}
    for row in waiting:
        clinic = clinics[row.patient.clinic_id]
        audience = clinic.audience(teams[row.patient_id], row)
        if row.cause == NotificationCause.ASSIGNED:
            step = NextStep(Stage.NAMED, Stage.NAMED, () if audience.named is None else (audience.named,))
        else:
            step = next_step(progress_of(row), audience, clinic.rules, now)
        added = messages.add(row, step, clinic)
        apply_step(row, step, is_pending=added)
    AlertNotification.objects.bulk_update(
        waiting, ["stage", "next_at", "has_no_responsible", "unreached_because", "ended_at"]
    )
    messages.write()
    touch_patients(row for row in waiting if shown_before[row.pk] != (row.has_no_responsible, row.unreached_because))


def progress_of(row: AlertNotification) -> Progress:
    return Progress(
        rule=row.rule,
        severity=row.severity,
        since=row.since,
        stage=Stage(row.stage) if row.stage else None,
        is_reached=row.reached_at is not None,
    )


def apply_step(row: AlertNotification, step: NextStep, *, is_pending: bool) -> None:
    """`is_pending`: a message about it waits to be sent, which may still reach a person."""
    if row.unreached_because == Unreached.NOT_PLANNED:
        row.unreached_because = ""
    row.stage, row.next_at = step.stage or "", step.next_at
    if row.cause == NotificationCause.UNASSIGNED and row.stage:
        row.next_at = None  # notified once; the alert itself has its own steps
    row.has_no_responsible = step.has_no_responsible and row.cause != NotificationCause.ESCALATED
    if row.reached_at is None and row.severity == Severity.CRITICAL and not is_pending:
        no_person = Unreached.NO_PERSON if step.stage is Stage.QUEUE else ""
        row.unreached_because = step.unreached or row.unreached_because or no_person


def touch_patients(rows: Iterable[AlertNotification]) -> None:
    Patient.objects.touch_live_version({row.patient_id for row in rows})


def load_clinics(clinics: Collection[Clinic]) -> dict[int, ClinicPeople]:
    """A few queries, however many clinics."""
    keys = [clinic.pk for clinic in clinics]
    stored = {row.clinic_id: row for row in NotificationSettings.objects.filter(clinic__in=keys)}
    people: dict[int, dict[int, User]] = defaultdict(dict)
    memberships = User.clinics.through.objects.filter(clinic__in=keys, user__is_active=True).select_related("user")
    for membership in memberships.order_by("user__name", "user"):
        people[membership.clinic_id][membership.user_id] = membership.user
    prefetch_related_objects(list(clinics), "hours", "closed_days")
    return {
        clinic.pk: ClinicPeople(clinic, rules_of(clinic, stored.get(clinic.pk)), people[clinic.pk])
        for clinic in clinics
    }


def rules_of(clinic: Clinic, stored: NotificationSettings | None) -> ClinicRules:
    chosen = stored or NotificationSettings(clinic=clinic)
    return ClinicRules(working_hours_of(clinic), chosen.times, AfterHours(chosen.after_hours))


class WaitingMessages:
    """Messages that wait to be sent, one per person, while notifications are added to them."""

    def __init__(
        self, notifications: Sequence[AlertNotification], clinics: Iterable[ClinicPeople], now: dt.datetime
    ) -> None:
        self.now = now
        people = {pk for clinic in clinics for pk in clinic.people}
        items = AlertMessageItem.objects.filter(notification__in=notifications, left_out="").order_by("pk")
        self.states: dict[int, dict[int, str]] = defaultdict(dict)  # by notification and person
        for notification, person, state in items.values_list("notification", "message__to", "message__state"):
            self.states[notification][person] = state
        queued = AlertMessage.objects.filter(to__in=people, state=MessageState.QUEUED).order_by("-pk")
        self.by_person = {message.to_id: message for message in queued.select_for_update(of=("self",))}
        sent = AlertMessage.objects.filter(to__in=people, sent_at__gt=now - GATHERED_FOR)
        self.sent_at: dict[int, dt.datetime] = dict(
            sent.order_by().values_list("to").annotate(newest=Max("sent_at")).values_list("to", "newest")
        )
        left_out = AlertMessageItem.objects.filter(
            notification__in=notifications, message__in=list(self.by_person.values())
        )
        self.left_out = {(item.message_id, item.notification_id): item for item in left_out.exclude(left_out="")}
        self.items: list[AlertMessageItem] = []

    def add(self, row: AlertNotification, step: NextStep, clinic: ClinicPeople) -> bool:
        """Returns whether any message about the notification waits to be sent now."""
        severity, zone = row.severity, clinic.clinic.zone
        for person in step.people:
            user, stage = clinic.people[person], step.stage_of(person)
            choices = choices_of(user)
            if self.is_needed(row, user) and choices.is_wanted(severity, stage):
                at = choices.quiet_end(severity, stage, self.now, zone)
                message = self.message_to(person, at)
                item = self.left_out.get((message.pk, row.pk)) or AlertMessageItem(message=message, notification=row)
                item.stage, item.left_out = stage, ""
                self.items.append(item)
                self.states[row.pk][person] = MessageState.QUEUED
        return any(state in PENDING_STATES for state in self.states[row.pk].values())

    def is_needed(self, row: AlertNotification, user: User) -> bool:
        """Not where a mail about it waits or was sent; one that failed is tried again with the queue or at night."""
        state = self.states[row.pk].get(user.pk)
        if state == MessageState.SUPPRESSED:
            return bool(user.email)
        return state is None or (state == MessageState.FAILED and row.stage in ("", Stage.QUEUE))

    def message_to(self, person: int, at: dt.datetime) -> AlertMessage:
        """The one that waits, sent sooner if this alert is."""
        at = max(at, self.sent_at.get(person, at - GATHERED_FOR) + GATHERED_FOR)
        message = self.by_person.setdefault(person, AlertMessage(to_id=person, next_attempt_at=at))
        if message.attempts == 0:  # else it has failed and waits for its backoff
            message.next_attempt_at = min(message.next_attempt_at, at)
        return message

    def write(self) -> None:
        used = {id(item.message): item.message for item in self.items}.values()
        AlertMessage.objects.bulk_create([message for message in used if message.pk is None])
        AlertMessage.objects.bulk_update([message for message in used if message.pk], ["next_attempt_at"])
        AlertMessageItem.objects.bulk_create([item for item in self.items if item.pk is None])
        AlertMessageItem.objects.bulk_update([item for item in self.items if item.pk], ["stage", "left_out"])

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from measurements.alerts.engine.rules import Queue, Severity
from measurements.alerts.messages.stages import Stage, Unreached
from measurements.models import Measurement
from patients.models import Patient
from patients.queueing.work_item import WorkItem, WorkItemQuerySet

from .episode import AlertEpisode, values_of
from .step import AlertStep


class NotificationCause(models.TextChoices):
    OPENED = "opened", "opened"
    WORSE = "worse", "got worse"
    AGAIN = "again", "waits again after a snooze, or was opened again"
    ESCALATED = "escalated", "escalated by a person"
    ASSIGNED = "assigned", "assigned to a person"
    UNASSIGNED = "unassigned", "no longer assigned"


# Notified of once; the alert itself has its own stages.
STEP_CAUSES = (NotificationCause.ESCALATED, NotificationCause.ASSIGNED, NotificationCause.UNASSIGNED)


class StageChoice(models.TextChoices):
    RESPONSIBLE = Stage.RESPONSIBLE.value, "responsible clinician"
    COVER = Stage.COVER.value, "cover"
    QUEUE = Stage.QUEUE.value, "everybody of the queue"
    ON_CALL = Stage.ON_CALL.value, "person on call"
    NAMED = Stage.NAMED.value, "person to whom it was assigned or escalated"


class UnreachedChoice(models.TextChoices):
    OUTSIDE_HOURS = Unreached.OUTSIDE_HOURS.value, "outside working hours the clinic has no one notified"
    NO_ON_CALL = Unreached.NO_ON_CALL.value, "outside working hours, and no person is on call"
    NO_PERSON = Unreached.NO_PERSON.value, "no person of the clinic could be notified"
    NO_ADDRESS = Unreached.NO_ADDRESS.value, "no e-mail address"
    NOT_ALLOWED = Unreached.NOT_ALLOWED.value, "the account is closed, or of another role or clinic"
    MAIL_FAILED = Unreached.MAIL_FAILED.value, "the mail failed three times"
    NOT_PLANNED = Unreached.NOT_PLANNED.value, "a program error; it is tried again every minute"


class AlertNotificationQuerySet(models.QuerySet["AlertNotification"]):
    def due(self) -> AlertNotificationQuerySet:
        return self.filter(ended_at__isnull=True, next_at__lte=timezone.now()).order_by("next_at", "pk")

    def of_alerts(self) -> AlertNotificationQuerySet:
        """That ask for an answer to the alert; the others are about one step."""
        return self.exclude(cause__in=STEP_CAUSES)

    def listed(self) -> AlertNotificationQuerySet:
        """What pages name: it reached no one, or no clinician is responsible; until it is answered."""
        return self.filter(
            Q(episode__in=AlertEpisode.objects.awaiting_answer())
            | Q(reading__isnull=False)
            | Q(cause=NotificationCause.ESCALATED, episode__in=AlertEpisode.objects.open()),
            ~Q(unreached_because="") | Q(has_no_responsible=True),
            ended_at__isnull=True,
        )

    def critical(self) -> AlertNotificationQuerySet:
        return self.filter(Q(episode__severity=Severity.CRITICAL) | Q(reading__isnull=False))

    def unreached(self) -> AlertNotificationQuerySet:
        return self.listed().exclude(unreached_because="")


class AlertNotification(models.Model):
    """That people are to be notified of an episode, or of a reading that can't wait, and how far this has come.

    Written by `alerts.messages`.

    One row when it opened, one each time it got worse after an answer or waits again after a snooze, and one of each
    assignment, escalation and lost assignment. It ends with an answer; of an assignment with another one, of an
    escalation with the alert. Of a reading that is to be checked at once, or beyond the meter, there is one row, which
    ends when a person has reviewed it.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", db_index=False)
    episode = models.ForeignKey(
        AlertEpisode, on_delete=models.PROTECT, null=True, blank=True, related_name="notifications"
    )
    reading = models.ForeignKey(
        Measurement, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    cause = models.CharField(max_length=12, choices=NotificationCause, default=NotificationCause.OPENED)
    changed_at = models.DateTimeField("got worse, or time of the step", null=True, blank=True)
    step = models.ForeignKey(
        AlertStep, on_delete=models.PROTECT, null=True, blank=True, related_name="notifications", db_index=False
    )
    since = models.DateTimeField(default=timezone.now)
    stage = models.CharField("notified so far", max_length=12, choices=StageChoice, blank=True)
    next_at = models.DateTimeField("next step due", null=True, blank=True)
    has_no_responsible = models.BooleanField("nobody is responsible", default=False)
    reached_at = models.DateTimeField("reached a person", null=True, blank=True)
    unreached_because = models.CharField("reached nobody", max_length=16, choices=UnreachedChoice, blank=True)
    ended_at = models.DateTimeField("answered or over", null=True, blank=True)

    objects = AlertNotificationQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "notification of an alert", "notifications of alerts"
        constraints = (
            models.UniqueConstraint(
                fields=("episode", "cause", "changed_at"),
                nulls_distinct=False,
                condition=Q(step__isnull=True, episode__isnull=False),
                name="alert_notification_once",
            ),
            models.CheckConstraint(
                condition=Q(cause=NotificationCause.OPENED.value, changed_at__isnull=True)
                | ~Q(cause=NotificationCause.OPENED.value) & Q(changed_at__isnull=False),
                name="alert_notification_changed_at",
            ),
            models.UniqueConstraint(
                fields=("patient", "reading"),
                condition=Q(reading__isnull=False),
                name="alert_notification_once_per_reading",
            ),
            models.CheckConstraint(
                condition=Q(episode__isnull=True) ^ Q(reading__isnull=True), name="alert_notification_of_one_subject"
            ),
            models.UniqueConstraint(fields=("step",), name="alert_notification_once_per_step"),
            models.CheckConstraint(
                condition=Q(step__isnull=True) ^ Q(cause__in=["again", "escalated", "assigned"]),
                name="alert_notification_of_step",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=["", *values_of(Stage)]), name="alert_notification_stage_known"
            ),
            models.CheckConstraint(
                condition=Q(unreached_because="")
                | Q(unreached_because__in=values_of(Unreached), reached_at__isnull=True),
                name="alert_notification_unreached_known",
            ),
        )
        indexes = (
            models.Index(fields=("next_at",), condition=Q(ended_at__isnull=True), name="alert_notification_due"),
            models.Index(
                fields=("episode",),
                condition=Q(ended_at__isnull=True) & (~Q(unreached_because="") | Q(has_no_responsible=True)),
                name="alert_notification_listed",
            ),
        )

    def __str__(self) -> str:
        return f"notification of an alert {self.pk}"

    @property
    def rule(self) -> str:
        return self.episode.rule if self.episode else ""

    @property
    def severity(self) -> str:
        return self.episode.severity if self.episode else Severity.CRITICAL

    @property
    def queue(self) -> str:
        return self.episode.queue if self.episode else Queue.MEDICAL

    @property
    def is_needed(self) -> bool:
        """No person has done yet what it asks for."""
        episode = self.episode
        if episode is None:
            return self.ended_at is None
        if self.cause == NotificationCause.UNASSIGNED:
            return episode.is_open and episode.assigned_to_id is None
        if self.cause == NotificationCause.ESCALATED:
            return episode.is_open
        if self.step is not None and self.cause == NotificationCause.ASSIGNED:
            return (episode.is_open or episode.awaits_answer) and episode.assigned_to_id == self.step.to_id
        return episode.awaits_answer


class MessageState(models.TextChoices):
    QUEUED = "queued", "queued"
    SENDING = "sending", "being sent"
    SENT = "sent", "sent"
    FAILED = "failed", "failed"
    SUPPRESSED = "suppressed", "not sent"


PENDING_STATES = (MessageState.QUEUED, MessageState.SENDING)


class AlertMessageQuerySet(WorkItemQuerySet["AlertMessage"]):
    def due(self) -> AlertMessageQuerySet:
        """Those of dead workers too: the lease of each is over."""
        return super().due().filter(state__in=PENDING_STATES).order_by("next_attempt_at", "pk")


class AlertMessage(WorkItem):
    """One mail to one person about the alerts of some minutes. It names no patient."""

    FIRST_BACKOFF_SECONDS = 60.0
    MAX_BACKOFF_SECONDS = 600.0

    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="alert_messages")
    state = models.CharField(max_length=12, choices=MessageState, default=MessageState.QUEUED)
    fate = models.CharField(max_length=120, blank=True)
    error = models.CharField("kind of the failure", max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    critical_count = models.PositiveIntegerField("critical alerts", default=0)
    warning_count = models.PositiveIntegerField("warnings", default=0)
    information_count = models.PositiveIntegerField("information", default=0)

    objects = AlertMessageQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "alert message", "alert messages"
        constraints = (
            models.CheckConstraint(
                condition=Q(state=MessageState.SENT.value, sent_at__isnull=False)
                | ~Q(state=MessageState.SENT.value) & Q(sent_at__isnull=True),
                name="alert_message_sent_at",
            ),
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="alert_message_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in PENDING_STATES]) | ~Q(fate=""),
                name="alert_message_ends_with_fate",
            ),
        )
        indexes = (
            models.Index(
                fields=("next_attempt_at",),
                condition=Q(state__in=[state.value for state in PENDING_STATES]),
                name="alert_message_due",
            ),
            models.Index(fields=("to", "-sent_at"), name="alert_message_by_person"),
            models.Index(F("created_at").desc(), condition=Q(state="failed"), name="alert_message_failed"),
        )

    def __str__(self) -> str:
        return f"alert message {self.pk}"


class LeftOut(models.TextChoices):
    ANSWERED = "answered", "answered before it was sent"
    NOT_ALLOWED = Unreached.NOT_ALLOWED.value, UnreachedChoice.NOT_ALLOWED.label


class AlertMessageItem(models.Model):
    """One alert in a message to a person, and as whom that person was notified."""

    message = models.ForeignKey(AlertMessage, on_delete=models.PROTECT, related_name="items")
    notification = models.ForeignKey(AlertNotification, on_delete=models.PROTECT, related_name="items")
    stage = models.CharField("notified as", max_length=12, choices=StageChoice)
    left_out = models.CharField("left out of the mail", max_length=12, choices=LeftOut, blank=True)

    class Meta:
        ordering = ("pk",)
        verbose_name, verbose_name_plural = "alert in a message", "alerts in messages"
        constraints = (
            models.UniqueConstraint(fields=("notification", "message"), name="alert_message_item_once"),
            models.CheckConstraint(condition=Q(stage__in=values_of(Stage)), name="alert_message_item_stage_known"),
            models.CheckConstraint(
                condition=Q(left_out__in=["", *LeftOut.values]), name="alert_message_item_left_out_known"
            ),
        )

    def __str__(self) -> str:
        return f"alert in a message {self.pk}"

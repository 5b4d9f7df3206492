from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from measurements.alerts.engine.episodes import OPEN_STATES, ClosedBy, Reason, Section, State, Values
from measurements.alerts.engine.rules import Kind, Queue, Severity
from patients.models import Patient
from patients.models.patient import random_live_version

if TYPE_CHECKING:
    from patients.models import User

FIXED_AFTER = dt.timedelta(days=7)  # since it closed by itself: then it is history
OPEN = Q(state__in=sorted(state.value for state in OPEN_STATES))
KNOWN_BY_FIRST = [kind.value for kind in (Kind.LIMIT, Kind.K_OF_N, Kind.PATTERN, Kind.SILENCE)]


def values_of(enum: type[StrEnum]) -> list[str]:
    """As plain texts, so that a migration holds no code of the engine."""
    return [member.value for member in enum]


class AlertEpisodeQuerySet(models.QuerySet["AlertEpisode"]):
    def visible_to(self, user: User) -> AlertEpisodeQuerySet:
        return self.filter(patient__in=Patient.objects.visible_to(user))

    def open(self) -> AlertEpisodeQuerySet:
        """Unconfirmed and snoozed ones too."""
        return self.filter(OPEN)

    def shown(self) -> AlertEpisodeQuerySet:
        """In a section of the triage list."""
        return self.exclude(section="")

    def awaiting_answer(self) -> AlertEpisodeQuerySet:
        """Neither acknowledged, snoozed nor resolved; closed by itself, a critical one still waits."""
        return self.shown().filter(is_acknowledged=False)

    def live(self, *, at: dt.datetime) -> AlertEpisodeQuerySet:
        """Open, in a section, or closed so lately that new facts may still change them."""
        return self.filter(OPEN | ~Q(section="") | Q(closed_at__gt=at - FIXED_AFTER))


class AlertEpisode(models.Model):
    """An alert episode of a patient as the engine computed it, stored by `alerts.episode_storage`.

    A projection of facts: nothing else writes its computed columns; what persons do are `AlertStep` rows. See
    `engine.episodes.Episode` for what they mean. Identity: patient, rule, metric and `first`.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="alert_episodes", db_index=False)
    rule = models.CharField(max_length=64)
    metric = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=12)
    severity = models.CharField(max_length=12)
    queue = models.CharField(max_length=12)
    state = models.CharField(max_length=12)
    section = models.CharField(max_length=16, blank=True)
    reason = models.CharField(max_length=24, blank=True)
    first = models.DateTimeField("first reading taken")
    last = models.DateTimeField("last reading taken")
    opened_at = models.DateTimeField("opened", null=True, blank=True)
    detected_at = models.DateTimeField("known since")
    first_known_at = models.DateTimeField("in sight since")
    last_known_at = models.DateTimeField("newest reading known since", null=True, blank=True)
    peak_1 = models.FloatField(null=True, blank=True)
    peak_2 = models.FloatField(null=True, blank=True)
    value_1 = models.FloatField(null=True, blank=True)
    value_2 = models.FloatField(null=True, blank=True)
    baseline = models.FloatField("usual value at the opening", null=True, blank=True)
    gain = models.FloatField(null=True, blank=True)
    count = models.PositiveIntegerField("readings or sittings that feed it", default=0)
    n = models.PositiveIntegerField("readings behind the value", default=0)
    days = models.PositiveIntegerField("local days behind the value", default=0)
    reading_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    rule_row = models.JSONField("rule as raised", default=dict, blank=True)
    closed_at = models.DateTimeField("closed", null=True, blank=True)
    closed_by = models.CharField(max_length=12, blank=True)
    closed_by_person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    is_late = models.BooleanField("arrived late", default=False)
    is_acknowledged = models.BooleanField("acknowledged", default=False)
    is_seen = models.BooleanField("seen", default=False)
    is_notified = models.BooleanField("a message was due", default=False)
    notified_again_at = models.DateTimeField("due again, because it got worse", null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="assigned_episodes",
        db_index=False,
    )
    is_frozen = models.BooleanField("history", default=False)
    differs_because = models.CharField("would read differently now, because", max_length=40, blank=True)
    # Increased by each step of a person: a step of one who saw an older one is refused.
    step_version = models.PositiveIntegerField(default=0)
    # Increased by every change; open pages poll with it.
    live_version = models.BigIntegerField(default=random_live_version, editable=False)

    objects = AlertEpisodeQuerySet.as_manager()

    class Meta:
        ordering = ("-first_known_at", "-pk")
        verbose_name, verbose_name_plural = "alert episode", "alert episodes"
        constraints = (
            models.UniqueConstraint(fields=("patient", "rule", "metric"), condition=OPEN, name="episode_one_open"),
            # Two episodes of an average may begin with the same reading of their windows.
            models.UniqueConstraint(
                fields=("patient", "rule", "metric", "first"),
                condition=Q(kind__in=KNOWN_BY_FIRST) & ~Q(state=State.DISSOLVED.value),
                name="episode_once",
            ),
            models.CheckConstraint(condition=Q(state__in=values_of(State)), name="episode_state_known"),
            models.CheckConstraint(condition=Q(kind__in=values_of(Kind)), name="episode_kind_known"),
            models.CheckConstraint(condition=Q(severity__in=values_of(Severity)), name="episode_severity_known"),
            models.CheckConstraint(condition=Q(queue__in=values_of(Queue)), name="episode_queue_known"),
            models.CheckConstraint(condition=Q(section__in=["", *values_of(Section)]), name="episode_section_known"),
            models.CheckConstraint(condition=Q(reason__in=["", *values_of(Reason)]), name="episode_reason_known"),
            models.CheckConstraint(
                condition=Q(state=State.CLOSED.value, closed_at__isnull=False, closed_by__in=values_of(ClosedBy))
                | Q(state=State.DISSOLVED.value)
                | (OPEN & Q(closed_at__isnull=True, closed_by="")),
                name="episode_closed_by_something",
            ),
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="episode_last_after_first"),
        )
        indexes = (
            models.Index(fields=("patient", "-first_known_at"), name="episode_by_patient"),
            models.Index(fields=("patient",), condition=~Q(section=""), name="episode_shown"),
            models.Index(fields=("assigned_to", "patient"), condition=OPEN, name="episode_by_assigned"),
            models.Index(fields=("-first_known_at", "-id"), name="episode_by_time"),
            models.Index(fields=("detected_at",), name="episode_by_detection"),
        )
        triggers = (pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"alert episode {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def awaits_answer(self) -> bool:
        """As `awaiting_answer` of the rows."""
        return bool(self.section) and not self.is_acknowledged

    @property
    def shown_version(self) -> str:
        """What a page posts back: of steps, and of the readings that feed it."""
        return f"{self.step_version}.{self.last_known_at.isoformat() if self.last_known_at else ''}"

    @property
    def is_critical(self) -> bool:
        return self.severity == Severity.CRITICAL

    @property
    def peak(self) -> Values:
        return self.peak_1, self.peak_2

    @property
    def value(self) -> Values:
        return self.value_1, self.value_2

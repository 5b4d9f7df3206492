from __future__ import annotations

import datetime as dt

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Q, Value
from django.utils import timezone

from patients.care.models import Note
from patients.models import Patient, User
from patients.models.ranges import Int8Range, TstzRange


class Programme(models.TextChoices):
    RPM = "RPM", "RPM"
    RTM = "RTM", "RTM"
    CCM = "CCM", "CCM"
    OTHER = "other", "Other"


class Activity(models.TextChoices):
    REVIEW = "review", "Readings reviewed"
    CALL = "call", "Talk with patient or caregiver"
    CARE_PLAN = "care_plan", "Care plan, medication"
    COORDINATION = "coordination", "Talk with colleagues"
    DOCUMENTATION = "documentation", "Documentation"
    INTERPRETATION = "99091", "Interpretation by a practitioner (99091)"
    OTHER = "other", "Other"


class Mode(models.TextChoices):
    PAGE = "page", "On a page"
    CALL = "call", "In a call"


class Source(models.TextChoices):
    TIMER = "timer", "Timer"
    TYPED = "typed", "Typed"


class EndReason(models.TextChoices):
    STOPPED = "stopped", "stopped"
    SWITCHED = "switched", "another patient's time was started"
    IDLE = "idle", "no input"
    LOST = "lost", "page closed"
    SIGNED_OUT = "signed_out", "signed out"


class TimeSessionQuerySet(models.QuerySet["TimeSession"]):
    def valid(self) -> TimeSessionQuerySet:
        """Neither withdrawn nor replaced by a correction."""
        return self.filter(withdrawn_at__isnull=True)

    def open(self) -> TimeSessionQuerySet:
        """Running ones, and calls whose end waits to be stated."""
        return self.valid().filter(ended_at__isnull=True)

    def running(self) -> TimeSessionQuerySet:
        return self.open().filter(waits_since__isnull=True)

    def waiting(self) -> TimeSessionQuerySet:
        """Calls without credit until their person states when they ended."""
        return self.open().filter(waits_since__isnull=False)

    def visible_to(self, user: User) -> TimeSessionQuerySet:
        return self.filter(patient__in=Patient.objects.visible_to(user))


class TimeSession(models.Model):
    """Time of a person for a patient, by the server's clock or typed. A correction withdraws it and adds another."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="time_sessions", db_index=False)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="time_sessions", db_index=False)
    programme = models.CharField(max_length=5, choices=Programme, default=Programme.RPM)
    activity = models.CharField(max_length=16, choices=Activity, default=Activity.REVIEW)
    mode = models.CharField(max_length=4, choices=Mode, default=Mode.PAGE)
    source = models.CharField(max_length=5, choices=Source, default=Source.TIMER)
    started_at = models.DateTimeField()
    # Of the timer. A call's last answer is when its person last said that it continues; at first its start.
    last_activity_at = models.DateTimeField("last input", null=True, blank=True)
    last_seen_at = models.DateTimeField("last heartbeat", null=True, blank=True)
    last_answer_at = models.DateTimeField("last answer", null=True, blank=True)
    ended_at = models.DateTimeField("ended", null=True, blank=True)
    end_reason = models.CharField(max_length=10, choices=EndReason, blank=True)
    # Of a call that was not answered for, or whose person signed out: since then its end waits to be stated.
    waits_since = models.DateTimeField("waits for its end", null=True, blank=True)
    entered_at = models.DateTimeField(default=timezone.now)
    done = models.CharField("what was done", max_length=500, blank=True)
    decided = models.CharField("what was decided", max_length=500, blank=True)
    why_typed = models.CharField("reason for typing it", max_length=200, blank=True)
    contact = models.ForeignKey(
        Note, on_delete=models.PROTECT, null=True, blank=True, related_name="time_sessions", verbose_name="contact"
    )
    tab_id = models.CharField("tab", max_length=36, blank=True)
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name="corrects"
    )
    withdrawn_at = models.DateTimeField("withdrawn", null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_reason = models.CharField("reason of the withdrawal", max_length=200, blank=True)

    objects = TimeSessionQuerySet.as_manager()

    class Meta:
        ordering = ("started_at", "pk")
        verbose_name = "time session"
        constraints = (
            models.UniqueConstraint(
                fields=("person",),
                condition=Q(ended_at__isnull=True, waits_since__isnull=True, withdrawn_at__isnull=True),
                name="time_session_one_running",
            ),
            ExclusionConstraint(
                name="time_session_timers_no_overlap",
                expressions=[
                    (Int8Range("person_id", "person_id", Value("[]")), RangeOperators.OVERLAPS),
                    (TstzRange("started_at", "ended_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(source=Source.TIMER, waits_since__isnull=True, withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(condition=Q(programme__in=Programme.values), name="time_session_programme_known"),
            models.CheckConstraint(condition=Q(activity__in=Activity.values), name="time_session_activity_known"),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="time_session_mode_known"),
            models.CheckConstraint(
                condition=Q(source=Source.TIMER, last_activity_at__gte=F("started_at"), last_seen_at__isnull=False)
                | Q(source=Source.TYPED, ended_at__isnull=False) & ~Q(why_typed=""),
                name="time_session_timed_or_typed_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True)
                | Q(ended_at__gte=F("started_at"), end_reason__in=("", *EndReason.values)),
                name="time_session_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(waits_since__isnull=True) | Q(mode=Mode.CALL, ended_at__isnull=True),
                name="time_session_only_calls_wait",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawn_reason="")
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_reason=""),
                name="time_session_withdrawn_with_reason",
            ),
        )
        indexes = (
            models.Index(fields=("patient", "started_at"), name="time_session_by_patient"),
            models.Index(fields=("person", "started_at"), name="time_session_by_person"),
            models.Index(
                fields=("person",),
                condition=Q(ended_at__isnull=True, withdrawn_at__isnull=True),
                name="time_session_open_by_person",
            ),
        )
        triggers = (
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="time_session_fixed",
                fields=["patient", "person", "programme", "activity", "mode", "started_at", "entered_at", "replaces"],
            ),
            # Only the undo of a switch lets an ended one run again.
            pgtrigger.Protect(
                name="time_session_end_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.withdrawn_at IS NOT NULL OR (OLD.ended_at IS NOT NULL AND OLD.end_reason <> 'switched' "
                    "AND (NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.source <> OLD.source "
                    "OR NEW.end_reason <> OLD.end_reason OR NEW.done <> OLD.done OR NEW.decided <> OLD.decided))"
                ),
            ),
        )

    def __str__(self) -> str:
        return f"time session {self.pk}"

    @property
    def length(self) -> dt.timedelta | None:
        return self.ended_at - self.started_at if self.ended_at else None

    @property
    def is_typed(self) -> bool:
        return self.source == Source.TYPED

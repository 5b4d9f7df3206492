"""Dose schedules: setting and ending them with history and audit, and the form of dose times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from devices.models import Device
from measurements.adherence.doses import NOON
from measurements.adherence.models import DoseSchedule
from measurements.adherence.openings import PILLBOX_SENSOR_CODE
from measurements.models.measurement import EARLIEST_TAKEN_AT
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.wording import count_noun

DAY_MINUTES = 24 * 60
USUAL_ON_TIME, USUAL_MISSED_AFTER = 60, 240  # minutes; common practice has no figure, a clinician sets them
MAX_ON_TIME, MAX_MISSED_AFTER = 180, 720
PILLBOX_LABELS = ("Morning", "Evening")
CAP_LABELS = ("First dose", "Second dose", "Third dose", "Fourth dose")


def schedule_history(patient: Patient, device: Device) -> QuerySet[DoseSchedule]:
    """Newest first."""
    return DoseSchedule.objects.filter(patient=patient, device=device).select_related("by").order_by("-pk")


@transaction.atomic
def set_dose_times(
    *,
    patient: Patient,
    device: Device,
    times: Sequence[dt.time],
    on_time_minutes: int,
    missed_after_minutes: int,
    starts_on: dt.date,
    last_seen_id: int,
    by: User,
) -> DoseSchedule:
    """From `starts_on` in the patient's time zone; no times end the schedule.

    ValidationError: another user has changed it since `last_seen_id`, 0 for none, was shown.
    """
    Patient.objects.touch_live_version([patient.pk])  # locks the patient
    current = schedule_history(patient, device).first()
    if current and current.pk != last_seen_id:
        raise ValidationError(f"{current.by} has changed the times meanwhile, see below. Nothing is saved.")
    row = DoseSchedule.objects.create(
        patient=patient,
        device=device,
        times=sorted(times),
        on_time_minutes=on_time_minutes,
        missed_after_minutes=missed_after_minutes,
        starts_on=starts_on,
        by=by,
    )
    audit_log.record_event(
        AuditAction.THRESHOLDS,
        by=by,
        patients=[patient.pk],
        clinic=patient.clinic,
        target=f"patient:{patient.pk}",
        goals=["dose times"],
    )
    return row


class DoseTimesForm(forms.Form):
    """A field for each dose of a day; a pillbox has one before and one from noon."""

    on_time_minutes = forms.IntegerField(
        label="On time within, minutes", min_value=1, max_value=MAX_ON_TIME, help_text="Before and after the time."
    )
    missed_after_minutes = forms.IntegerField(
        label="Missed after, minutes", min_value=2, max_value=MAX_MISSED_AFTER, help_text="Until then it is late."
    )
    starts_on = forms.DateField(label="From", help_text="The first day with these times.")
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, device: Device, today: dt.date, current: DoseSchedule | None) -> None:
        initial = {
            "on_time_minutes": current.on_time_minutes if current else USUAL_ON_TIME,
            "missed_after_minutes": current.missed_after_minutes if current else USUAL_MISSED_AFTER,
            "starts_on": today.isoformat(),
            "seen": current.pk if current else 0,
        }
        super().__init__(data, initial=initial)
        self.is_pillbox, self.today = device.family == PILLBOX_SENSOR_CODE, today
        labels = PILLBOX_LABELS if self.is_pillbox else CAP_LABELS
        self.time_names = [f"time_{n}" for n in range(1, len(labels) + 1)]
        for name, label, time in zip(self.time_names, labels, self.initial_times(current), strict=False):
            self.fields[name] = forms.TimeField(
                label=label,
                required=False,
                initial=time and time.strftime("%H:%M"),
                widget=forms.TimeInput(attrs={"type": "time"}),
                error_messages={"invalid": "This is no time. Write it as 08:00."},
            )
        self.fields["starts_on"].widget = forms.DateInput(attrs={"type": "date"})
        self.fields["starts_on"].error_messages["invalid"] = "This is no date. Write it as 10/22/2026."
        self.order_fields([*self.time_names, "on_time_minutes", "missed_after_minutes", "starts_on"])

    def initial_times(self, current: DoseSchedule | None) -> list[dt.time | None]:
        times: list[dt.time | None] = list(current.times) if current else []
        if self.is_pillbox:
            return [next((time for time in times if time and (time < NOON) is early), None) for early in (True, False)]
        return times + [None] * (len(CAP_LABELS) - len(times))

    @property
    def times(self) -> list[dt.time]:
        typed = (self.cleaned_data.get(name) for name in self.time_names)
        return sorted(time for time in typed if time is not None)

    def clean_starts_on(self) -> dt.date:
        day: dt.date = self.cleaned_data["starts_on"]
        if not EARLIEST_TAKEN_AT.date() <= day <= self.today + dt.timedelta(days=365):
            raise ValidationError(f"A day from {EARLIEST_TAKEN_AT.year} to a year from today.")
        return day

    def clean(self) -> dict[str, Any] | None:
        if self.is_pillbox:
            self.check_halves()
        on_time, missed_after = (self.cleaned_data.get(name) for name in ("on_time_minutes", "missed_after_minutes"))
        if on_time is None or missed_after is None:
            return self.cleaned_data
        if missed_after <= on_time:
            self.add_error("missed_after_minutes", f"Must be more than the {count_noun(on_time, 'minute')} on time.")
        elif (gap := least_gap(self.times)) is not None and gap < on_time + missed_after:
            self.add_error(
                "missed_after_minutes",
                f"Between two doses are {count_noun(gap, 'minute')}: the two numbers must not be more together.",
            )
        return self.cleaned_data

    def check_halves(self) -> None:
        """The compartments of a pillbox are morning and evening."""
        for name, early, words in (("time_1", True, "before"), ("time_2", False, "from")):
            time = self.cleaned_data.get(name)
            if time is not None and (time < NOON) is not early:
                self.add_error(name, f"A time {words} noon: the pillbox has a compartment for each half of the day.")


def least_gap(times: Sequence[dt.time]) -> int | None:
    """Minutes between two doses that follow each other, over midnight too; None without any."""
    minutes = sorted(60 * time.hour + time.minute for time in times)
    following = [*minutes[1:], *(first + DAY_MINUTES for first in minutes[:1])]
    return min((after - before for before, after in zip(minutes, following, strict=True)), default=None)

"""Forms of a step on an alert episode; the rules are those of `alerts.steps`, whose errors are shown at the fields."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from measurements.alerts.engine.facts import EventKind
from measurements.alerts.engine.worsening import WORSE_STEPS
from measurements.alerts.models import AlertEpisode
from measurements.alerts.models.step import ResolveOutcome
from measurements.alerts.steps import can_take_step
from measurements.models import Metric
from measurements.units import Unit, units_for
from patients.models import User

AUTOCOMPLETE_OFF = {"autocomplete": "off"}
MORNING = dt.time(8)
LOCAL_TIME_FORMAT = "%Y-%m-%dT%H:%M"
PERIODS = {"4h": "4 hours", "morning": "until the next morning, 8 AM", "3d": "3 days", "7d": "7 days"}
UNTIL_WORSE, UNTIL_TIME = "worse", "time"
CRITICAL_PERIODS = ("4h", "morning")
PERIOD_LENGTHS = {"4h": dt.timedelta(hours=4), "3d": dt.timedelta(days=3), "7d": dt.timedelta(days=7)}


def text_field(label: str, *, required: bool = False, rows: int = 2) -> forms.CharField:
    widget = forms.Textarea(attrs=AUTOCOMPLETE_OFF | {"rows": rows})
    return forms.CharField(label=label, required=required, max_length=2000, widget=widget)


class StepForm(forms.Form):
    """`shown`: `shown_version` of the episode on the page."""

    shown = forms.CharField(max_length=60, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, episode: AlertEpisode, kind: EventKind, user: User) -> None:
        super().__init__(data, initial={"shown": episode.shown_version}, auto_id=f"{kind}_%s")
        self.label_suffix = ""
        self.episode, self.kind, self.user = episode, kind, user
        for field in self.fields.values():
            field.error_messages["required"] = f"{field.label or 'This'} is missing."
        self.prepare()

    def prepare(self) -> None:
        """For subclasses whose choices depend on the episode."""

    def follow_episode(self) -> None:
        """The refused form carries the newest version: sent again, it follows what it is shown beside."""
        self.data = {**self.data.dict(), "shown": self.episode.shown_version}  # type: ignore[attr-defined]

    def step_fields(self) -> dict[str, Any]:
        """Arguments of `steps.take_step`."""
        return dict(self.cleaned_data)


class AcknowledgeForm(StepForm):
    pass


class ReopenForm(StepForm):
    text = text_field("Why")


class SnoozeForm(StepForm):
    period = forms.ChoiceField(label="For how long")
    until = forms.DateTimeField(
        label="Day and time",
        required=False,
        input_formats=[LOCAL_TIME_FORMAT, "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %H:%M"],
        widget=forms.DateTimeInput(format=LOCAL_TIME_FORMAT, attrs={"type": "datetime-local"}),
        help_text="Only for “until a day and time”.",
        error_messages={"invalid": "Write day and time as MM/DD/YYYY HH:MM."},
    )
    until_worse = forms.BooleanField(label="End it earlier if it gets worse", required=False, initial=True)
    worse_by = forms.DecimalField(
        label="Worse by how much",
        required=False,
        min_value=Decimal("0.1"),
        max_value=500,
        decimal_places=2,
        widget=forms.NumberInput(attrs=AUTOCOMPLETE_OFF | {"step": "any", "inputmode": "decimal"}),
    )
    text = text_field("Reason")

    def prepare(self) -> None:
        self.prepare_worse_by()
        offered = CRITICAL_PERIODS if self.episode.is_critical else tuple(PERIODS)
        choices = [(name, PERIODS[name]) for name in offered]
        choices += [(UNTIL_TIME, "until a day and time…")]
        if self.episode.is_critical:
            self.fields["text"].label = "Reason, needed for a critical alert"
            self.fields["until_worse"].disabled = True
            self.fields["until_worse"].help_text = "Always so for a critical alert."
        else:
            choices += [(UNTIL_WORSE, "until it gets worse")]
        self.fields["period"].choices = choices  # type: ignore[attr-defined]

    def prepare_worse_by(self) -> None:
        """In the unit that the user reads the metric in. Silences and patterns have no values that get worse."""
        usual = WORSE_STEPS.get(self.episode.metric)
        if usual is None or self.episode.peak_1 is None:
            del self.fields["worse_by"]
            return
        unit = difference_unit(self.episode, self.user)
        self.fields["worse_by"].label = f"Worse by how much, {unit.name}"
        self.fields["worse_by"].help_text = f"Than the worst value so far; {unit.format_bound(usual)} if left empty."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("period") == UNTIL_TIME and not cleaned.get("until") and "until" not in self.errors:
            self.add_error("until", "Write the day and time.")
        return cleaned

    def step_fields(self) -> dict[str, Any]:
        fields = dict(self.cleaned_data)
        period, worse_by = fields.pop("period"), fields.pop("worse_by", None)
        if worse_by and (fields["until_worse"] or period == UNTIL_WORSE):
            fields["worse_by"] = float(difference_unit(self.episode, self.user).to_vendor_value(worse_by))
        if period == UNTIL_WORSE:
            return fields | {"until": None, "until_worse": True}
        if period == "morning":
            fields["until"] = next_morning()
        elif period in PERIOD_LENGTHS:
            fields["until"] = timezone.now() + PERIOD_LENGTHS[period]
        return fields


def difference_unit(episode: AlertEpisode, user: User) -> Unit:
    """In which the user reads how far two values of the metric are apart."""
    return units_for(user).unit_for(Metric.objects.get(pk=episode.metric)).for_differences


def next_morning() -> dt.datetime:
    """Of today before it, so that a critical alert at night isn't put off for over a day."""
    zone, now = timezone.get_current_timezone(), timezone.localtime()
    day = now.date() + dt.timedelta(days=now.time() >= MORNING)
    return dt.datetime.combine(day, MORNING, tzinfo=zone)


class PersonForm(StepForm):
    to = forms.ModelChoiceField(label="To", queryset=User.objects.none(), required=False)
    text = text_field("Why")

    def prepare(self) -> None:
        """Read now, because choices that are read while the form is rendered would be a query of a fragment."""
        field: Any = self.fields["to"]
        everybody = User.objects.filter(clinics=self.episode.patient.clinic_id, is_active=True).order_by("name", "pk")
        people = [person for person in everybody if can_take_step(self.episode, person)]
        field.queryset = User.objects.filter(pk__in=[person.pk for person in people])
        own = [(person.pk, f"{person.name} (you)") for person in people if person == self.user]
        others = [(person.pk, person.name) for person in people if person != self.user]
        field.choices = [("", self.empty_label), *own, *others]

    empty_label = "Choose a person…"


class AssignForm(PersonForm):
    pass


class EscalateForm(PersonForm):
    empty_label = "Everybody of the queue"


class ResolveForm(StepForm):
    outcome = forms.ChoiceField(label="Outcome", choices=[("", "Choose…"), *ResolveOutcome.choices])
    text = text_field("In words")


STEP_FORMS: dict[EventKind, type[StepForm]] = {
    EventKind.ACKNOWLEDGE: AcknowledgeForm,
    EventKind.SNOOZE: SnoozeForm,
    EventKind.ASSIGN: AssignForm,
    EventKind.ESCALATE: EscalateForm,
    EventKind.RESOLVE: ResolveForm,
    EventKind.REOPEN: ReopenForm,
}

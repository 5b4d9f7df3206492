"""Forms of typed time, corrections and withdrawals. Times are in the current zone, the clinic's."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from patients.care.forms import LOCAL_TIME_FORMAT
from patients.care.models import NoteVersion
from patients.models import Patient
from patients.templatetags.time_display import local_time
from patients.time_sessions.entries import Entry
from patients.time_sessions.models import Activity, Programme, TimeSession
from patients.validators import validate_plain_text

OFFERED_CONTACTS = 30


def instant_field(label: str, **options: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        input_formats=["%Y-%m-%dT%H:%M:%S", LOCAL_TIME_FORMAT, "%m/%d/%Y %H:%M"],
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M:%S", attrs={"type": "datetime-local", "step": "1"}),
        error_messages={"invalid": "Write day and time as MM/DD/YYYY HH:MM."},
        **options,
    )


class EntryForm(forms.Form):
    """Time that is typed, or a correction of `session`. Its contact makes it a live interaction's time."""

    started_at = instant_field("Start")
    ended_at = instant_field("End", help_text="Not in the future, and at most 4 hours after the start.")
    programme = forms.ChoiceField(choices=Programme.choices)
    activity = forms.ChoiceField(choices=Activity.choices)
    contact = forms.ChoiceField(
        label="Live contact of this time", required=False, help_text="Calls and visits in which both spoke."
    )
    done = forms.CharField(label="What was done", max_length=500, validators=[validate_plain_text])
    decided = forms.CharField(
        label="What was decided", max_length=500, required=False, validators=[validate_plain_text]
    )
    reason = forms.CharField(label="Reason", max_length=200, validators=[validate_plain_text])

    def __init__(self, data: Any = None, *, patient: Patient, session: TimeSession | None = None) -> None:
        initial = {} if session is None else initial_of(session)
        super().__init__(data, initial=initial)
        self.label_suffix = ""
        self.fields["reason"].help_text = "Why it is corrected." if session else "Why the timer did not run."
        for field in self.fields.values():
            field.error_messages["required"] = f"{field.label or 'This'} is missing."
        self.contacts = {str(version.note_id): version for version in live_contacts(patient)}
        cast("forms.ChoiceField", self.fields["contact"]).choices = [("", "None"), *self.contact_choices()]

    def contact_choices(self) -> list[tuple[str, str]]:
        return [
            (note_id, f"{version.get_kind_display()}, {local_time(version.happened_at, 'M j, Y, g:i A')}")
            for note_id, version in self.contacts.items()
        ]

    def entry(self) -> Entry:
        typed = self.cleaned_data
        chosen = self.contacts.get(typed.pop("contact"))
        return Entry(**typed, contact=chosen.note if chosen else None)


class WithdrawalForm(forms.Form):
    reason = forms.CharField(
        max_length=200, validators=[validate_plain_text], error_messages={"required": "The reason is missing."}
    )


def live_contacts(patient: Patient) -> list[NoteVersion]:
    """Newest first."""
    versions = NoteVersion.objects.live_contacts().filter(note__patient=patient).select_related("note")
    return list(versions.order_by("-happened_at", "-pk")[:OFFERED_CONTACTS])


def initial_of(session: TimeSession) -> dict[str, Any]:
    names = ("started_at", "ended_at", "programme", "activity", "done", "decided")
    return {name: getattr(session, name) for name in names} | {"contact": str(session.contact_id or "")}

"""Forms of notes and contacts, absences, and reassignment; the rules are in the modules of the verbs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from patients.care.models import ContactOutcome, ContactWith, NoteKind, NoteVersion
from patients.care.note_rules import MAX_STEP_LENGTH, MAX_TEXT_LENGTH, NOTE_FIELDS

LOCAL_TIME_FORMAT = "%Y-%m-%dT%H:%M"
AUTOCOMPLETE_OFF = {"autocomplete": "off"}


class NoteForm(forms.Form):
    """A new note or contact, or a correction of `version`. Times are in the current time zone, the clinic's."""

    kind = forms.ChoiceField(choices=NoteKind.choices, widget=forms.RadioSelect)
    happened_at = forms.DateTimeField(
        label="When",
        input_formats=[LOCAL_TIME_FORMAT, "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %H:%M"],
        widget=forms.DateTimeInput(format=LOCAL_TIME_FORMAT, attrs={"type": "datetime-local"}),
        error_messages={"invalid": "Write day and time as MM/DD/YYYY HH:MM."},
    )
    contact_with = forms.ChoiceField(label="With", choices=ContactWith.choices, required=False)
    outcome = forms.ChoiceField(label="Outcome", choices=[("", "Choose…"), *ContactOutcome.choices], required=False)
    is_live = forms.BooleanField(
        label="Live: we spoke with each other", required=False, help_text="By voice, video or in person, both ways."
    )
    text = forms.CharField(
        label="What was said or seen",
        required=False,
        max_length=MAX_TEXT_LENGTH,
        strip=True,
        widget=forms.Textarea(attrs=AUTOCOMPLETE_OFF | {"rows": 4}),
    )
    next_step = forms.CharField(
        label="Next step",
        required=False,
        max_length=MAX_STEP_LENGTH,
        widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF),
        help_text="Leave empty if nothing is left to do.",
    )
    next_step_on = forms.DateField(
        label="Due on",
        required=False,
        input_formats=["%Y-%m-%d", "%m/%d/%Y", "%m-%d-%Y"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Write the date as MM/DD/YYYY."},
    )
    version_number = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, version: NoteVersion | None = None) -> None:
        if version is None:
            initial: dict[str, Any] = {"kind": NoteKind.NOTE, "happened_at": timezone.now()}
        else:
            initial = {name: getattr(version, name) for name in NOTE_FIELDS} | {"version_number": version.number}
        super().__init__(data, initial=initial)
        self.label_suffix = ""
        for field in self.fields.values():
            field.error_messages["required"] = f"{field.label} is missing."
        self.fields["kind"].error_messages["required"] = "Choose a kind."

    def replace_version_number(self, newest: NoteVersion | None) -> None:
        """The refused form carries the number of the version that it is shown beside: saved again, it replaces it."""
        self.data = {**self.data.dict(), "version_number": str(newest.number if newest else "")}  # type: ignore[attr-defined]

    def note_fields(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in NOTE_FIELDS}

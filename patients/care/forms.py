"""Forms of notes and contacts, absences, and reassignment; the rules are in the modules of the verbs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils import timezone

from patients.care.models import Absence, ContactOutcome, ContactWith, NoteKind, NoteTemplate, NoteVersion
from patients.care.note_rules import MAX_STEP_LENGTH, MAX_TEXT_LENGTH, NOTE_FIELDS
from patients.care.team_fields import PersonField, ResponsibleField
from patients.models import Clinic

LOCAL_TIME_FORMAT = "%Y-%m-%dT%H:%M"
EDITED_FIELDS = ("first_day", "last_day", "cover")  # of an absence
AUTOCOMPLETE_OFF = {"autocomplete": "off"}


def day_field(label: str, **options: Any) -> forms.DateField:
    """A calendar day, as the browser's picker sends it or as a person types it in the US."""
    return forms.DateField(
        label=label,
        input_formats=["%Y-%m-%d", "%m/%d/%Y", "%m-%d-%Y"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Write the date as MM/DD/YYYY."},
        **options,
    )


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
    next_step_on = day_field("Due on", required=False)
    completes = forms.BooleanField(required=False, initial=True)
    version_number = forms.IntegerField(required=False, widget=forms.HiddenInput)
    template = forms.ChoiceField(label="Text template", required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        kinds: Sequence[NoteKind],
        templates: Sequence[NoteTemplate] = (),
        version: NoteVersion | None = None,
        after: NoteVersion | None = None,
        kind: NoteKind = NoteKind.NOTE,
    ) -> None:
        """`after`: a version whose next step this contact may complete; `kind`: of an empty form."""
        if version is None:
            initial: dict[str, Any] = {"kind": kind, "happened_at": timezone.now()}
        else:
            initial = {name: getattr(version, name) for name in NOTE_FIELDS} | {"version_number": version.number}
        super().__init__(data, initial=initial)
        self.label_suffix = ""
        for field in self.fields.values():
            field.error_messages["required"] = f"{field.label} is missing."
        self.fields["kind"].error_messages["required"] = "Choose a kind."
        self.offer_kinds(kinds)
        self.offer_templates(templates)
        if after is None:
            del self.fields["completes"]
        else:
            self.fields["completes"].label = f"This is done: {after.next_step}"

    def offer_kinds(self, kinds: Sequence[NoteKind]) -> None:
        """These, and that of the version that is corrected."""
        own = self.initial["kind"]
        field = cast("forms.ChoiceField", self.fields["kind"])
        field.choices = [choice for choice in NoteKind.choices if choice[0] in kinds or choice[0] == own]

    def offer_templates(self, templates: Sequence[NoteTemplate]) -> None:
        self.texts = {str(template.pk): template.text for template in templates}
        if not templates:
            del self.fields["template"]
            return
        field = cast("forms.ChoiceField", self.fields["template"])
        field.choices = [("", "Choose a text…"), *((template.pk, template.name) for template in templates)]

    def insert_template(self, typed: QueryDict) -> None:
        """Of a form without data: shows what was typed, with the chosen template below the text."""
        self.initial = {name: typed.get(name, "") for name in self.fields} | {"template": ""}
        texts = (typed.get("text", "").rstrip(), self.texts.get(typed.get("template", ""), ""))
        self.initial["text"] = "\n".join(filter(None, texts))

    def replace_version_number(self, newest: NoteVersion | None) -> None:
        """The refused form carries the number of the version that it is shown beside: saved again, it replaces it."""
        self.data = {**self.data.dict(), "version_number": str(newest.number if newest else "")}  # type: ignore[attr-defined]

    def note_fields(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in NOTE_FIELDS}


class AbsenceForm(forms.Form):
    """Days on which a colleague is away, and who covers."""

    clinic = forms.ModelChoiceField(Clinic.objects.none())
    user = PersonField(label="Who is away", empty_label="Choose a person…")
    first_day = day_field("First day away")
    last_day = day_field("Last day away")
    cover = PersonField(
        label="Covered by",
        required=False,
        empty_label="No cover",
        help_text="Without cover, the patients are listed as without a responsible clinician.",
    )

    def __init__(self, data: Any = None, *, clinics: Sequence[Clinic], absence: Absence | None = None) -> None:
        """`absence`: one that is edited, with its person."""
        edited = {name: getattr(absence, name) for name in ("user", *EDITED_FIELDS)} if absence else None
        super().__init__(data, initial=edited)
        self.fields["user"].disabled = absence is not None
        self.label_suffix = ""
        chosen: Any = self.fields["clinic"]
        chosen.queryset = Clinic.objects.filter(pk__in=[clinic.pk for clinic in clinics])
        chosen.choices = [(clinic.pk, clinic.name) for clinic in clinics]
        if len(clinics) == 1:
            chosen.required, chosen.widget = False, forms.HiddenInput()
            self.only_clinic: Clinic | None = clinics[0]
        else:
            self.only_clinic = None
        for name in ("user", "cover"):
            cast("PersonField", self.fields[name]).offer_people_of(clinics)
        for field in self.fields.values():
            field.error_messages["required"] = f"{field.label or 'Clinic'} is missing."

    def edited_fields(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in EDITED_FIELDS}

    def clean_clinic(self) -> Clinic | None:
        return self.only_clinic or self.cleaned_data["clinic"]


class AssignForm(forms.Form):
    """A clinician who becomes responsible for the ticked patients."""

    user = ResponsibleField(label="Responsible clinician", empty_label="Choose a clinician…")

    def __init__(self, data: Any = None, *, clinics: Sequence[Clinic]) -> None:
        super().__init__(data, auto_id="assign_%s")
        self.label_suffix = ""
        cast("PersonField", self.fields["user"]).offer_people_of(clinics)
        self.fields["user"].error_messages["required"] = "Choose a clinician."


class ReassignForm(forms.Form):
    """A person who leaves or changes the work, and who takes all of the patients."""

    leaving = PersonField(label="All patients of", empty_label="Choose a person…")
    user = PersonField(label="To", empty_label="Choose a person…")
    expected = forms.IntegerField(required=False, widget=forms.HiddenInput)  # patients on the page that asked

    def __init__(self, data: Any = None, *, clinics: Sequence[Clinic]) -> None:
        super().__init__(data, auto_id="reassign_%s")
        self.label_suffix = ""
        for name in ("leaving", "user"):
            cast("PersonField", self.fields[name]).offer_people_of(clinics)
            self.fields[name].error_messages["required"] = "Choose a person."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("leaving") and cleaned["leaving"] == cleaned.get("user"):
            self.add_error("user", "Choose another person than the one who leaves.")
        return cleaned

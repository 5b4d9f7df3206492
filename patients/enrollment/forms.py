"""Forms to enrol, edit and discharge a patient; the rules are in `patients.enrollment.admission`."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import QueryDict

from patients import zip_codes
from patients.care import team
from patients.care.team_fields import PeopleField, PeopleOfClinics, ResponsibleField
from patients.enrollment import admission
from patients.models import Clinic, Condition, DischargeReason, Patient, Practitioner, User
from patients.us_states import state_choices, time_zone_choices
from patients.validators import EARLIEST_BIRTH_DATE, format_phone, normalize_to_e164, validate_plain_text
from patients.zip_codes import ZoneSuggestion

ADDRESS_FIELDS = ("zip_code", "state", "city", "time_zone")
DATE_INPUT_FORMATS = ["%Y-%m-%d", "%m/%d/%Y", "%m-%d-%Y"]


@dataclass(frozen=True)
class FieldConflict:
    """A field that two users changed: the saved value and the typed one."""

    label: str
    saved_value: str
    typed_value: str


@dataclass(frozen=True)
class AddressHint:
    """What the form says about ZIP code and time zone while they are typed.

    `suggestion` is the zone of the address: the one that is used, or, with `chosen_zone`, another one than was chosen.
    """

    problem: str
    suggestion: ZoneSuggestion | None
    chosen_zone: str = ""


class PhoneField(forms.CharField):
    """Shown as (603) 555-0142, stored as E.164; the same number in another format is no change."""

    def prepare_value(self, value: Any) -> Any:
        return format_phone(value) if isinstance(value, str) else value

    def to_python(self, value: Any) -> str:
        return normalize_to_e164(super().to_python(value) or "")


class PatientForm(forms.ModelForm):
    """Enrol or edit a patient. An edit also posts the initial values (`show_hidden_initial`), so that only the fields
    that the user changed count and two users' edits can be merged."""

    birth_date = forms.DateField(
        label="Date of birth",
        input_formats=DATE_INPUT_FORMATS,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "min": EARLIEST_BIRTH_DATE.isoformat()}),
        error_messages={"invalid": "Write the date as MM/DD/YYYY."},
    )
    phone = PhoneField(
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
        help_text="For example (603) 555-0142.",
    )
    state = forms.ChoiceField(required=False, choices=lambda: [("", "Choose…"), *state_choices()])
    time_zone = forms.ChoiceField(
        required=False,
        choices=lambda: [("", "By the ZIP code above"), *time_zone_choices()],
        help_text="Readings are shown in this zone, and days are counted in it.",
    )
    conditions = forms.MultipleChoiceField(
        required=False, choices=Condition.choices, widget=forms.CheckboxSelectMultiple
    )
    provider = forms.CharField(
        label="Responsible provider",
        required=False,
        max_length=120,
        validators=[validate_plain_text],
        widget=forms.TextInput(attrs={"list": "provider-names"}),
    )
    responsible = ResponsibleField(label="Responsible clinician", required=False, empty_label="Not chosen yet")
    care_team = PeopleField(label="Others of the care team", required=False)
    external_id = forms.CharField(
        label="Account id at Tenovi",
        required=False,
        max_length=255,
        help_text="Leave empty, unless this patient already has an account there: then type its id exactly.",
    )
    edit_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    another_person = forms.BooleanField(label="This is another person", required=False)

    class Meta:
        model = Patient
        fields = ("clinic", *admission.EDITABLE_FIELDS)
        labels = {
            "given_name": "First name",
            "family_name": "Last name",
            "mrn": "MRN",
            "sms_consent": "Has agreed to be texted about deliveries",
            "email": "E-mail",
            "street": "Street and number",
            "street_2": "Apartment, floor",
            "zip_code": "ZIP code",
        }
        help_texts = {
            "sms_consent": "",
            "email": "Goes to Tenovi only if an administrator has switched it on for the clinic.",
            "mrn": "Unique in this clinic.",
            "zip_code": "12345 or 12345-6789.",
            "given_name": "Empty for a person with one name.",
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.editing = not self.instance._state.adding
        self.initial["provider"] = self.instance.provider
        self.limit_clinic_choices(user)
        self.prepare_team_fields(user)
        if self.editing:
            self.prepare_edit_fields()
        else:
            self.initial["external_id"] = ""
            del self.fields["edit_version"]
        self.fields["family_name"].required = False  # `clean` needs one of both names
        for field in self.fields.values():
            field.widget.attrs.setdefault("autocomplete", "off")  # a shared browser must not suggest a patient
            field.error_messages["required"] = f"{field.label} is missing."

    @property
    def provider_names(self) -> list[str]:
        """Names to choose from: of the patient's clinic, or of each clinic that may be chosen."""
        clinics = self.fields["clinic"].queryset if "clinic" in self.fields else [self.instance.clinic]  # type: ignore[attr-defined]
        return list(Practitioner.objects.filter(clinic__in=clinics).values_list("name", flat=True).distinct())

    def limit_clinic_choices(self, user: User) -> None:
        """Offer a choice only to a user of several clinics; a patient never changes the clinic."""
        own = user.clinics.all()
        clinic: Any = self.fields["clinic"]
        clinic.queryset = own
        if self.editing or len(own) == 1:
            del self.fields["clinic"]
        if not self.editing and len(own) == 1:
            self.instance.clinic = own[0]

    def prepare_team_fields(self, user: User) -> None:
        """Offer people of the patient's clinic; of all own ones while the clinic isn't chosen."""
        clinics = [self.instance.clinic] if "clinic" not in self.fields else list(user.clinics.all())
        for name in team.TEAM_FIELDS:
            cast("PeopleOfClinics", self.fields[name]).offer_people_of(clinics)
        if self.editing:
            current = team.team_of(self.instance)
            self.initial["responsible"] = current.responsible.pk if current.responsible else None
            self.initial["care_team"] = [other.pk for other in current.others]

    def prepare_edit_fields(self) -> None:
        self.initial["edit_version"] = self.instance.edit_version
        for name in admission.EDITABLE_FIELDS:
            self.fields[name].show_hidden_initial = True
        if self.instance.external_id_sent_at:
            self.fields["external_id"].disabled = True
            self.fields["external_id"].help_text = "Tenovi knows this patient under this id; it can't change any more."

    def clean_external_id(self) -> str:
        return self.cleaned_data["external_id"].strip() or self.instance.external_id

    def clean_time_zone(self) -> str:
        return self.cleaned_data["time_zone"] or self.suggest_time_zone(self.cleaned_data).time_zone

    def suggest_time_zone(self, typed: Mapping[str, Any]) -> ZoneSuggestion:
        """The clinic's own for a form without address; empty while no clinic is chosen either."""
        clinic = self.cleaned_clinic()
        return zip_codes.suggest_time_zone(
            zip_code=typed.get("zip_code", ""),
            state=typed.get("state", ""),
            clinic_zone=clinic.time_zone if clinic else "",
        )

    def cleaned_clinic(self) -> Clinic | None:
        return getattr(self, "cleaned_data", {}).get("clinic") or getattr(self.instance, "clinic", None)

    @property
    def address_hint(self) -> AddressHint:
        """About the address as it is in the form now."""
        typed = {name: str(self[name].value() or "").strip() for name in ADDRESS_FIELDS}
        zone = typed.pop("time_zone")
        problem = zip_codes.address_problem(**typed)
        if zone:
            differs = zip_codes.differs_from_zip_code(zone, typed["zip_code"])
            return AddressHint(problem, self.suggest_time_zone(typed) if differs else None, chosen_zone=zone)
        return AddressHint(problem, self.suggest_time_zone(typed) if typed["zip_code"] or typed["state"] else None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("sms_consent") and not cleaned.get("phone") and "phone" not in self.errors:
            self.add_error("phone", "Texts need a phone number.")
        if not {"given_name", "family_name"} & self.errors.keys() and not (
            cleaned.get("given_name") or cleaned.get("family_name")
        ):
            self.add_error("family_name", "Last name is missing.")
        return cleaned

    def patient_fields(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in admission.EDITABLE_FIELDS if name in self.cleaned_data}

    def add_validation_error(self, error: ValidationError) -> None:
        """Show a ValidationError of the domain next to its field."""
        self._update_errors(error)

    def _update_errors(self, errors: ValidationError) -> None:
        """The error of a constraint belongs to the field in its code; Django would show it above the form."""
        if hasattr(errors, "error_dict"):
            for problem in errors.error_dict.pop(NON_FIELD_ERRORS, []):
                field = problem.code if problem.code in self.fields else NON_FIELD_ERRORS
                errors.error_dict.setdefault(field, []).append(problem)
        super()._update_errors(errors)  # type: ignore[misc]  # Django's own, undocumented

    def merge_with_saved(
        self, current: Patient, *, changed_by_others: set[str], user: User
    ) -> tuple[PatientForm, list[FieldConflict]]:
        """This edit merged with later saved ones: others' values where only they changed, the typed ones elsewhere."""
        fresh = PatientForm(instance=copy.copy(current), user=user)
        touched = set(self.changed_data)
        data = cast("QueryDict", self.data).copy()
        conflicts = []
        for name in (name for name in admission.EDITABLE_FIELDS if name in fresh.fields):
            saved = to_posted_values(fresh[name].value())
            data.setlist(f"initial-{name}", saved)
            if name not in touched:
                data.setlist(name, saved)
            elif name in changed_by_others and saved != data.getlist(name):
                texts = [posted_value_label(fresh.fields[name], values) for values in (saved, data.getlist(name))]
                conflicts.append(FieldConflict(str(fresh[name].label), *texts))
        data["edit_version"] = str(current.edit_version)
        return PatientForm(data, instance=copy.copy(current), user=user), conflicts


def last_day_field() -> forms.DateField:
    return forms.DateField(
        label="Last day of care",
        required=False,
        input_formats=DATE_INPUT_FORMATS,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Write the date as MM/DD/YYYY."},
        help_text="Empty: today.",
    )


class DischargeForm(forms.Form):
    reason = forms.ChoiceField(
        choices=[("", "Choose…"), *DischargeReason.choices],
        error_messages={"required": "Choose why care ends."},
    )
    last_day = last_day_field()


def to_posted_values(value: Any) -> list[str]:
    """Values as a browser posts them: none for an empty box, one per ticked one."""
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    if isinstance(value, bool):
        return ["on"] if value else []
    return ["" if value is None else str(value)]


def posted_value_label(field: forms.Field, typed: list[str]) -> str:
    if isinstance(field, forms.BooleanField):
        return "yes" if typed else "no"
    labels = dict(flatten_choices(getattr(field, "choices", ())))
    return ", ".join(labels.get(value, value) for value in typed if value) or "(empty)"


def flatten_choices(choices: Any) -> list[tuple[str, str]]:
    """Choices of a select box without groups."""
    pairs: list[tuple[str, str]] = []
    for value, label in choices:
        pairs.extend(flatten_choices(label) if isinstance(label, list | tuple) else [(str(value), str(label))])
    return pairs

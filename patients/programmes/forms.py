"""Forms of facts that billing needs, one for each kind; the rules are in `facts` and `diagnoses`."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.models import construct_instance

from patients.care.forms import AUTOCOMPLETE_OFF, day_field
from patients.care.team_fields import PersonField
from patients.models import Patient, User
from patients.programmes import facts
from patients.programmes.diagnoses import parse_diagnoses
from patients.programmes.models import (
    AccessAlignment,
    ApcmPeriod,
    Consent,
    ConsentWording,
    Coverage,
    Education,
    MonitoringOrder,
    OrderedMetric,
    PatientFact,
    Payer,
    PracticeAttestation,
    PriorAuthorisation,
    Programme,
    ProgrammeEnrolment,
    QualifyingVisit,
)

FUTURE_MESSAGE = "This date is in the future. Please check it."


class FactModelForm(forms.ModelForm):
    """Checks the days of a fact in words; Django's own messages about constraints name no day."""

    def _post_clean(self) -> None:
        self.instance = construct_instance(self, self.instance, self._meta.fields)
        exclude = self._get_validation_exclusions()  # type: ignore[attr-defined]
        try:
            self.instance.full_clean(exclude=exclude, validate_unique=False, validate_constraints=False)
            if not self.errors:
                facts.check_days(self.instance)
        except ValidationError as error:
            self.add_error(None, error)


class FactForm(FactModelForm):
    """A new fact of a patient. `past_days`: fields whose day can't be in the future, on the patient's calendar."""

    past_days: tuple[str, ...] = ()
    people: tuple[str, ...] = ()  # fields of a person of the patient's clinic

    def __init__(self, data: Any = None, *, patient: Patient, user: User) -> None:
        super().__init__(data, instance=self._meta.model(patient=patient))
        self.patient, self.label_suffix = patient, ""
        for name in self.people:
            cast("PersonField", self.fields[name]).offer_people_of([patient.clinic])
            self.initial[name] = user.pk
        self.prepare()
        for field in self.fields.values():
            field.widget.attrs.setdefault("autocomplete", "off")
            field.error_messages["required"] = f"{field.label} is missing."

    def prepare(self) -> None:
        """Choices and initial values of the patient."""

    def clean(self) -> dict[str, Any]:
        """See `past_days`."""
        for name in self.past_days:
            check_past_day(self, name, self.patient.today)
        return self.cleaned_data


def check_past_day(form: forms.BaseForm, name: str, today: dt.date) -> None:
    day = form.cleaned_data.get(name)
    if day and day > today:
        form.add_error(name, FUTURE_MESSAGE)


def period_fields() -> tuple[forms.DateField, forms.DateField]:
    return day_field("First day"), day_field("Last day", required=False, help_text="Empty while it lasts.")


def offer_rows(field: Any, rows: QuerySet[Any], *, missing: str = "") -> list[Any]:
    """The rows as choices, read now: read while the field is rendered they would be a query of a template fragment.

    `missing`: help where there is no row to choose.
    """
    field.queryset, found = rows, list(rows)
    field.choices = [("", "Choose…"), *((row.pk, str(row)) for row in found)]
    if not found and missing:
        field.help_text = missing
    return found


class EnrolmentForm(FactForm):
    started_on, ended_on = period_fields()

    class Meta:
        model = ProgrammeEnrolment
        fields = ("programme", "system", "started_on", "ended_on")
        help_texts = {"system": "Of RTM only."}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        programme, system = cleaned.get("programme"), cleaned.get("system")
        if programme == Programme.RTM and not system:
            self.add_error("system", "RTM needs its body system.")
        if programme == Programme.RPM and system:
            self.add_error("system", "A body system belongs to RTM. Leave it empty for RPM.")
        return cleaned


class PayerFieldForm(FactForm):
    started_on, ended_on = period_fields()

    def prepare(self) -> None:
        payers = Payer.objects.filter(is_offered=True)
        offer_rows(self.fields["payer"], payers, missing="An administrator adds payers first.")


class CoverageForm(PayerFieldForm):
    class Meta:
        model = Coverage
        fields = ("payer", "member_id", "started_on", "ended_on")


class AuthorisationForm(PayerFieldForm):
    class Meta:
        model = PriorAuthorisation
        fields = ("payer", "code", "number", "started_on", "ended_on")
        help_texts = {"code": "The code that may be billed, such as 99454."}

    code = forms.CharField(max_length=8)

    def clean_code(self) -> str:
        return self.cleaned_data["code"].strip().upper()


class ConsentForm(FactForm):
    given_on = day_field("Given on")
    taken_by = PersonField(label="Taken by", empty_label="Choose a person…")
    past_days, people = ("given_on",), ("taken_by",)

    class Meta:
        model = Consent
        fields = ("given_on", "how", "taken_by", "wording")

    def prepare(self) -> None:
        wordings = ConsentWording.objects.filter(is_offered=True)
        found = offer_rows(self.fields["wording"], wordings, missing="An administrator writes the wording first.")
        self.fields["wording"].required = True
        self.initial["wording"] = found[0].pk if found else None


class OrderForm(FactForm):
    ordered_on = day_field("Ordered on")
    diagnoses = forms.CharField(
        label="Diagnoses (ICD-10-CM)",
        help_text="The main one first, such as I10, E11.9.",
        widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF),
    )
    metrics = forms.MultipleChoiceField(
        label="To be measured", required=False, choices=OrderedMetric.choices, widget=forms.CheckboxSelectMultiple
    )
    past_days = ("ordered_on",)

    class Meta:
        model = MonitoringOrder
        fields = ("practitioner", "ordered_on", "diagnoses", "why", "metrics")
        labels = {"why": "Why"}

    def prepare(self) -> None:
        practitioners = self.patient.clinic.practitioners.all()
        offer_rows(self.fields["practitioner"], practitioners, missing="Name a provider in the patient's form first.")
        self.initial.update(practitioner=self.patient.practitioner_id, diagnoses="", metrics=[])

    def clean_diagnoses(self) -> list[str]:
        return parse_diagnoses(self.cleaned_data["diagnoses"])


class VisitForm(FactForm):
    visited_on = day_field("Date of the visit")
    past_days = ("visited_on",)

    class Meta:
        model = QualifyingVisit
        fields = ("visited_on", "kind", "is_initiating")
        labels = {"is_initiating": "Monitoring was begun in this visit"}


class EducationForm(FactForm):
    done_on = day_field("Done on")
    done_by = PersonField(label="Done by", empty_label="Choose a person…")
    past_days, people = ("done_on",), ("done_by",)

    class Meta:
        model = Education
        fields = ("programme", "done_on", "done_by")


class AttestationForm(FactForm):
    attested_on = day_field("Attested on")
    other_practice_bills = forms.TypedChoiceField(
        label="Does another practice bill monitoring of this patient?",
        choices=[("", "Choose…"), ("no", "No other practice does"), ("yes", "Yes, another practice does")],
        coerce=lambda value: value == "yes",
        empty_value=None,
    )
    past_days = ("attested_on",)

    class Meta:
        model = PracticeAttestation
        fields = ("attested_on", "other_practice_bills", "words")
        labels = {"words": "Who said so"}

    def prepare(self) -> None:
        self.initial["other_practice_bills"] = ""


class AccessForm(FactForm):
    started_on, ended_on = period_fields()

    class Meta:
        model = AccessAlignment
        fields = ("track", "started_on", "ended_on")


class ApcmForm(FactForm):
    started_on, ended_on = period_fields()

    class Meta:
        model = ApcmPeriod
        fields = ("started_on", "ended_on")


class EndForm(forms.Form):
    day = day_field("Last day")

    def __init__(self, data: Any = None, *, row: PatientFact, today: dt.date) -> None:
        super().__init__(data)
        self.label_suffix, self.today, self.revokes = "", today, row.END_FIELD == "revoked_on"
        if self.revokes:
            self.fields["day"].label = "Revoked on"
            self.fields["day"].help_text = "From this day on nothing counts; what was reached before stays billable."
        self.fields["day"].error_messages["required"] = "The date is missing."

    def clean(self) -> dict[str, Any]:
        if self.revokes:
            check_past_day(self, "day", self.today)
        return self.cleaned_data


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label="Why is it withdrawn?", max_length=200, error_messages={"required": "The reason is missing."}
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.label_suffix = ""
        self.fields["reason"].widget.attrs["autocomplete"] = "off"

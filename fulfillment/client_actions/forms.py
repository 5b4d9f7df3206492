"""Forms of a client action: the address of the patient, and the reason for keeping a possible duplicate."""

from __future__ import annotations

from typing import Any

from django import forms

from fulfillment.forms.base import AUTOCOMPLETE_OFF, PlainForm, plain_text_field, state_field
from patients.models import Patient
from patients.validators import validate_zip_code

ADDRESS_FIELDS = ("street", "street_2", "city", "state", "zip_code")


class PatientAddressForm(PlainForm):
    """The address on the patient's record."""

    street = plain_text_field("Street and number", max_length=160)
    street_2 = plain_text_field("Apartment, floor", max_length=80, required=False)
    city = plain_text_field("City", max_length=80)
    state = state_field()
    zip_code = forms.CharField(
        label="ZIP code", max_length=10, validators=[validate_zip_code], widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF)
    )
    confirm_address = forms.BooleanField(label="This address is right, whatever the check says", required=False)
    edit_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, patient: Patient) -> None:
        values = {name: getattr(patient, name) for name in ADDRESS_FIELDS}
        super().__init__(data, initial={**values, "edit_version": patient.edit_version})

    @property
    def address(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ADDRESS_FIELDS}


class KeepDuplicateForm(PlainForm):
    reason = plain_text_field("Why are both wanted?", max_length=200)

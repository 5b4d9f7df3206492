"""Base classes of order forms: plain labels, and a shipping address with a ZIP code check."""

from __future__ import annotations

from typing import Any

from django import forms

from devices.tenovi import ShipTo
from patients import zip_codes
from patients.us_states import state_choices
from patients.validators import validate_plain_text, validate_zip_code

AUTOCOMPLETE_OFF = {"autocomplete": "off"}  # a shared computer must not suggest patients' addresses


def plain_text_field(label: str, *, max_length: int = 255, **options: Any) -> forms.CharField:
    widget, validators = forms.TextInput(attrs=AUTOCOMPLETE_OFF), [validate_plain_text]
    return forms.CharField(label=label, max_length=max_length, validators=validators, widget=widget, **options)


def gateway_id_field(**options: Any) -> forms.CharField:
    widget = forms.TextInput(attrs=AUTOCOMPLETE_OFF | {"spellcheck": "false", "data-scan": ""})
    return forms.CharField(label="Gateway ID or IMEI", max_length=40, widget=widget, **options)


def state_field() -> forms.ChoiceField:
    errors = {"invalid_choice": "Tenovi ships within the United States only. Please choose one of its states."}
    return forms.ChoiceField(choices=[("", "Choose a state"), *state_choices()], error_messages=errors)


def read_choices(form: forms.Form, *names: str) -> None:
    """Query the choices of these fields now, so that templates make no query."""
    for name in names:
        field: Any = form.fields[name]
        field.choices = list(field.choices)


class PlainForm(forms.Form):
    """Labels without a colon; the error of a missing field names the field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for name, field in self.fields.items():
            field.error_messages["required"] = f"{field.label or name.capitalize()} is missing."


class AddressForm(PlainForm):
    """Shipping address; starts as the patient's own address (`patient_address`)."""

    name = plain_text_field("Name on the parcel")
    street = plain_text_field("Street and apartment")
    city = plain_text_field("City")
    state = state_field()
    zip_code = forms.CharField(
        label="ZIP code", max_length=10, validators=[validate_zip_code], widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF)
    )

    address_fields = ("name", "street", "city", "state", "zip_code")

    @property
    def ship_to(self) -> ShipTo:
        values = {name: self.cleaned_data[name] for name in ("name", "city", "state", "zip_code")}
        return ShipTo(address=self.cleaned_data["street"], **values)

    def shipping_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.address_fields]

    @property
    def address_problem(self) -> str:
        """About ZIP code, state and city in the form, if it has them. Never prevents saving."""
        if "zip_code" not in self.fields:
            return ""
        return zip_codes.address_problem(**{name: self[name].value() or "" for name in ("zip_code", "state", "city")})

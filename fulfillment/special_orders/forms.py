"""Forms of the stock: scan of an item, choice of a patient for it, correction with a reason."""

from __future__ import annotations

from typing import Any

from django import forms

from patients.search import MAX_QUERY_LENGTH, SEARCHED_FOR
from patients.validators import validate_plain_text

# No suggestions: a shared computer must not offer patients' names.
AUTOCOMPLETE_OFF = {"autocomplete": "off"}


class StockForm(forms.Form):
    """The error of a missing field names the field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for field in self.fields.values():
            field.error_messages["required"] = f"{field.label} is missing."


class ScanForm(StockForm):
    """What a hand scanner types, with its newline, or a person."""

    hardware_id = forms.CharField(
        label="Gateway ID or IMEI",
        max_length=64,
        widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF | {"spellcheck": "false", "autofocus": True}),
        help_text="Scan the label, or type the 12 characters of a gateway or the 15 digits of a cellular device.",
    )


class StockCorrectionForm(StockForm):
    in_stock = forms.ChoiceField(
        label="Correction", choices=[("", "Choose"), ("no", "Take out of stock"), ("yes", "Put into stock again")]
    )
    reason = forms.CharField(
        max_length=200,
        label="Reason",
        validators=[validate_plain_text],
        widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF),
        help_text="Such as: found damaged, returned by a patient.",
    )


class PatientChoiceForm(StockForm):
    search = forms.CharField(
        label="Patient",
        max_length=MAX_QUERY_LENGTH,
        widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF),
        help_text=SEARCHED_FOR,
    )

"""Forms of the stock: scan of an item, choice of a patient for it, correction with a reason."""

from __future__ import annotations

from typing import Any

from django import forms

from devices.models import DeviceType
from fulfillment.special_orders.manifests import GATEWAY
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


def reason_field(help_text: str) -> forms.CharField:
    widget = forms.TextInput(attrs=AUTOCOMPLETE_OFF)
    return forms.CharField(
        label="Reason", max_length=200, validators=[validate_plain_text], widget=widget, help_text=help_text
    )


class AddedItemForm(StockForm):
    name = forms.ChoiceField(label="Device")
    hardware_id = forms.CharField(
        label="Gateway ID or IMEI",
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF | {"spellcheck": "false"}),
        help_text="Empty for a device that has none of its own.",
    )
    reason = reason_field("Such as: got from the representative.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [GATEWAY, *DeviceType.objects.orderable().order_by("name").values_list("name", flat=True)]
        name: Any = self.fields["name"]
        name.choices = [("", "Choose a device"), *((each, each) for each in dict.fromkeys(names))]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("name") == GATEWAY and not values.get("hardware_id") and not self.errors:
            self.add_error("hardware_id", "A gateway has an ID: it is on its label.")
        return values


class StockCorrectionForm(StockForm):
    in_stock = forms.ChoiceField(
        label="Correction", choices=[("", "Choose"), ("no", "Take out of stock"), ("yes", "Put into stock again")]
    )
    reason = reason_field("Such as: found damaged, returned by a patient.")


class PatientChoiceForm(StockForm):
    search = forms.CharField(
        label="Patient",
        max_length=MAX_QUERY_LENGTH,
        widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF),
        help_text=SEARCHED_FOR,
    )

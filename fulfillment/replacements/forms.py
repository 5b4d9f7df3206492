"""Form of a replacement: what is replaced, why, and where it ships to."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from devices.models import Device
from fulfillment.forms.base import AddressForm, plain_text_field
from fulfillment.ordering.unshipped_orders import patient_address
from fulfillment.replacements.models import ReplacementReason
from patients.models import Patient

DEVICE, GATEWAY = "device", "gateway"


class ReplacementForm(AddressForm):
    items = forms.MultipleChoiceField(label="What is replaced", widget=forms.CheckboxSelectMultiple)
    from_stock = forms.BooleanField(label="Take it from our own stock: the vendor ships nothing", required=False)
    reason = forms.ChoiceField(label="Why", choices=[("", "Choose a reason"), *ReplacementReason.choices])
    reason_words = plain_text_field(
        "In words", required=False, max_length=200, help_text="What the patient says. It stays here."
    )
    submission_id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, device: Device, patient: Patient, in_stock: bool = False) -> None:
        """`in_stock`: a device of its kind is."""
        super().__init__(data, initial={"submission_id": uuid.uuid4(), **patient_address(patient)})
        items: Any = self.fields["items"]
        items.choices = [(DEVICE, f"{device.name}, the device itself")]
        if device.gateway and not device.gateway.is_modem:
            items.choices = [*items.choices, (GATEWAY, f"Gateway {device.gateway.printed_id}")]
        if not in_stock:
            del self.fields["from_stock"]
        elif self.data.get("from_stock"):
            for name in self.address_fields:
                self.fields[name].required = False
        items.error_messages["required"] = "Choose the device, its gateway, or both."

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("reason") == ReplacementReason.OTHER and not values.get("reason_words"):
            self.add_error("reason_words", "Please say why in words.")
        if values.get("from_stock") and GATEWAY in values.get("items", ()):
            self.add_error("items", "A gateway can't be taken from stock here: choose the device alone.")
        return values

    def request_fields(self) -> dict[str, Any]:
        """Arguments of `request_replacement`."""
        values = self.cleaned_data
        return {
            "replace_device": DEVICE in values["items"],
            "replace_gateway": GATEWAY in values["items"],
            "ship_to": None if values.get("from_stock") else self.ship_to,
            "reason": ReplacementReason(values["reason"]),
            "reason_words": values["reason_words"],
            "submission_id": values["submission_id"],
        }

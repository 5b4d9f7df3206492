from __future__ import annotations

from typing import Any

from django import forms

from devices.models import DeviceType


class BeginTestForm(forms.Form):
    device_type = forms.ModelChoiceField(queryset=DeviceType.objects.none(), label="Device", empty_label="Choose one")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, label_suffix="")
        field: Any = self.fields["device_type"]
        field.queryset = DeviceType.objects.shippable()
        field.error_messages["required"] = "Choose the device that the test creates."

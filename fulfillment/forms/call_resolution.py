from __future__ import annotations

from typing import Any

from django import forms

from devices.models import VendorCall
from devices.outbox import manual_lookup
from fulfillment import call_resolution
from fulfillment.forms.base import AUTOCOMPLETE_OFF, PlainForm
from patients.models import User
from patients.validators import validate_plain_text


class CallResolutionForm(PlainForm):
    """One of four buttons about a call that nobody could settle, with what each of them needs."""

    LOOKUP, CONFIRM, SEND_AGAIN, ABANDON = "lookup", "confirm", "send_again", "abandon"

    choice = forms.ChoiceField(choices=[(word, word) for word in (LOOKUP, CONFIRM, SEND_AGAIN, ABANDON)])
    hwi_id = forms.UUIDField(required=False)
    typed_reference = forms.CharField(
        label="Reference", max_length=16, required=False, widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF)
    )
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        required=False,
        validators=[validate_plain_text],
        widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF),
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("choice") == self.CONFIRM and not said.get("hwi_id"):
            self.add_error("hwi_id", "Choose the device.")
        if said.get("choice") == self.ABANDON and not said.get("reason"):
            self.add_error("reason", "Say why, for those who read this later.")
        return said

    @property
    def error_field(self) -> str | None:
        """The field that a refusal of this choice is about, if the person typed one."""
        return (
            "typed_reference"
            if self.cleaned_data["choice"] == self.SEND_AGAIN and self.cleaned_data["typed_reference"]
            else None
        )

    def apply_choice(self, call: VendorCall, *, by: User) -> str:
        """Returns, for the person, what has happened. Raises CannotResolve and OrderLineActionError."""
        said = self.cleaned_data
        if said["choice"] == self.LOOKUP:
            manual_lookup.request_call_lookup(call)
            return "The vendor is being asked. What it lists is shown here within a minute."
        if said["choice"] == self.CONFIRM:
            call_resolution.confirm_call(call=call, hwi_id=said["hwi_id"], by=by)
            return "Taken. The order goes on from what the vendor says about that device."
        if said["choice"] == self.SEND_AGAIN:
            call_resolution.send_call_again(call=call, by=by, typed_reference=said["typed_reference"])
            return "It is sent again."
        call_resolution.abandon_call(call=call, by=by, reason=said["reason"])
        return "Given up. It is never sent again."

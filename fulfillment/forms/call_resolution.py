"""Form of the manual resolution of a vendor call."""

from __future__ import annotations

from typing import Any

from django import forms

from devices.models import VendorCall
from devices.outbox import manual_lookup
from fulfillment import call_resolution
from fulfillment.forms.base import AUTOCOMPLETE_OFF, PlainForm, plain_text_field
from patients.models import User


class CallResolutionForm(PlainForm):
    """One of four choices about a call that needs review, with the fields that each of them needs."""

    LOOKUP, CONFIRM, SEND_AGAIN, ABANDON = "lookup", "confirm", "send_again", "abandon"

    choice = forms.ChoiceField(choices=[(word, word) for word in (LOOKUP, CONFIRM, SEND_AGAIN, ABANDON)])
    hwi_id = forms.UUIDField(required=False)
    typed_reference = forms.CharField(
        label="Reference", max_length=16, required=False, widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF)
    )
    reason = plain_text_field("Reason", max_length=200, required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("choice") == self.CONFIRM and not values.get("hwi_id"):
            self.add_error("hwi_id", "Choose the device.")
        if values.get("choice") == self.ABANDON and not values.get("reason"):
            self.add_error("reason", "Say why, for those who read this later.")
        return values

    @property
    def error_field(self) -> str | None:
        """The field to show a refusal at; None for the whole form."""
        typed = self.cleaned_data["choice"] == self.SEND_AGAIN and self.cleaned_data["typed_reference"]
        return "typed_reference" if typed else None

    def apply_choice(self, call: VendorCall, *, by: User) -> str:
        """Returns a message for the person. Raises CannotResolve and OrderLineActionError."""
        values = self.cleaned_data
        if values["choice"] == self.LOOKUP:
            manual_lookup.request_call_lookup(call)
            return "The vendor is being asked. What it lists is shown here."
        if values["choice"] == self.CONFIRM:
            call_resolution.confirm_call(call=call, hwi_id=values["hwi_id"], by=by)
            return "Confirmed. The order now follows that device."
        if values["choice"] == self.SEND_AGAIN:
            call_resolution.send_call_again(call=call, by=by, typed_reference=values["typed_reference"])
            return "It is sent again."
        call_resolution.abandon_call(call=call, by=by, reason=values["reason"])
        return "Given up. It is never sent again."

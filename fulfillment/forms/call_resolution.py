from __future__ import annotations

from typing import Any

from django import forms

from devices.models import VendorCall
from devices.outbox import manual_lookup
from fulfillment import call_resolution
from fulfillment.forms.base import OFF, PlainForm
from patients.models import User
from patients.validators import validate_plain_text


class DecisionForm(PlainForm):
    """One of four buttons about a call that nobody could settle, with what each of them needs."""

    LOOK, ADOPT, SEND_AGAIN, GIVE_UP = "look", "adopt", "send_again", "give_up"

    choice = forms.ChoiceField(choices=[(word, word) for word in (LOOK, ADOPT, SEND_AGAIN, GIVE_UP)])
    hwi_id = forms.UUIDField(required=False)
    typed = forms.CharField(label="Reference", max_length=16, required=False, widget=forms.TextInput(attrs=OFF))
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        required=False,
        validators=[validate_plain_text],
        widget=forms.TextInput(attrs=OFF),
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("choice") == self.ADOPT and not said.get("hwi_id"):
            self.add_error("hwi_id", "Choose the device.")
        if said.get("choice") == self.GIVE_UP and not said.get("reason"):
            self.add_error("reason", "Say why, for those who read this later.")
        return said

    @property
    def typed_in(self) -> str | None:
        """The field that a refusal of this choice is about, if the person typed one."""
        return "typed" if self.cleaned_data["choice"] == self.SEND_AGAIN and self.cleaned_data["typed"] else None

    def carry_out(self, call: VendorCall, *, by: User) -> str:
        """Returns, for the person, what has happened. Raises decisions.CantDecide, and TooLate."""
        said = self.cleaned_data
        if said["choice"] == self.LOOK:
            manual_lookup.ask(call)
            return "The vendor is being asked. What it lists is shown here in a moment."
        if said["choice"] == self.ADOPT:
            call_resolution.adopt(call=call, hwi_id=said["hwi_id"], by=by)
            return "Taken. The order goes on from what the vendor says about that device."
        if said["choice"] == self.SEND_AGAIN:
            call_resolution.send_again(call=call, by=by, typed=said["typed"])
            return "It is sent again."
        call_resolution.give_up(call=call, by=by, reason=said["reason"])
        return "Given up. It is never sent again."

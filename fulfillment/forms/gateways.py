"""Parts of order forms about gateways: one that another patient has, one without a free place."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from devices.gateway_holders import GatewayHeldError, GatewayHolders, SharingReason
from fulfillment.forms.base import PlainForm, plain_text_field
from patients.models import Patient, User

GATEWAY_FULL, GATEWAY_HELD = "no_room", "held"
GATEWAY_FULL_MESSAGE = (
    "This gateway already has: {}. The vendor takes one device of each kind per gateway and would refuse it. {}"
)


class GatewaySharingForm(PlainForm):
    """With the reason for using a gateway that another patient of the clinic has, asked for where one has it."""

    sharing_reason = forms.ChoiceField(
        label="Why is this gateway shared?",
        choices=[("", "Choose a reason"), *SharingReason.choices],
        initial="",
        required=False,
        help_text="It is recorded with the order.",
    )
    gateway_field = "gateway_id"
    refused_holders: GatewayHolders | None = None

    def add_gateway_held_error(self, error: GatewayHeldError, *, user: User) -> None:
        self.refused_holders = error.holders
        text = error.holders.message_for(user)
        self.add_error(self.gateway_field, forms.ValidationError(text, code=GATEWAY_HELD))

    def named_holders(self) -> list[GatewayHolders]:
        """Whose patients the page names."""
        return [self.refused_holders] if self.refused_holders else []

    @property
    def asks_for_sharing_reason(self) -> bool:
        refused = self.refused_holders
        if refused is not None:
            return not refused.outside_clinic
        return bool(self["sharing_reason"].value())


class IdempotentOrderForm(GatewaySharingForm):
    """Has the form's own id, so that a double click makes one order, and the reason for ordering a device again."""

    override_capacity = forms.BooleanField(label="The gateway no longer has it: order anyway", required=False)
    submission_id = forms.UUIDField(widget=forms.HiddenInput)
    override_reason = plain_text_field(
        "Why is another one needed?",
        required=False,
        max_length=200,
        help_text="Only for a device that is on its way already.",
    )

    def __init__(
        self, data: Any = None, *, patient: Patient, user: User, initial: dict[str, str] | None = None
    ) -> None:
        super().__init__(data, initial={"submission_id": uuid.uuid4(), **(initial or {})})
        self.patient, self.user = patient, user


def gateway_full_error(device_names: list[str], advice: str) -> forms.ValidationError:
    """With a code: the page offers to order anyway for this error alone."""
    return forms.ValidationError(GATEWAY_FULL_MESSAGE.format(", ".join(device_names), advice), code=GATEWAY_FULL)

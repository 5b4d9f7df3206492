"""Worklist kind of replacements: refused, held or returned, until it proceeds or is requested again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q

from devices.statuses import DeviceState, StatusText
from fulfillment.replacements.models import Replacement, ReplacementState
from fulfillment.worklist.kinds import (
    Facts,
    Finding,
    WorklistKind,
    explain_end_of_device,
    open_device_page,
    register_worklist_source,
)

CANCEL_ADVICE = "Open the device: the replacement can be cancelled there and requested again."
TEXTS = {
    ReplacementState.REFUSED: ("bad", "The vendor has refused to replace it.", "Open the device, and request it anew."),
    ReplacementState.ACTION_REQUIRED: (
        "bad",
        "The vendor holds the replacement until the clinic acts.",
        f"Correct the address in the vendor's web app. {CANCEL_ADVICE}",
    ),
    ReplacementState.ON_HOLD: (
        "warn",
        "The vendor has put the replacement on hold.",
        f"Ask the vendor. {CANCEL_ADVICE}",
    ),
    ReplacementState.RETURNED: (
        "warn",
        "The replacement came back to the vendor.",
        "Call the patient about the address, then request it anew on the device's page.",
    ),
}


def find_stuck_replacements(_now: dt.datetime) -> Iterator[Finding]:
    """Of devices in use, unless the same was requested again."""
    same = Q(device=OuterRef("device"), replaces_device=OuterRef("replaces_device")) | Q(gateway=OuterRef("gateway"))
    later = Replacement.objects.filter(same, requested_at__gt=OuterRef("requested_at"))
    stuck = Replacement.objects.filter(
        ~Exists(later),
        state__in=list(TEXTS),
        device__state__in=DeviceState.linked(),
        patient__discharged_at__isnull=True,
    )
    columns = ("pk", "state", "state_since", "patient__clinic_id", "patient_id", "device__name", "device_id")
    for pk, state, since, clinic, patient, name, device in stuck.order_by().values_list(*columns):
        yield Finding(
            "replacement_stuck", f"replacement:{pk}", since, clinic, patient, name=name, device_id=device,
            facts={"state": state},
        )  # fmt: skip


def describe_stuck_replacement(facts: Facts) -> StatusText:
    return StatusText(*TEXTS[ReplacementState(facts.get("state", ReplacementState.ON_HOLD))])


register_worklist_source(
    find_stuck_replacements,
    [
        WorklistKind(
            "replacement_stuck", "Replacement stuck", describe_stuck_replacement, next_action=open_device_page,
            explain_end=explain_end_of_device, ended="It proceeds, or was cancelled or requested again.",
        )
    ],
)  # fmt: skip

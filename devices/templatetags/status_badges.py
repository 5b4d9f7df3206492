"""The tone of a status badge: `<span class="state state--{{ device.state|status_tone }}">{{ ... }}</span>`."""

from __future__ import annotations

from django import template

from devices.models.delivery import DeliveryState
from devices.models.sync import SyncRowState
from devices.models.vendor_call import CallState
from devices.statuses import DeviceState

register = template.Library()

# The tones are on the enums; a value that is in two of them has the same tone in both.
TONE_BY_STATE = {
    state.value: state.tone for states in (DeviceState, CallState, DeliveryState, SyncRowState) for state in states
}


@register.filter
def status_tone(state: str) -> str:
    """ok, info, warn, bad or idle for the state of a device, order line, call or delivery; warn for other text."""
    return TONE_BY_STATE.get(str(state), "warn")

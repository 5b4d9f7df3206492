"""The colour and shape of a state: `<span class="state state--{{ device.state|status_tone }}">{{ ... }}</span>`."""

from __future__ import annotations

from django import template

register = template.Library()

STATES_BY_TONE = {
    "bad": ("needs_review", "rejected", "unknown_gateway", "action_required", "returned"),
    "warn": ("on_hold", "other", "unknown", "quarantined", "dead", "failed"),
    "info": ("queued", "sending", "pending", "requested", "ready", "shipped", "delivered", "waiting", "new"),
    "ok": ("connected", "confirmed", "done"),
    "idle": ("unlinked", "cancelled", "abandoned"),
}
TONE_BY_STATE = {state: tone for tone, states in STATES_BY_TONE.items() for state in states}


@register.filter
def status_tone(state: str) -> str:
    """ok, info, warn, bad or idle for a device's, line's, call's or delivery's state; unknown words are a warning."""
    return TONE_BY_STATE.get(str(state), "warn")

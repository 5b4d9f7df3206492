"""The colour and shape of a state: `<span class="state state--{{ device.state|tone }}">{{ ... }}</span>`."""

from __future__ import annotations

from django import template

register = template.Library()

TONES = {
    "bad": ("needs_human", "rejected", "unknown_gateway", "action_required", "returned"),
    "warn": ("on_hold", "other", "unknown", "quarantined", "dead", "failed"),
    "info": ("intent", "sending", "pending", "requested", "ready", "shipped", "delivered", "waiting", "new"),
    "ok": ("connected", "confirmed", "done"),
    "idle": ("unlinked", "cancelled", "given_up"),
}
TONE_OF = {state: tone for tone, states in TONES.items() for state in states}


@register.filter
def tone(state: str) -> str:
    """ok, info, warn, bad or idle for a device's, line's, call's or delivery's state; unknown words are a warning."""
    return TONE_OF.get(str(state), "warn")

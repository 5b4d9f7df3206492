from __future__ import annotations

from typing import Any

from django import template

from patients import sessions

register = template.Library()


@register.inclusion_tag("_session.html", takes_context=True)
def session_watch(context: dict[str, Any]) -> dict[str, Any]:
    """Watches over the time that a signed-in person has left; nothing where a page is drawn without a request."""
    request = context.get("request")
    return {
        "left": sessions.left(request.session) if request and request.user.is_authenticated else None,
        "ask": sessions.ASK_SECONDS,
        "tell": sessions.TELL_SECONDS,
        "say": sessions.SAY_SECONDS,
        "csrf_token": context.get("csrf_token", ""),
    }

from __future__ import annotations

from typing import Any

from django import template

from patients.accounts import session_timeout

register = template.Library()


@register.inclusion_tag("_session.html", takes_context=True)
def session_watch(context: dict[str, Any]) -> dict[str, Any]:
    """Watches over the time that a signed-in person has left; nothing where a page is drawn without a request."""
    request = context.get("request")
    return {
        "left": session_timeout.left(request.session) if request and request.user.is_authenticated else None,
        "ask": session_timeout.ASK_SECONDS,
        "tell": session_timeout.TELL_SECONDS,
        "say": session_timeout.SAY_SECONDS,
        "csrf_token": context.get("csrf_token", ""),
    }

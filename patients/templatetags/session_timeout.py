from __future__ import annotations

from typing import Any

from django import template

from patients.accounts import session_timeout

register = template.Library()


@register.inclusion_tag("_session_timeout.html", takes_context=True)
def session_timeout_dialog(context: dict[str, Any]) -> dict[str, Any]:
    """Watches over the time that a signed-in person has left; nothing where a page is drawn without a request."""
    request = context.get("request")
    return {
        "left": session_timeout.session_time_left(request.session)
        if request and request.user.is_authenticated
        else None,
        "ask": session_timeout.IDLE_WARNING_SECONDS,
        "tell": session_timeout.EXPIRY_NOTICE_SECONDS,
        "say": session_timeout.KEEPALIVE_SECONDS,
        "csrf_token": context.get("csrf_token", ""),
    }

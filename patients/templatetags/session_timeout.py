from __future__ import annotations

from typing import Any

from django import template

from patients.accounts import session_timeout

register = template.Library()


@register.inclusion_tag("_session_timeout.html", takes_context=True)
def session_timeout_dialog(context: dict[str, Any]) -> dict[str, Any]:
    """The session timeout dialog for a signed-in person; nothing where a page is rendered without a request."""
    request = context.get("request")
    return {
        "left": session_timeout.session_time_left(request.session)
        if request and request.user.is_authenticated
        else None,
        "idle_warning_seconds": session_timeout.IDLE_WARNING_SECONDS,
        "end_notice_seconds": session_timeout.EXPIRY_NOTICE_SECONDS,
        "keepalive_seconds": session_timeout.KEEPALIVE_SECONDS,
        "csrf_token": context.get("csrf_token", ""),
    }

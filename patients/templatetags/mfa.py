from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def is_mfa_disabled() -> bool:
    return not settings.MFA_REQUIRED


@register.simple_tag
def passkeys_supported() -> bool:
    """Whether browsers support passkeys here: for host names only, over https or on `localhost`."""
    site = urlsplit(settings.SITE_URL)
    if site.hostname == "localhost":
        return True
    try:
        ipaddress.ip_address(site.hostname or "")
    except ValueError:
        return site.scheme == "https"
    return False


@register.filter
def group_by_fours(text: str) -> str:
    """A setup key in groups of four, for typing."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))

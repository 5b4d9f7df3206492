"""Tracking links come from outside. Only https to a carrier that we know becomes something to click on."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings

UNSAFE_CHARACTERS = re.compile(r"[\s\\\x00-\x20\x7f-\U0010ffff\"'<>`{}|^]")
URL_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*")


def safe_tracking_url(text: str) -> str | None:
    """The address to link to; None when it must stay plain text. Without a scheme, https is meant. Never fetched."""
    address = text.strip()
    if not address or UNSAFE_CHARACTERS.search(address):
        return None
    if not address.lower().startswith("https://"):
        if has_url_scheme(address) or address.startswith("/"):
            return None
        address = f"https://{address}"
    return address if is_carrier_url(address) else None


def has_url_scheme(address: str) -> bool:
    """`javascript:...` does; `ups.com:443/x` would too, and a tracking link needs no port."""
    return URL_SCHEME.match(address) is not None


def is_carrier_url(address: str) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    plain = "@" not in parts.netloc and port in (None, 443) and HOST_NAME.fullmatch(host) is not None
    return plain and any(host == known or host.endswith(f".{known}") for known in settings.TRACKING_HOSTS)

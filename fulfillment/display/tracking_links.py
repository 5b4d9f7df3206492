"""Tracking links come from the vendor: only https addresses of known carriers (TRACKING_HOSTS) become links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

UNSAFE_CHARACTERS = re.compile(r"[\s\\\x00-\x20\x7f-\U0010ffff\"'<>`{}|^]")
URL_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class TrackingLink:
    text: str
    href: str | None


def build_tracking_link(text: str) -> TrackingLink | None:
    return TrackingLink(text, safe_tracking_url(text)) if text else None


def safe_tracking_url(text: str) -> str | None:
    """The https address to link to; None when it must stay plain text. Never fetched."""
    address = text.strip()
    if not address or UNSAFE_CHARACTERS.search(address):
        return None
    if not address.lower().startswith("https://"):
        # `javascript:` has a scheme. `ups.com:443/x` seems to have one, but a tracking link needs no port.
        if URL_SCHEME.match(address) or address.startswith("/"):
            return None
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    plain = "@" not in parts.netloc and port in (None, 443) and HOST_NAME.fullmatch(host)
    known = any(host == carrier or host.endswith(f".{carrier}") for carrier in settings.TRACKING_HOSTS)
    return address if plain and known else None

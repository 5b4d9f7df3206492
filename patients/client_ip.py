"""Client IP address behind trusted proxies, for sign-in limits, audit rows and webhook statistics."""

from __future__ import annotations

import functools
import ipaddress

from django.conf import settings
from django.http import HttpRequest


def get_client_ip(request: HttpRequest) -> str | None:
    """The client's IP address, or None behind a unix socket without proxies.

    Each trusted proxy appends the address that it saw to X-Forwarded-For, so with n of them the client is the n-th
    from the right; entries further left are the client's own claim. A header with fewer entries didn't come through
    the proxies and is ignored.
    """
    count = settings.TRUSTED_PROXY_COUNT
    hops = [hop for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if count and len(hops) >= count:
        return parse_ip_address(hops[-count]) or parse_ip_address(request.META.get("REMOTE_ADDR", ""))
    return parse_ip_address(request.META.get("REMOTE_ADDR", ""))


@functools.lru_cache(maxsize=1024)  # the same few for every webhook
def parse_ip_address(text: str) -> str | None:
    """Without a port, if some proxy wrote one: `192.0.2.1:4711`, `[2001:db8::1]:4711`."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None

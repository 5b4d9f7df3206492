"""Registration of our webhooks at the vendor: one URL per kind of event, each with the secret header."""

from __future__ import annotations

from typing import TYPE_CHECKING

import stamina
from django.conf import settings

from devices.tenovi import NotSent

if TYPE_CHECKING:
    from devices.tenovi import TenoviClient, VendorWebhook

# The hook for special orders is set up in the vendor's web app: the spelling of its event is undocumented.
WEBHOOK_PATHS = {"MEASUREMENT": "/hooks/tenovi/measurements/", "FULFILLMENT": "/hooks/tenovi/fulfillment/"}
SPECIAL_ORDERS_PATH = "/hooks/tenovi/orders/"
MAX_TRIES, RETRY_TIMEOUT_SECONDS = 5, 60


def register_webhooks(client: TenoviClient, *, site_url: str) -> list[str]:
    """Create the hooks that are missing and refresh the secret of those that are there. Returns their addresses.

    Two hooks to one address would bring each event twice, so an address is registered once only.
    """
    existing = {hook.endpoint: hook for hook in client.list_webhooks().rows}
    endpoints = []
    for event, path in WEBHOOK_PATHS.items():
        endpoint = site_url + path
        create_or_update_webhook(client, existing.get(endpoint), endpoint=endpoint, event=event)
        endpoints.append(endpoint)
    return endpoints


# "Too many requests" has changed nothing, and the rate limiter holds the key back: a retry is safe.
@stamina.retry(on=NotSent, attempts=MAX_TRIES, timeout=RETRY_TIMEOUT_SECONDS)
def create_or_update_webhook(client: TenoviClient, hook: VendorWebhook | None, *, endpoint: str, event: str) -> None:
    facts = {
        "endpoint": endpoint,
        "event": event,
        "header": settings.TENOVI_WEBHOOK_HEADER,
        "secret": settings.TENOVI_WEBHOOK_SECRETS[0],
    }
    if hook is None:
        client.create_webhook(**facts)
    else:
        client.update_webhook(hook.id, **facts)

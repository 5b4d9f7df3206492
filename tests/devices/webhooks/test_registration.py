"""Our addresses at the vendor."""

import pytest
from django.core.management import CommandError, call_command

from devices.tenovi import Unclear
from devices.webhooks import registration
from tests.simulated_vendor import client, no_retry_delays, sim

__all__ = ["client", "no_retry_delays", "sim"]

NEW_HOOK = {"method": "POST", "path_contains": "webhooks"}
SITE = "https://rpm.example"
pytestmark = pytest.mark.django_db


def registered_webhooks(client):
    return sorted((hook.event, hook.endpoint) for hook in client.list_webhooks().rows)


def test_webhook_registration_creates_a_measurement_and_a_fulfillment_endpoint(client):
    registration.register_webhooks(client, site_url=SITE)

    assert registered_webhooks(client) == [
        ("FULFILLMENT", f"{SITE}/hooks/tenovi/fulfillment/"),
        ("MEASUREMENT", f"{SITE}/hooks/tenovi/measurements/"),
    ]


def test_webhook_registration_run_twice_creates_no_second_webhook(client):
    registration.register_webhooks(client, site_url=SITE)
    registration.register_webhooks(client, site_url=SITE)

    assert len(registered_webhooks(client)) == 2


def test_webhook_registration_retries_after_a_429_response(client, sim):
    """A busy machine lets two calls arrive within a second of each other, and `make demo` began again from nothing."""
    sim.faults.add("status", status=429, match=NEW_HOOK)

    registration.register_webhooks(client, site_url=SITE)

    assert len(registered_webhooks(client)) == 2


def test_webhook_registration_does_not_retry_an_unclear_response(client, sim):
    sim.faults.add("status", status=502, match=NEW_HOOK)

    with pytest.raises(Unclear):
        registration.register_webhooks(client, site_url=SITE)


def test_webhook_registration_updates_existing_webhooks_after_secret_rotation(client, sim, settings):
    registration.register_webhooks(client, site_url=SITE)
    settings.TENOVI_WEBHOOK_SECRETS = ["Bearer the-new-one", *settings.TENOVI_WEBHOOK_SECRETS]

    registration.register_webhooks(client, site_url=SITE)

    assert {hook["auth_header"] for hook in sim.state.store.all("webhook")} == {"Bearer the-new-one"}


def test_webhook_registration_leaves_webhooks_of_other_endpoints(client):
    client.create_webhook(endpoint="https://other.example/", event="MEASUREMENT", header="Authorization", secret="x")

    registration.register_webhooks(client, site_url=SITE)

    assert ("MEASUREMENT", "https://other.example/") in registered_webhooks(client)


def test_register_webhooks_command_fails_without_a_site_url(settings):
    settings.SITE_URL = ""

    with pytest.raises(CommandError, match="SITE_URL"):
        call_command("register_webhooks")

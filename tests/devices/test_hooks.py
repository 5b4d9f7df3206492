"""Our addresses at the vendor."""

import pytest
from django.core.management import CommandError, call_command

from devices.tenovi import Unclear
from devices.webhooks import registration
from tests.vendor import client, no_pauses_between_tries, sim

__all__ = ["client", "no_pauses_between_tries", "sim"]

NEW_HOOK = {"method": "POST", "path_contains": "webhooks"}
SITE = "https://rpm.example"
pytestmark = pytest.mark.django_db


def registered(client):
    return sorted((hook.event, hook.endpoint) for hook in client.list_webhooks().rows)


def test_readings_and_shipping_news_have_an_address_each(client):
    registration.register(client, site_url=SITE)

    assert registered(client) == [
        ("FULFILLMENT", f"{SITE}/hooks/tenovi/fulfillment/"),
        ("MEASUREMENT", f"{SITE}/hooks/tenovi/measurements/"),
    ]


def test_twice_is_once_so_that_no_event_comes_twice(client):
    registration.register(client, site_url=SITE)
    registration.register(client, site_url=SITE)

    assert len(registered(client)) == 2


def test_a_vendor_who_asks_to_wait_is_asked_again(client, sim):
    """A busy machine lets two calls arrive within a second of each other, and `make demo` began again from nothing."""
    sim.faults.add("status", status=429, match=NEW_HOOK)

    registration.register(client, site_url=SITE)

    assert len(registered(client)) == 2


def test_an_answer_that_was_lost_is_not_taken_for_one_that_may_be_sent_again(client, sim):
    sim.faults.add("status", status=502, match=NEW_HOOK)

    with pytest.raises(Unclear):
        registration.register(client, site_url=SITE)


def test_a_rotated_secret_reaches_the_hooks_that_are_there(client, sim, settings):
    registration.register(client, site_url=SITE)
    settings.TENOVI_WEBHOOK_SECRETS = ["Bearer the-new-one", *settings.TENOVI_WEBHOOK_SECRETS]

    registration.register(client, site_url=SITE)

    assert {hook["auth_header"] for hook in sim.world.store.all("webhook")} == {"Bearer the-new-one"}


def test_hooks_of_others_stay(client):
    client.create_webhook(endpoint="https://other.example/", event="MEASUREMENT", header="Authorization", secret="x")

    registration.register(client, site_url=SITE)

    assert ("MEASUREMENT", "https://other.example/") in registered(client)


def test_without_our_own_address_nothing_is_registered(settings):
    settings.SITE_URL = ""

    with pytest.raises(CommandError, match="SITE_URL"):
        call_command("register_webhooks")

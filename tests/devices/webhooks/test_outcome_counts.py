import datetime as dt
import json
import time
from collections import Counter

import pytest
from django.db import OperationalError
from django.utils import timezone

from devices.models import WebhookCount
from devices.models.webhook_count import WebhookOutcome
from devices.webhooks import outcome_counts
from tests.measurements.webhook_items import SECRET

HOOK = "/hooks/tenovi/measurements/"
BODY = json.dumps([{"metric": "weight"}])

pytestmark = pytest.mark.django_db


def post_webhook(client, path=HOOK, body=BODY, secret=SECRET, address="192.0.2.7", **headers):
    return client.generic("POST", path, body, HTTP_AUTHORIZATION=secret, REMOTE_ADDR=address, **headers)


def flushed_outcome_counts(tallies):
    assert tallies.flush()
    return WebhookCount.objects.totals("outcome")


def create_webhook_count(outcome, *, count=1, ago=dt.timedelta(0), source="192.0.2.7"):
    minute = (timezone.now() - ago).replace(second=0, microsecond=0)
    return WebhookCount.objects.create(minute=minute, outcome=outcome, source=source, count=count)


def test_webhook_counts_record_every_outcome_with_the_client_ip(client, webhook_counts):
    post_webhook(client)
    post_webhook(client, secret="wrong")
    post_webhook(client, path="/hooks/tenovi/else/")
    post_webhook(client, path="/hooks/tenovi/else/", secret="")
    post_webhook(client, body="")
    post_webhook(client, body="x" * 1_100_000)
    client.get(HOOK, HTTP_AUTHORIZATION=SECRET, REMOTE_ADDR="192.0.2.7")

    kinds = ("accepted", "wrong_secret", "path", "probe", "length", "too_large", "method")
    assert flushed_outcome_counts(webhook_counts) == dict.fromkeys(kinds, 1)
    assert set(WebhookCount.objects.values_list("source", flat=True)) == {"192.0.2.7"}


def test_webhook_counts_ignore_a_forged_x_forwarded_for_header(client, webhook_counts):
    post_webhook(client, secret="wrong", HTTP_X_FORWARDED_FOR="198.51.100.1")

    webhook_counts.flush()
    assert WebhookCount.objects.get().source == "192.0.2.7"


def test_webhook_counts_use_the_client_ip_seen_by_a_trusted_proxy(client, webhook_counts, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    post_webhook(client, secret="wrong", HTTP_X_FORWARDED_FOR="203.0.113.66, 198.51.100.1")

    webhook_counts.flush()
    assert WebhookCount.objects.get().source == "198.51.100.1"


def test_webhook_counts_of_several_processes_are_added_up():
    minute = int(time.time() // 60)
    for _ in range(2):
        outcome_counts.add_counts(Counter({(minute, WebhookOutcome.LENGTH, "192.0.2.7"): 3}))

    assert WebhookCount.objects.get().count == 6


def test_webhook_counts_limit_rows_for_a_flood_from_many_addresses(webhook_counts):
    for number in range(5_000):
        webhook_counts.record_outcome(WebhookOutcome.WRONG_SECRET, f"2001:db8::{number:x}")

    assert flushed_outcome_counts(webhook_counts) == {"wrong_secret": 5_000}
    assert WebhookCount.objects.count() <= outcome_counts.MAX_SOURCES + 1


def test_webhook_counts_limit_rows_per_minute(monkeypatch):
    monkeypatch.setattr(outcome_counts, "MAX_ROWS_PER_MINUTE", 20)
    minute = int(time.time() // 60)
    for number in range(100):
        outcome_counts.add_counts(Counter({(minute, WebhookOutcome.PROBE, f"192.0.2.{number}"): 1}))

    assert WebhookCount.objects.count() == 21
    assert WebhookCount.objects.totals("outcome") == {"probe": 100}


def test_webhook_counts_are_retained_while_the_database_is_unavailable(webhook_counts, monkeypatch):
    def broken(_counts):
        raise OperationalError

    webhook_counts.record_outcome(WebhookOutcome.DATABASE, "192.0.2.7")
    with monkeypatch.context() as patch:
        patch.setattr(outcome_counts, "add_counts", broken)
        assert not webhook_counts.flush()

    assert flushed_outcome_counts(webhook_counts) == {"database": 1}


def test_refused_webhooks_raise_an_operator_alarm_from_the_third_on():
    create_webhook_count("length")
    create_webhook_count("database")
    assert outcome_counts.check_refused_webhooks() is None

    create_webhook_count("database", ago=dt.timedelta(minutes=50))
    assert outcome_counts.check_refused_webhooks() == (
        "webhooks of the vendor were refused within the last hour: database error 2, no length 1"
    )


def test_refused_webhooks_of_unknown_senders_or_hours_ago_raise_no_alarm():
    create_webhook_count("wrong_secret", count=1_000)
    create_webhook_count("probe", count=1_000)
    create_webhook_count("length", count=1_000, ago=dt.timedelta(hours=2))

    assert (outcome_counts.check_refused_webhooks(), outcome_counts.check_wrong_secrets()) == (None, None)


def test_wrong_secrets_from_a_formerly_accepted_address_raise_an_alarm_from_the_third_on():
    create_webhook_count("accepted", ago=dt.timedelta(days=3))
    create_webhook_count("wrong_secret", count=2)
    create_webhook_count("wrong_secret", count=9, source="198.51.100.1")
    assert outcome_counts.check_wrong_secrets() is None

    create_webhook_count("wrong_secret", ago=dt.timedelta(minutes=1))
    assert (
        outcome_counts.check_wrong_secrets()
        == "wrong secret from addresses that had the right one before: 192.0.2.7 3 times"
    )


def test_webhook_counts_purge_deletes_old_rows():
    create_webhook_count("accepted", ago=dt.timedelta(days=29))
    create_webhook_count("accepted", ago=dt.timedelta(days=31))
    create_webhook_count("probe", ago=dt.timedelta(days=3))

    outcome_counts.purge_old_counts()

    assert WebhookCount.objects.count() == 1

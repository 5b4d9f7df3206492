import datetime as dt
import json
import time
from collections import Counter

import pytest
from django.db import OperationalError
from django.utils import timezone

from devices.models import HookTally
from devices.models.webhook_count import HookOutcome
from devices.webhooks import outcome_counts
from tests.measurements.vendor import SECRET

HOOK = "/hooks/tenovi/measurements/"
BODY = json.dumps([{"metric": "weight"}])

pytestmark = pytest.mark.django_db


def post(client, path=HOOK, body=BODY, secret=SECRET, address="192.0.2.7", **headers):
    return client.generic("POST", path, body, HTTP_AUTHORIZATION=secret, REMOTE_ADDR=address, **headers)


def outcomes(tallies):
    assert tallies.flush()
    return HookTally.objects.totals("outcome")


def tally(outcome, *, count=1, ago=dt.timedelta(0), source="192.0.2.7"):
    minute = (timezone.now() - ago).replace(second=0, microsecond=0)
    return HookTally.objects.create(minute=minute, outcome=outcome, source=source, count=count)


def test_each_way_a_hook_can_end_is_counted_with_its_sender(client, tallies):
    post(client)
    post(client, secret="wrong")
    post(client, path="/hooks/tenovi/else/")
    post(client, path="/hooks/tenovi/else/", secret="")
    post(client, body="")
    post(client, body="x" * 300_000)
    client.get(HOOK, HTTP_AUTHORIZATION=SECRET, REMOTE_ADDR="192.0.2.7")

    kinds = ("accepted", "wrong_secret", "path", "stranger", "length", "too_large", "method")
    assert outcomes(tallies) == dict.fromkeys(kinds, 1)
    assert set(HookTally.objects.values_list("source", flat=True)) == {"192.0.2.7"}


def test_a_forged_forwarding_header_is_not_believed(client, tallies):
    post(client, secret="wrong", HTTP_X_FORWARDED_FOR="198.51.100.1")

    tallies.flush()
    assert HookTally.objects.get().source == "192.0.2.7"


def test_behind_a_proxy_the_sender_is_whom_the_proxy_saw(client, tallies, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    post(client, secret="wrong", HTTP_X_FORWARDED_FOR="203.0.113.66, 198.51.100.1")

    tallies.flush()
    assert HookTally.objects.get().source == "198.51.100.1"


def test_counts_of_several_processes_add_up():
    minute = int(time.time() // 60)
    for _ in range(2):
        outcome_counts.write(Counter({(minute, HookOutcome.LENGTH, "192.0.2.7"): 3}))

    assert HookTally.objects.get().count == 6


def test_a_flood_from_many_addresses_makes_few_rows(tallies):
    for number in range(5_000):
        tallies.note(HookOutcome.WRONG_SECRET, f"2001:db8::{number:x}")

    assert outcomes(tallies) == {"wrong_secret": 5_000}
    assert HookTally.objects.count() <= outcome_counts.MOST_SOURCES + 1


def test_a_long_flood_makes_few_rows_a_minute(monkeypatch):
    monkeypatch.setattr(outcome_counts, "MOST_ROWS", 20)
    minute = int(time.time() // 60)
    for number in range(100):
        outcome_counts.write(Counter({(minute, HookOutcome.STRANGER, f"192.0.2.{number}"): 1}))

    assert HookTally.objects.count() == 21
    assert HookTally.objects.totals("outcome") == {"stranger": 100}


def test_while_the_database_is_in_trouble_nothing_counted_is_lost(tallies, monkeypatch):
    def broken(_counts):
        raise OperationalError

    tallies.note(HookOutcome.DATABASE, "192.0.2.7")
    with monkeypatch.context() as patch:
        patch.setattr(outcome_counts, "write", broken)
        assert not tallies.flush()

    assert outcomes(tallies) == {"database": 1}


def test_two_refusals_of_the_vendor_may_be_chance_and_three_are_an_alarm():
    tally("length")
    tally("database")
    assert outcome_counts.lost() is None

    tally("database", ago=dt.timedelta(minutes=50))
    assert outcome_counts.lost() == (
        "webhooks of the vendor were refused within the last hour: database in trouble 2, no length 1"
    )


def test_strangers_raise_no_alarm_and_old_refusals_none_either():
    tally("wrong_secret", count=1_000)
    tally("stranger", count=1_000)
    tally("length", count=1_000, ago=dt.timedelta(hours=2))

    assert (outcome_counts.lost(), outcome_counts.locked_out()) == (None, None)


def test_three_wrong_secrets_from_an_address_that_had_the_right_one_are_an_alarm():
    tally("accepted", ago=dt.timedelta(days=3))
    tally("wrong_secret", count=2)
    tally("wrong_secret", count=9, source="198.51.100.1")
    assert outcome_counts.locked_out() is None

    tally("wrong_secret", ago=dt.timedelta(minutes=1))
    assert outcome_counts.locked_out() == "wrong secret from addresses that had the right one before: 192.0.2.7 3 times"


def test_old_counts_go():
    tally("accepted", ago=dt.timedelta(days=29))
    tally("accepted", ago=dt.timedelta(days=31))
    tally("stranger", ago=dt.timedelta(days=3))

    outcome_counts.purge()

    assert HookTally.objects.count() == 1

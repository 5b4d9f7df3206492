import datetime as dt
import re

import pytest
from celery import current_app
from django.db import OperationalError, connection
from django.utils import timezone

from devices.models import HookTally, KeySlot, PeriodicJob, SyncRun
from devices.monitoring import checks
from devices.monitoring import views as health_views
from tests.devices.signs.house import TOKEN, ago, hook_at
from tests.factories import DeliveryFactory, DeviceFactory, GatewayFactory, SyncRowFactory, VendorCallFactory
from tests.source import modules

pytestmark = pytest.mark.django_db


def late(name):
    return lambda: PeriodicJob.objects.filter(name=name).update(succeeded_at=ago(hours=1))


def last_run(kind):
    return lambda: SyncRun.objects.filter(kind=kind).update(finished_at=ago(hours=37))


def silence():
    HookTally.objects.filter(minute__gt=ago(hours=13)).delete()


def refuse(outcome):
    minute = timezone.now().replace(second=0, microsecond=0)
    return lambda: HookTally.objects.create(minute=minute, outcome=outcome, source="192.0.2.7", count=3)


def failed_pull():
    SyncRowFactory(run=SyncRun.objects.get(kind="measurements"), state="failed")


BREAK = {
    "database": None,  # below, with the broker
    "broker": None,
    "beat": late("beat"),
    "worker_ingest": late("worker ingest"),
    "worker_people": late("worker people"),
    "worker_background": late("worker background"),
    "alarms": late("alarms"),
    "nightly_start": late("nightly readings"),
    "nightly": last_run("measurements"),
    "catalogue": last_run("catalogue"),
    "devices": last_run("devices"),
    "gateways": last_run("gateways"),
    "unknown_devices": late("look up unknown devices"),
    "purge": lambda: PeriodicJob.objects.filter(name="purge bodies").update(succeeded_at=ago(hours=2)),
    "inbox_readings": lambda: DeliveryFactory(next_attempt_at=ago(minutes=6)),
    "inbox_fulfillment": lambda: DeliveryFactory(kind="fulfillment", next_attempt_at=ago(minutes=6)),
    "inbox_special_orders": lambda: DeliveryFactory(kind="order", next_attempt_at=ago(minutes=6)),
    "inbox_unknown_devices": lambda: DeliveryFactory(state="waiting", received_at=ago(hours=25)),
    "calls_intent": lambda: VendorCallFactory(next_attempt_at=ago(minutes=6)),
    "calls_sending": lambda: VendorCallFactory(
        state="sending", lease="00000000-0000-4000-8000-000000000000", leased_until=ago(minutes=6)
    ),
    "calls_unknown": lambda: VendorCallFactory(state="unknown", search_after=ago(minutes=6)),
    "calls_needs_human": lambda: VendorCallFactory(state="needs_human", unknown_since=ago(hours=5)),
    "pulls": lambda: SyncRowFactory(run__kind="measurements", next_attempt_at=ago(hours=13)),
    "gateways_to_ask": lambda: GatewayFactory(ask_at=ago(hours=13)),
    "looks": lambda: GatewayFactory(look_asked_at=ago(minutes=6)),
    "rereads": lambda: DeviceFactory(reread_at=ago(minutes=6)),
    "pulls_failed": failed_pull,
    "inbox_dead": lambda: DeliveryFactory(state="dead"),
    "vendor_key": lambda: KeySlot.objects.create(bucket="0123456789abcdef", bad_since=timezone.now()),
    "hooks_refused": refuse("length"),
    "hooks_locked_out": refuse("wrong_secret"),
    "hooks_silent": silence,
}
BREAKABLE = sorted(name for name, do in BREAK.items() if do)


def health(client, **headers):
    return client.get("/healthz/deep", **headers)


def test_every_sign_is_tested():
    assert set(BREAK) == set(checks.CHECKS)


def test_every_periodic_job_has_a_sign():
    tasks = "".join(module.text for name, module in modules().items() if name.endswith(".tasks"))
    judged_by_runs = {"sync catalogue", "compare devices", "read gateways"}
    judged = {check.args[0] for check in checks.CHECKS.values() if getattr(check, "args", ())}

    assert set(re.findall(r'run_alone\("([^"]+)"', tasks)) - judged_by_runs <= judged


def test_a_new_house_need_not_have_purged_yet(running):
    PeriodicJob.objects.filter(name="purge bodies").delete()
    SyncRun.objects.update(started_at=ago(hours=1))

    assert "purge" not in checks.problems()


def test_a_house_in_which_all_runs_is_green(client, running):
    answer = health(client, **TOKEN)

    assert (answer.status_code, answer.json()["problems"]) == (200, {})
    assert answer.json()["checked"] == list(checks.CHECKS)


@pytest.mark.parametrize("name", BREAKABLE)
def test_each_sign_alone_turns_it_red_and_is_named(client, running, name):
    BREAK[name]()
    answer = health(client, **TOKEN)

    assert (answer.status_code, set(answer.json()["problems"])) == (503, {name})
    assert answer["Cache-Control"].count("no-store")


def test_an_empty_house_says_what_has_never_run(client):
    problems = health(client, **TOKEN).json()["problems"]

    assert problems["beat"] == "beat: last success never"
    assert set(problems) >= {"worker_ingest", "nightly", "catalogue"}


@pytest.mark.parametrize("header", [{}, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {"HTTP_AUTHORIZATION": "\xe9"}])
def test_only_operators_are_told_what_is_wrong(client, header):
    assert health(client, **header).json() == {"ok": False}
    assert client.get("/metrics", **header).status_code == 404


def test_strangers_who_ask_all_the_time_cost_one_look(client, running, monkeypatch, django_assert_max_num_queries):
    assert health(client).json() == {"ok": True}
    BREAK["inbox_dead"]()

    with django_assert_max_num_queries(0):
        assert [health(client).json() for _ in range(5)] == [{"ok": True}] * 5
    monkeypatch.setattr(health_views, "GLANCE_SECONDS", 0.0)
    assert health(client).json() == {"ok": False}


def test_without_a_token_in_the_settings_nobody_is_an_operator(client, settings):
    settings.OPS_TOKEN = ""

    assert "problems" not in health(client, HTTP_AUTHORIZATION="Bearer ").json()


def test_with_the_database_gone_nothing_that_it_holds_is_judged(client, monkeypatch):
    def gone():
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", gone)
    problems = health(client, **TOKEN).json()["problems"]

    assert problems == {"database": "the database can't be reached (OperationalError)"}
    assert client.get("/healthz/").status_code == 503


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis+socket:///nowhere/valkey.sock"])
def test_a_broker_that_is_gone_is_named(client, running, monkeypatch, url):
    real = current_app.connection_for_write
    monkeypatch.setattr(current_app, "connection_for_write", lambda **options: real(url=url, **options))

    assert set(health(client, **TOKEN).json()["problems"]) == {"broker"}


def test_what_was_due_a_moment_ago_is_no_problem(running):
    DeliveryFactory(next_attempt_at=ago(minutes=1))
    VendorCallFactory(next_attempt_at=ago(minutes=1))
    DeviceFactory(reread_at=ago(minutes=1))

    assert checks.problems() == {}


def test_the_usual_silence_is_that_of_a_usual_day_not_of_an_outage():
    start = dt.datetime(2026, 11, 10, tzinfo=dt.UTC)
    quiet_nights = [start + dt.timedelta(days=day, hours=hour) for day in range(7) for hour in range(7, 23)]
    with_outage = [minute for minute in quiet_nights if minute.day not in (13, 14)]

    assert checks.usual_silence(quiet_nights) == dt.timedelta(hours=9)
    assert checks.usual_silence(with_outage) == dt.timedelta(hours=9)


def test_a_new_house_is_not_called_silent():
    assert checks.hooks_silent() is None
    hook_at(ago(hours=47))
    assert checks.hooks_silent() is None

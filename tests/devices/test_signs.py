import datetime as dt
import re
import smtplib

import pytest
from celery import current_app
from django.core import mail
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.launcher.folders import ROOT
from devices import alarms, metrics, signs
from devices import health as health_views
from devices.models import Alarm, HookTally, KeySlot, PeriodicJob, SyncRun
from tests.factories import (
    DeliveryFactory,
    DeviceFactory,
    GatewayFactory,
    PatientFactory,
    SyncRowFactory,
    SyncRunFactory,
    VendorCallFactory,
)
from tests.source import modules

TOKEN = {"HTTP_AUTHORIZATION": "Bearer ops-token-of-the-tests"}
JOBS = ("beat", "worker ingest", "worker people", "worker background", "alarms", "nightly readings")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def new_process(monkeypatch):
    monkeypatch.setattr(health_views, "_glance", health_views.Glance())


def ago(**words):
    return timezone.now() - dt.timedelta(**words)


@pytest.fixture
def running(db):
    """A house in which all that must run runs."""
    for name in (*JOBS, "look up unknown devices", "purge bodies"):
        PeriodicJob.objects.create(name=name, started_at=timezone.now(), succeeded_at=timezone.now())
    for kind in ("measurements", "devices", "gateways", "catalogue"):
        SyncRunFactory(kind=kind, nightly=kind == "measurements", started_at=ago(hours=9), finished_at=ago(hours=8))
    for day in range(7):
        for hour in (0, 6, 12, 18):
            hook_at(ago(days=day, hours=hour))


def hook_at(moment):
    minute = moment.replace(second=0, microsecond=0)
    HookTally.objects.get_or_create(minute=minute, outcome="accepted", source="192.0.2.7", defaults={"count": 1})


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
    assert set(BREAK) == set(signs.CHECKS)


def test_every_periodic_job_has_a_sign():
    tasks = "".join(module.text for name, module in modules().items() if name.endswith(".tasks"))
    judged_by_runs = {"sync catalogue", "compare devices", "read gateways"}
    judged = {check.args[0] for check in signs.CHECKS.values() if getattr(check, "args", ())}

    assert set(re.findall(r'run_alone\("([^"]+)"', tasks)) - judged_by_runs <= judged


def test_a_new_house_need_not_have_purged_yet(running):
    PeriodicJob.objects.filter(name="purge bodies").delete()
    SyncRun.objects.update(started_at=ago(hours=1))

    assert "purge" not in signs.problems()


def test_a_house_in_which_all_runs_is_green(client, running):
    answer = health(client, **TOKEN)

    assert (answer.status_code, answer.json()["problems"]) == (200, {})
    assert answer.json()["checked"] == list(signs.CHECKS)


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

    assert signs.problems() == {}


def test_the_usual_silence_is_that_of_a_usual_day_not_of_an_outage():
    start = dt.datetime(2026, 11, 10, tzinfo=dt.UTC)
    quiet_nights = [start + dt.timedelta(days=day, hours=hour) for day in range(7) for hour in range(7, 23)]
    with_outage = [minute for minute in quiet_nights if minute.day not in (13, 14)]

    assert signs.usual_silence(quiet_nights) == dt.timedelta(hours=9)
    assert signs.usual_silence(with_outage) == dt.timedelta(hours=9)


def test_a_new_house_is_not_called_silent():
    assert signs.hooks_silent() is None
    hook_at(ago(hours=47))
    assert signs.hooks_silent() is None


def test_metrics_show_the_same_as_figures(client, running):
    DeliveryFactory(state="quarantined")
    VendorCallFactory(state="unknown", search_after=ago(minutes=10))
    client.get("/healthz/")
    text = client.get("/metrics", **TOKEN).content.decode()

    assert 'vitals_ok{sign="calls_unknown"} 0.0' in text
    assert 'vitals_ok{sign="database"} 1.0' in text
    assert 'vitals_deliveries{kind="measurement",state="quarantined"} 1.0' in text
    assert re.search(r'vitals_overdue_seconds{queue="calls_unknown"} 60\d\.', text)
    assert 'vitals_request_seconds_count{method="GET",route="health",status="200"}' in text


def test_metrics_hold_no_id_and_no_name(client, running):
    patient = PatientFactory(given_name="Canaria")
    client.get(f"/patients/{patient.pk}/?q=Canaria")
    client.get("/Canaria/")
    text = client.get("/metrics", **TOKEN).content.decode()

    assert str(patient.pk) not in text
    assert "Canaria" not in text
    assert 'route="none"' in text


def test_metrics_of_a_house_without_database_say_so(client, monkeypatch):
    def gone():
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", gone)
    answer = client.get("/metrics", **TOKEN)

    assert (answer.status_code, 'vitals_ok{sign="database"} 0.0' in answer.content.decode()) == (200, True)


def test_no_look_reads_all_deliveries(running):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO devices_delivery (kind, source, body, digest, received_at, state, reason, outcome, flagged,"
            " attempts, next_attempt_at, processed_at) SELECT 'measurement', 'webhook', '[]', sha256('x'),"
            " now() - n * interval '1 minute', 'done', '', '{}', false, 0, now(), now()"
            " FROM generate_series(1, 20000) n"
        )
        cursor.execute("ANALYZE devices_delivery")
    with CaptureQueriesContext(connection) as asked:
        signs.problems()
        list(metrics.House().collect())
    questions = [query["sql"] for query in asked if query["sql"].startswith("SELECT") and "devices_del" in query["sql"]]

    assert "Seq Scan on devices_delivery" in plan("SELECT 1 FROM devices_delivery WHERE attempts > 3")
    assert len(questions) >= 8
    assert [sql for sql in questions if "Seq Scan on devices_delivery" in plan(sql)] == []


def plan(sql):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(line for (line,) in cursor.fetchall())


# --- alarms -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def operators(settings):
    settings.OPERATOR_EMAILS = ["ops@example.org", "more-ops@example.org"]


@pytest.fixture
def problem(monkeypatch):
    """What doesn't run, as the test says."""
    found = {}
    monkeypatch.setattr(signs, "problems", lambda: dict(found))
    return found


def at(time_machine, minutes):
    time_machine.move_to(dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes))


def looks(time_machine, *minutes):
    for minute in minutes:
        at(time_machine, minute)
        alarms.look()
    return [message.subject for message in mail.outbox]


def test_operators_hear_at_once_then_once_an_hour_and_when_it_is_over(operators, problem, time_machine):
    problem["beat"] = "beat: last success 12 minutes ago"
    assert looks(time_machine, *range(0, 60, 5)) == ["Vitals at Home: red: beat"]
    assert len(looks(time_machine, 60, 65, 119)) == 2

    problem.clear()
    assert looks(time_machine, 121, 122, 200)[2:] == ["Vitals at Home: over: beat"]
    assert mail.outbox[0].to == ["ops@example.org", "more-ops@example.org"]
    assert "beat: last success 12 minutes ago" in mail.outbox[0].body


def test_what_begins_together_comes_in_one_mail(operators, problem, time_machine):
    problem |= {"beat": "late", "broker": "gone"}

    assert looks(time_machine, 0) == ["Vitals at Home: red: beat, broker"]


def test_what_comes_and_goes_is_mailed_once_an_hour(operators, problem, time_machine):
    for minute in range(0, 50, 2):
        problem["broker"] = "gone"
        looks(time_machine, minute)
        problem.clear()
        looks(time_machine, minute + 1)

    assert [message.subject for message in mail.outbox] == [
        "Vitals at Home: red: broker",
        "Vitals at Home: over: broker",
    ]


def test_a_mail_that_can_not_be_sent_is_tried_again_a_minute_later(operators, problem, time_machine, monkeypatch):
    def refuse(*_args, **_options):
        raise smtplib.SMTPServerDisconnected

    problem["broker"] = "gone"
    with monkeypatch.context() as patch:
        patch.setattr(alarms, "send_mail", refuse)
        looks(time_machine, 0, 1)

    assert looks(time_machine, 2, 3) == ["Vitals at Home: red: broker"]


def test_what_nobody_was_told_of_is_not_told_to_be_over(problem, time_machine):
    problem["broker"] = "gone"
    looks(time_machine, 0)
    problem.clear()

    assert looks(time_machine, 1) == []
    assert Alarm.objects.get().over_at


def test_no_mail_holds_a_patients_data(operators, rosa, time_machine):
    DeliveryFactory(state="dead", body=b'[{"value_1": "181"}]', reason=f"about {rosa.name}")
    VendorCallFactory(patient=rosa, state="needs_human", unknown_since=ago(hours=5), reason=rosa.street)
    SyncRowFactory(patient=rosa, run__kind="measurements", run__finished_at=ago(hours=1), state="failed")
    alarms.look()

    text = mail.outbox[0].subject + mail.outbox[0].body
    assert "inbox_dead" in text
    held = (rosa.name, rosa.family_name, rosa.street, rosa.mrn, rosa.external_id, str(rosa.pk), "181")
    assert not [word for word in held if word in text]


def test_operations_explain_every_alarm_and_no_other():
    text = (ROOT / "docs" / "operations.md").read_text()
    table = text.partition("## Alarms")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", table, re.MULTILINE)

    assert [name for name, _, _ in rows] == list(signs.CHECKS)
    assert all(len(meaning) > 15 and len(action) > 15 for _, meaning, action in rows)

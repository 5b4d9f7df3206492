import datetime as dt
import re

import pytest
from celery import current_app
from django.db import OperationalError, connection
from django.utils import timezone

from devices.models import ApiKeySlot, SyncRun, WebhookCount
from devices.monitoring import checks
from devices.monitoring import views as health_views
from patients.queueing.models import PeriodicJob
from tests.devices.monitoring.monitoring_data import TOKEN, count_webhook_at, time_ago
from tests.factories import (
    AlertMessageFactory,
    AlertNotificationFactory,
    BillingStateFactory,
    DeliveryFactory,
    DeviceFactory,
    GatewayFactory,
    PatientImportFactory,
    SyncRowFactory,
    TriageEntryFactory,
    VendorCallFactory,
    WebhookSelfTestFactory,
)
from tests.source_code import product_modules

pytestmark = pytest.mark.django_db


def make_job_late(name):
    return lambda: PeriodicJob.objects.filter(name=name).update(succeeded_at=time_ago(hours=1))


def make_last_run_late(kind):
    return lambda: SyncRun.objects.filter(kind=kind).update(finished_at=time_ago(hours=37))


def remove_recent_webhooks():
    WebhookCount.objects.filter(minute__gt=time_ago(hours=13)).delete()


def count_refused_webhooks(outcome):
    minute = timezone.now().replace(second=0, microsecond=0)
    return lambda: WebhookCount.objects.create(minute=minute, outcome=outcome, source="192.0.2.7", count=3)


def create_failed_pull():
    SyncRowFactory(run=SyncRun.objects.get(kind="measurements"), state="failed")


BREAK = {
    "database": None,  # below, with the broker
    "broker": None,
    "beat": make_job_late("beat"),
    "worker_ingest": make_job_late("worker ingest"),
    "worker_people": make_job_late("worker people"),
    "worker_background": make_job_late("worker background"),
    "alarms": make_job_late("alarms"),
    "nightly_start": make_job_late("nightly readings"),
    "nightly": make_last_run_late("measurements"),
    "catalogue": make_last_run_late("catalogue"),
    "bulk_orders": make_last_run_late("bulk_orders"),
    "devices": make_last_run_late("devices"),
    "gateways": make_last_run_late("gateways"),
    "unknown_devices": make_job_late("look up unknown devices"),
    "exceptions": make_job_late("exceptions"),
    "purge": lambda: PeriodicJob.objects.filter(name="purge bodies").update(succeeded_at=time_ago(hours=2)),
    "inbox_readings": lambda: DeliveryFactory(next_attempt_at=time_ago(minutes=6)),
    "inbox_fulfillment": lambda: DeliveryFactory(kind="fulfillment", next_attempt_at=time_ago(minutes=6)),
    "inbox_special_orders": lambda: DeliveryFactory(kind="order", next_attempt_at=time_ago(minutes=6)),
    "inbox_unknown_devices": lambda: DeliveryFactory(state="waiting", received_at=time_ago(hours=25)),
    "calls_queued": lambda: VendorCallFactory(next_attempt_at=time_ago(minutes=6)),
    "calls_sending": lambda: VendorCallFactory(
        state="sending", lease="00000000-0000-4000-8000-000000000000", leased_until=time_ago(minutes=6)
    ),
    "calls_unknown": lambda: VendorCallFactory(state="unknown", search_after=time_ago(minutes=6)),
    "calls_needs_review": lambda: VendorCallFactory(state="needs_review", unknown_since=time_ago(hours=5)),
    "pulls": lambda: SyncRowFactory(run__kind="measurements", next_attempt_at=time_ago(hours=13)),
    "patient_imports": lambda: PatientImportFactory(state="importing", next_attempt_at=time_ago(minutes=6)),
    "gateway_statuses": lambda: GatewayFactory(status_due_at=time_ago(hours=13)),
    "lookups": lambda: GatewayFactory(lookup_requested_at=time_ago(minutes=6)),
    "device_refreshes": lambda: DeviceFactory(refresh_due_at=time_ago(minutes=6)),
    "alert_assessments": lambda: TriageEntryFactory(due_at=time_ago(minutes=6)),
    "alerts_failed": lambda: TriageEntryFactory(failures=1, problem="ZeroDivisionError"),
    "billing_lines": lambda: BillingStateFactory(due_at=time_ago(hours=5)),
    "billing_failed": lambda: BillingStateFactory(failures=1, problem="ZeroDivisionError"),
    "alert_notifications": lambda: AlertNotificationFactory(next_at=time_ago(minutes=6)),
    "alert_messages": lambda: AlertMessageFactory(next_attempt_at=time_ago(minutes=6)),
    "alert_mails_failed": lambda: AlertMessageFactory(state="failed", fate="the mail failed three times"),
    "alert_mail_jobs": lambda: AlertNotificationFactory(unreached_because="not_planned"),
    "pulls_failed": create_failed_pull,
    "inbox_dead": lambda: DeliveryFactory(state="dead"),
    "vendor_key": lambda: ApiKeySlot.objects.create(bucket="0123456789abcdef", refused_since=timezone.now()),
    "hooks_refused": count_refused_webhooks("length"),
    "hooks_locked_out": count_refused_webhooks("wrong_secret"),
    "hooks_silent": remove_recent_webhooks,
    "hooks_registered": lambda: WebhookSelfTestFactory(
        findings={"expected": [{"event": "MEASUREMENT", "problems": ["Not registered."]}], "others": []}
    ),
}
BREAKABLE = sorted(name for name, do in BREAK.items() if do)


def get_health(client, **headers):
    return client.get("/healthz/deep", **headers)


def test_monitoring_checks_are_all_tested_here():
    assert set(BREAK) == set(checks.CHECKS)


def test_periodic_jobs_all_have_a_monitoring_check():
    tasks = "".join(module.text for name, module in product_modules().items() if name.endswith(".tasks"))
    judged_by_runs = {"sync catalogue", "compare devices", "read gateways"}
    judged = {check.args[0] for check in checks.CHECKS.values() if getattr(check, "args", ())}

    assert set(re.findall(r'run_alone\("([^"]+)"', tasks)) - judged_by_runs <= judged


def test_purge_check_passes_on_a_new_installation(healthy_installation):
    PeriodicJob.objects.filter(name="purge bodies").delete()
    SyncRun.objects.update(started_at=time_ago(hours=1))

    assert "purge" not in checks.find_problems()


def test_health_endpoint_returns_200_when_all_checks_pass(client, healthy_installation):
    answer = get_health(client, **TOKEN)

    assert (answer.status_code, answer.json()["problems"]) == (200, {})
    assert answer.json()["checked"] == list(checks.CHECKS)


@pytest.mark.parametrize("name", BREAKABLE)
def test_health_endpoint_returns_503_and_names_the_failed_check(client, healthy_installation, name):
    BREAK[name]()
    answer = get_health(client, **TOKEN)

    assert (answer.status_code, set(answer.json()["problems"])) == (503, {name})
    assert answer["Cache-Control"].count("no-store")


def test_health_endpoint_names_jobs_that_have_never_run(client):
    problems = get_health(client, **TOKEN).json()["problems"]

    assert problems["beat"] == "beat: last success never"
    assert set(problems) >= {"worker_ingest", "nightly", "catalogue"}


@pytest.mark.parametrize("header", [{}, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {"HTTP_AUTHORIZATION": "\xe9"}])
def test_health_endpoint_shows_details_only_with_the_operator_token(client, header):
    assert get_health(client, **header).json() == {"ok": False}
    assert client.get("/metrics", **header).status_code == 404


def test_health_endpoint_caches_its_result_for_anonymous_requests(
    client, healthy_installation, monkeypatch, django_assert_max_num_queries
):
    assert get_health(client).json() == {"ok": True}
    BREAK["inbox_dead"]()

    with django_assert_max_num_queries(0):
        assert [get_health(client).json() for _ in range(5)] == [{"ok": True}] * 5
    monkeypatch.setattr(health_views, "HEALTH_CACHE_SECONDS", 0.0)
    assert get_health(client).json() == {"ok": False}


def test_health_endpoint_without_a_configured_token_shows_no_details(client, settings):
    settings.OPS_TOKEN = ""

    assert "problems" not in get_health(client, HTTP_AUTHORIZATION="Bearer ").json()


def test_health_endpoint_without_database_reports_only_the_database(client, monkeypatch):
    def gone():
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", gone)
    problems = get_health(client, **TOKEN).json()["problems"]

    assert problems == {"database": "the database can't be reached (OperationalError)"}
    assert client.get("/healthz/").status_code == 503


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis+socket:///nowhere/valkey.sock"])
def test_health_endpoint_reports_an_unreachable_broker(client, healthy_installation, monkeypatch, url):
    real = current_app.connection_for_write
    monkeypatch.setattr(current_app, "connection_for_write", lambda **options: real(url=url, **options))

    assert set(get_health(client, **TOKEN).json()["problems"]) == {"broker"}


def test_queue_age_checks_tolerate_work_that_became_due_a_minute_ago(healthy_installation):
    DeliveryFactory(next_attempt_at=time_ago(minutes=1))
    VendorCallFactory(next_attempt_at=time_ago(minutes=1))
    DeviceFactory(refresh_due_at=time_ago(minutes=1))

    assert checks.find_problems() == {}


def test_usual_silence_ignores_days_with_an_outage():
    start = dt.datetime(2026, 11, 10, tzinfo=dt.UTC)
    quiet_nights = [start + dt.timedelta(days=day, hours=hour) for day in range(7) for hour in range(7, 23)]
    with_outage = [minute for minute in quiet_nights if minute.day not in (13, 14)]

    assert checks.usual_silence(quiet_nights) == dt.timedelta(hours=9)
    assert checks.usual_silence(with_outage) == dt.timedelta(hours=9)


def test_webhook_silence_check_passes_on_a_new_installation():
    assert checks.check_webhook_silence() is None
    count_webhook_at(time_ago(hours=47))
    assert checks.check_webhook_silence() is None

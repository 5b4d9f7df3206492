"""Why calls wait for a stopped lane: since when, what it is, and whether operators were mailed."""

import datetime as dt

import httpx2
import pytest
from django.utils import timezone

from devices import tenovi
from devices.models import ApiKeySlot, SyncRun
from devices.outbox import waiting_reasons
from devices.tenovi import client_factory
from patients.queueing.models import PeriodicJob
from tests.factories import ApiKeySlotFactory, OperatorAlarmFactory
from tests.simulated_vendor import no_retry_delays, sim

__all__ = ["no_retry_delays", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
KEY, OTHER_KEY = "people-key", "background-key"


def ago(**span):
    return timezone.now() - dt.timedelta(**span)


@pytest.fixture(autouse=True)
def vendor_keys(settings):
    settings.TENOVI_API_KEYS = [KEY, OTHER_KEY]


@pytest.fixture
def slot():
    return ApiKeySlotFactory(bucket=tenovi.ApiKey(KEY).bucket)


@pytest.fixture
def simulated_vendor(sim, monkeypatch, settings):
    settings.TENOVI_CALL_GAP_SECONDS = 0.01
    monkeypatch.setattr(client_factory, "build_transport", lambda: httpx2.WSGITransport(app=sim))
    return sim


def read_devices(client_context=tenovi.user_client):
    with client_context() as client:
        try:
            client.list_devices()
        except tenovi.VendorError as error:
            return error
    return None


def let_failures_last():
    ApiKeySlot.objects.filter(failing_since__isnull=False).update(failing_since=ago(minutes=5))


def test_lane_that_works_has_not_stopped(simulated_vendor):
    assert waiting_reasons.user_lane_stop() is None
    assert read_devices() is None
    assert waiting_reasons.user_lane_stop() is None


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"kind": "status", "status": 401}, "key"),
        ({"kind": "status", "status": 403}, "key"),
        ({"kind": "status", "status": 429, "headers": {"Retry-After": "600"}}, "paused"),
        ({"kind": "status", "status": 500}, "unreadable"),
        ({"kind": "status", "status": 503}, "unreadable"),
        ({"kind": "html"}, "unreadable"),
        ({"kind": "truncate"}, "unreadable"),
        ({"kind": "garbage"}, "unreadable"),
        ({"kind": "reset_after"}, "unreadable"),
        ({"kind": "redirect"}, "address"),
        ({"kind": "status", "status": 405}, "address"),
    ],
    ids=lambda value: str(value.get("status", value["kind"])) if isinstance(value, dict) else value,
)
def test_lane_stops_for_a_vendor_fault_until_it_is_over(simulated_vendor, fault, cause):
    simulated_vendor.faults.add(**fault, match={"method": "GET"}, times=None)
    began = timezone.now()
    read_devices()

    if cause not in ("key", "paused"):
        assert waiting_reasons.user_lane_stop() is None, "a single error is no stop"
    let_failures_last()
    stop = waiting_reasons.user_lane_stop()

    assert stop.cause == cause
    assert stop.since <= began + dt.timedelta(minutes=1)
    assert stop.advice
    simulated_vendor.faults.clear()
    ApiKeySlot.objects.update(refused_since=None, next_free_at=timezone.now())
    assert read_devices() is None
    assert waiting_reasons.user_lane_stop() is None


def test_lane_stops_when_the_vendor_can_not_be_reached(simulated_vendor, monkeypatch):
    def refuse(request):
        raise httpx2.ConnectError("refused")

    monkeypatch.setattr(client_factory, "build_transport", lambda: httpx2.MockTransport(refuse))

    read_devices()
    let_failures_last()

    assert waiting_reasons.user_lane_stop().cause == "unreachable"


def test_refusal_of_one_request_is_no_stop(simulated_vendor):
    simulated_vendor.faults.add("status", status=400, match={"method": "GET"}, times=None)

    assert isinstance(read_devices(), tenovi.Rejected)
    let_failures_last()

    assert waiting_reasons.user_lane_stop() is None


def test_lane_of_users_is_not_stopped_by_the_key_of_background_work(simulated_vendor):
    read_devices()
    simulated_vendor.faults.add("status", status=401, match={"method": "GET"}, times=None)
    read_devices(tenovi.background_client)

    assert ApiKeySlot.objects.filter(refused_since__isnull=False).exists()
    assert waiting_reasons.user_lane_stop() is None
    assert waiting_reasons.background_lane_stop().cause == "key"


@pytest.mark.parametrize("page", ["delivery/unknown/", "syncrun/{}/change/"])
def test_admin_pages_of_background_work_say_why_it_waits(client_of, ada, page):
    ApiKeySlotFactory(bucket=tenovi.ApiKey(OTHER_KEY).bucket, refused_since=ago(hours=1))
    run = SyncRun.objects.create(kind="devices")

    assert "it refuses our key" in client_of(ada).get(f"/admin/devices/{page.format(run.pk)}").content.decode()


def test_lane_of_a_refused_key_has_stopped_until_its_replacement_was_used(settings, slot):
    ApiKeySlot.objects.update(refused_since=ago(hours=2))
    settings.TENOVI_API_KEYS = ["new key"]

    assert waiting_reasons.user_lane_stop().cause == "key"

    ApiKeySlotFactory(bucket=tenovi.ApiKey("new key").bucket)
    assert waiting_reasons.user_lane_stop() is None


def test_lane_without_a_running_worker_has_stopped(slot):
    last = ago(minutes=30)
    PeriodicJob.objects.create(name="worker people", succeeded_at=last)

    stop = waiting_reasons.user_lane_stop()

    assert (stop.cause, stop.since) == ("worker", last)


@pytest.mark.parametrize("shared", [False, True])
def test_lane_waits_while_its_next_slot_is_far_away(settings, slot, shared):
    settings.TENOVI_SHARED_BUCKET = shared
    bucket = ApiKeySlotFactory(bucket="shared").bucket if shared else slot.bucket
    until = timezone.now() + dt.timedelta(minutes=10)
    ApiKeySlot.objects.filter(bucket=bucket).update(next_free_at=until)

    stop = waiting_reasons.user_lane_stop()

    assert (stop.cause, stop.until) == ("paused", until)


def test_lane_stop_names_the_newest_mail_of_a_lasting_alarm(slot, settings):
    settings.OPERATOR_EMAILS = ["ops@example.org"]
    ApiKeySlot.objects.update(refused_since=ago(hours=3))
    assert (waiting_reasons.user_lane_stop().mailed_at, waiting_reasons.user_lane_stop().can_be_mailed) == (None, True)

    newest = ago(minutes=20)
    OperatorAlarmFactory(name="vendor_key", since=ago(hours=3), mailed_at=newest)
    OperatorAlarmFactory(name="calls_queued", since=ago(hours=2), mailed_at=ago(hours=2))
    OperatorAlarmFactory(name="lookups", since=ago(hours=1), mailed_at=ago(hours=5))
    OperatorAlarmFactory(name="inbox_dead", since=ago(hours=1), mailed_at=ago(minutes=1))
    OperatorAlarmFactory(name="calls_unknown", since=ago(hours=1), mailed_at=ago(minutes=2), resolved_at=ago(minutes=1))

    assert waiting_reasons.user_lane_stop().mailed_at == newest

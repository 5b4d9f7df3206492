"""How each gateway fares: asked about once a night, one call each, and when a person wants to know now."""

import datetime as dt

import httpx2
import pytest
from django.core.management import call_command
from django.utils import timezone

from devices import tasks
from devices.models import Gateway, SyncRun
from devices.simulator.api import gateways as simulated
from devices.sync import gateway_status
from devices.tenovi import client_factory
from patients.models import AuditEvent
from tests.factories import DeviceFactory, GatewayFactory
from tests.simulated_vendor import client, no_retry_delays, sim

__all__ = ["client", "no_retry_delays", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
NIGHT = dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def cuff(sim, rosa):
    """Rosa's, on a gateway that the vendor knows."""
    theirs = sim.add_device(external_id=rosa.external_id)
    gateway = GatewayFactory(hardware_uuid=theirs["device"]["hardware_uuid"])
    return DeviceFactory(hwi_id=theirs["id"], patient=rosa, gateway=gateway)


def set_vendor_gateway(sim, gateway, **facts):
    document = {**simulated.find_gateway(sim.state, gateway.hardware_uuid), **facts}
    sim.state.store.put("gateway", gateway.hardware_uuid, document)


def gateway_info_requests(sim):
    return sim.requests.matching_lines("GET", "gateway-info")


def run_nightly_status(client):
    run = gateway_status.start_gateway_run()
    while gateway_status.fetch_due_statuses(client):
        pass
    run.refresh_from_db()
    return run


def test_gateway_status_run_stores_vendor_status_and_fetch_time(client, sim, cuff):
    set_vendor_gateway(
        sim, cuff.gateway, last_signal_strength=9, last_checkin_time="2026-11-21T13:00:00Z", firmware_version="2.4",
        whitelisted_devices=[
            {"sensor_code": "10", "mac_address": "AA11BB22CC33", "whitelist_status": "RE",
             "created": "2026-11-20T10:00:00Z", "modified": "2026-11-20T10:01:00Z"},
        ],
    )  # fmt: skip

    run = run_nightly_status(client)

    gateway = Gateway.objects.get()
    assert (gateway.signal_strength, gateway.signal_label) == (9, "poor")
    assert gateway.last_checkin_at == dt.datetime(2026, 11, 21, 13, tzinfo=dt.UTC)
    assert (gateway.firmware_version, gateway.bootloader_version, gateway.provisioned) == ("2.4", "1.4", True)
    assert gateway.status_fetched_at > run.started_at
    (listed,) = gateway.whitelist_entries
    assert (listed.sensor_code, listed.confirmed) == ("10", False)
    assert listed.since == dt.datetime(2026, 11, 20, 10, 1, tzinfo=dt.UTC)
    assert (run.found, run.differences, run.finished_at is not None) == (1, [], True)


def test_gateway_status_run_calls_once_per_gateway_and_skips_modems_and_unlinked_devices(client, sim, cuff, rosa):
    DeviceFactory(patient=rosa, gateway=cuff.gateway)
    DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid="356000000000018"))
    DeviceFactory(patient=rosa, gateway=GatewayFactory(), state="unlinked")

    run_nightly_status(client)

    assert len(gateway_info_requests(sim)) == 1


def test_gateway_status_run_updates_the_live_version_of_its_patients(client, cuff, rosa):
    before = rosa.live_version

    run_nightly_status(client)

    rosa.refresh_from_db()
    assert rosa.live_version > before


def test_gateway_status_run_retains_known_values_missing_from_the_response(client, sim, cuff):
    Gateway.objects.update(last_checkin_at=NIGHT)
    set_vendor_gateway(sim, cuff.gateway, last_checkin_time=None)

    run_nightly_status(client)

    assert Gateway.objects.get().last_checkin_at == NIGHT


def test_gateway_status_run_records_an_unknown_gateway_as_difference_and_continues(client, sim, cuff, rosa):
    lost = DeviceFactory(patient=rosa).gateway

    run = run_nightly_status(client)

    lost.refresh_from_db()
    assert lost.status_problem == gateway_status.UNKNOWN_AT_VENDOR
    assert [(row["kind"], row["gateway"]) for row in run.differences] == [
        (gateway_status.STATUS_MISSING, str(lost.public_id))
    ]
    assert run.found == 1


def test_gateway_status_run_resumes_after_a_worker_crash_without_repeated_calls(client, sim, rosa):
    for _ in range(4):
        theirs = sim.add_device(external_id=rosa.external_id)
        DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid=theirs["device"]["hardware_uuid"]))
    run = gateway_status.start_gateway_run()
    gateway_status.fetch_gateway_status(client, Gateway.objects.status_due().first())

    assert gateway_status.start_gateway_run() == run, "a second start joins"
    while gateway_status.fetch_due_statuses(client):
        pass

    assert len(gateway_info_requests(sim)) == 4
    assert SyncRun.objects.get().found == 4


def test_gateway_status_work_returns_true_when_its_time_is_up_and_gateways_remain(client, cuff):
    gateway_status.start_gateway_run()

    assert gateway_status.fetch_due_statuses(client, seconds=0) is True
    assert SyncRun.objects.unfinished().exists()


def test_gateway_status_run_retries_an_unreadable_response_and_then_gives_up(client, sim, cuff):
    sim.faults.add(match={"path_contains": "gateway-info"}, kind="status", status=502, times=100)
    gateway_status.start_gateway_run()

    for attempt in (1, 2):
        gateway_status.fetch_due_statuses(client)
        waiting = Gateway.objects.get()
        assert (waiting.status_attempts, waiting.status_due_at > timezone.now()) == (attempt, True)
        assert SyncRun.objects.unfinished().exists()
        Gateway.objects.update(status_due_at=timezone.now())
    while gateway_status.fetch_due_statuses(client):
        pass

    assert Gateway.objects.get().status_problem == gateway_status.UNREADABLE_ANSWER
    assert SyncRun.objects.get().differences[0]["problem"] == gateway_status.UNREADABLE_ANSWER


def test_gateway_status_run_stops_on_a_refused_api_key_and_leaves_gateways_due(client, sim, cuff):
    sim.faults.add(match={"path_contains": "gateway-info"}, kind="status", status=401, times=100)
    gateway_status.start_gateway_run()

    assert gateway_status.fetch_due_statuses(client) is False

    gateway = Gateway.objects.get()
    assert (gateway.status_problem, gateway.status_attempts) == ("", 0)
    assert Gateway.objects.status_due().exists()


def test_gateway_status_run_ignores_a_response_about_another_gateway(client, sim, cuff):
    set_vendor_gateway(sim, cuff.gateway, gateway_uuid="FFFFFFFFFFFF")
    gateway_status.start_gateway_run()

    gateway_status.fetch_due_statuses(client)

    assert Gateway.objects.get().status_fetched_at is None


def test_nightly_gateway_status_run_starts_once_a_night_and_catches_up_a_missed_night(cuff):
    assert gateway_status.start_nightly_run(now=NIGHT + HOUR, hour_utc=6) is not None
    assert gateway_status.start_nightly_run(now=NIGHT + HOUR, hour_utc=6) is None, "it is under way"
    SyncRun.objects.update(started_at=NIGHT + HOUR, finished_at=NIGHT + 2 * HOUR)

    assert gateway_status.start_nightly_run(now=NIGHT + 23 * HOUR, hour_utc=6) is None, (
        "the next turn is tomorrow at six"
    )
    assert gateway_status.start_nightly_run(now=NIGHT + 40 * HOUR, hour_utc=6) is not None


@pytest.fixture
def simulated_vendor(sim, monkeypatch, settings):
    settings.TENOVI_CALL_GAP_SECONDS = 0.01
    monkeypatch.setattr(client_factory, "build_transport", lambda: httpx2.WSGITransport(app=sim))
    return sim


def test_gateway_status_task_starts_and_finishes_the_nightly_run(simulated_vendor, cuff):
    tasks.fetch_gateway_statuses()
    tasks.fetch_gateway_statuses()

    assert SyncRun.objects.get(kind="gateways").finished_at is not None
    assert len(gateway_info_requests(simulated_vendor)) == 1


def test_gateway_status_task_waits_for_an_unfinished_pull_of_readings(simulated_vendor, cuff):
    """On one key the pull of readings takes as long as it always did; gateways are asked about after it."""
    pull = SyncRun.objects.create(kind="measurements")

    tasks.fetch_gateway_statuses()
    assert gateway_info_requests(simulated_vendor) == []

    SyncRun.objects.filter(pk=pull.pk).update(finished_at=timezone.now())
    tasks.fetch_gateway_statuses()
    assert len(gateway_info_requests(simulated_vendor)) == 1


def test_gateway_status_run_makes_one_call_per_gateway_and_reports_hours_for_10_000(client, sim, rosa, report_note):
    """Calls are counted on 60 gateways; that each takes 1.05 s / keys and at most 3 % more, the fault tests measure."""
    for _ in range(60):
        theirs = sim.add_device(external_id=rosa.external_id)
        DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid=theirs["device"]["hardware_uuid"]))

    run_nightly_status(client)

    calls = len(gateway_info_requests(sim))
    assert calls == 60
    for keys in (1, 2, 5):
        hours = 1.03 * 1.05 * 10_000 * (1 + calls / 60) / keys / 3600
        report_note(f"10,000 patients with a gateway each, background keys {keys}: at most {hours:.2f} h")


def test_sync_command_fetches_gateway_status_in_the_foreground(simulated_vendor, cuff, capsys):
    call_command("sync", "gateways")

    assert "gateways: 1 at the vendor" in capsys.readouterr().out


# --- when a person wants to know ------------------------------------------------------------------------------------


def test_gateway_refresh_request_is_processed_with_the_user_key_and_starts_no_run(simulated_vendor, cuff):
    gateway_status.request_gateway_refresh(cuff.gateway)
    assert Gateway.objects.lookup_requested().exists()

    tasks.refresh_requested_gateways()

    gateway = Gateway.objects.get()
    assert (gateway.status_fetched_at is not None, gateway.lookup_requested_at) == (True, None)
    assert not SyncRun.objects.exists()


KNOWS_IT_NOT = {"status": 404, "body": {"detail": "Not found."}}


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"status": 502}, gateway_status.UNREADABLE_ANSWER),
        ({"status": 401}, gateway_status.VENDOR_ACCESS_PROBLEM),
        (KNOWS_IT_NOT, gateway_status.UNKNOWN_AT_VENDOR),
    ],
)
def test_gateway_refresh_failure_stores_its_reason_and_retains_known_values(client, sim, cuff, fault, problem):
    Gateway.objects.update(signal_strength=22)
    sim.faults.add(match={"path_contains": "gateway-info"}, kind="status", times=100, **fault)
    gateway_status.request_gateway_refresh(cuff.gateway)

    gateway_status.refresh_requested_gateways(client)

    gateway = Gateway.objects.get()
    assert (gateway.signal_strength, gateway.lookup_requested_at) == (22, None)
    assert gateway.status_problem == problem


def test_gateway_refresh_task_without_requests_makes_no_vendor_call(simulated_vendor, cuff):
    tasks.refresh_requested_gateways()

    assert simulated_vendor.requests.matching_lines("GET", "") == []


def test_gateway_status_run_requested_by_a_user_is_audited(ada, cuff):
    run = gateway_status.start_gateway_run(by=ada)

    assert run.requested_by == ada
    assert AuditEvent.objects.filter(action="sync", actor_id=ada.pk, target=f"sync:{run.pk}").count() == 1

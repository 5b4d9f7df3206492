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
from tests.vendor import client, no_pauses_between_tries, sim

__all__ = ["client", "no_pauses_between_tries", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
NIGHT = dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def cuff(sim, rosa):
    """Rosa's, on a gateway that the vendor knows."""
    theirs = sim.add_device(external_id=rosa.external_id)
    gateway = GatewayFactory(hardware_uuid=theirs["device"]["hardware_uuid"])
    return DeviceFactory(hwi_id=theirs["id"], patient=rosa, gateway=gateway)


def seen_by_vendor(sim, gateway, **facts):
    document = {**simulated.find(sim.world, gateway.hardware_uuid), **facts}
    sim.world.store.put("gateway", gateway.hardware_uuid, document)


def asked(sim):
    return sim.requests.matching("GET", "gateway-info")


def night(client):
    run = gateway_status.start()
    while gateway_status.work(client):
        pass
    run.refresh_from_db()
    return run


def test_what_the_vendor_tells_of_a_gateway_is_kept_with_when_it_was_told(client, sim, cuff):
    seen_by_vendor(
        sim, cuff.gateway, last_signal_strength=9, last_checkin_time="2026-11-21T13:00:00Z", firmware_version="2.4",
        whitelisted_devices=[
            {"sensor_code": "10", "mac_address": "AA11BB22CC33", "whitelist_status": "RE",
             "created": "2026-11-20T10:00:00Z", "modified": "2026-11-20T10:01:00Z"},
        ],
    )  # fmt: skip

    run = night(client)

    gateway = Gateway.objects.get()
    assert (gateway.signal_strength, gateway.signal_in_words) == (9, "poor")
    assert gateway.last_checkin_at == dt.datetime(2026, 11, 21, 13, tzinfo=dt.UTC)
    assert (gateway.firmware_version, gateway.bootloader_version, gateway.provisioned) == ("2.4", "1.4", True)
    assert gateway.told_at > run.started_at
    (listed,) = gateway.listed
    assert (listed.sensor_code, listed.confirmed) == ("10", False)
    assert listed.since == dt.datetime(2026, 11, 20, 10, 1, tzinfo=dt.UTC)
    assert (run.found, run.differences, run.finished_at is not None) == (1, [], True)


def test_one_call_per_gateway_and_none_for_what_is_no_gateway(client, sim, cuff, rosa):
    DeviceFactory(patient=rosa, gateway=cuff.gateway)
    DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid="356000000000018"))
    DeviceFactory(patient=rosa, gateway=GatewayFactory(), state="unlinked")

    night(client)

    assert len(asked(sim)) == 1


def test_open_pages_are_told(client, cuff, rosa):
    before = rosa.version

    night(client)

    rosa.refresh_from_db()
    assert rosa.version > before


def test_what_an_answer_leaves_out_stays_as_it_was_told_before(client, sim, cuff):
    Gateway.objects.update(last_checkin_at=NIGHT)
    seen_by_vendor(sim, cuff.gateway, last_checkin_time=None)

    night(client)

    assert Gateway.objects.get().last_checkin_at == NIGHT


def test_a_gateway_that_the_vendor_does_not_know_is_a_difference_and_holds_up_nobody(client, sim, cuff, rosa):
    lost = DeviceFactory(patient=rosa).gateway

    run = night(client)

    lost.refresh_from_db()
    assert lost.ask_problem == gateway_status.UNKNOWN_THERE
    assert [(row["kind"], row["gateway"]) for row in run.differences] == [
        (gateway_status.NOT_TOLD, str(lost.public_id))
    ]
    assert run.found == 1


def test_a_worker_that_died_leaves_the_rest_to_the_next_and_nothing_is_asked_twice(client, sim, rosa):
    for _ in range(4):
        theirs = sim.add_device(external_id=rosa.external_id)
        DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid=theirs["device"]["hardware_uuid"]))
    run = gateway_status.start()
    assert gateway_status._ask(client, Gateway.objects.due().first())

    assert gateway_status.start() == run, "a second start joins"
    while gateway_status.work(client):
        pass

    assert len(asked(sim)) == 4
    assert SyncRun.objects.get().found == 4


def test_a_slice_ends_and_says_that_there_is_more(client, cuff):
    gateway_status.start()

    assert gateway_status.work(client, seconds=0) is True
    assert SyncRun.objects.unfinished().exists()


def test_an_answer_that_can_not_be_read_is_asked_for_again_later_and_then_left(client, sim, cuff):
    sim.faults.add(match={"path_contains": "gateway-info"}, kind="status", status=502, times=100)
    gateway_status.start()

    for attempt in (1, 2):
        gateway_status.work(client)
        waiting = Gateway.objects.get()
        assert (waiting.ask_attempts, waiting.ask_at > timezone.now()) == (attempt, True)
        assert SyncRun.objects.unfinished().exists()
        Gateway.objects.update(ask_at=timezone.now())
    while gateway_status.work(client):
        pass

    assert Gateway.objects.get().ask_problem == gateway_status.NO_ANSWER
    assert SyncRun.objects.get().differences[0]["problem"] == gateway_status.NO_ANSWER


def test_a_refused_key_stops_the_work_and_blames_no_gateway(client, sim, cuff):
    sim.faults.add(match={"path_contains": "gateway-info"}, kind="status", status=401, times=100)
    gateway_status.start()

    assert gateway_status.work(client) is False

    gateway = Gateway.objects.get()
    assert (gateway.ask_problem, gateway.ask_attempts) == ("", 0)
    assert Gateway.objects.due().exists()


def test_an_answer_about_another_gateway_is_not_believed(client, sim, cuff):
    seen_by_vendor(sim, cuff.gateway, gateway_uuid="FFFFFFFFFFFF")
    gateway_status.start()

    gateway_status.work(client)

    assert Gateway.objects.get().told_at is None


def test_it_begins_once_a_night_however_many_beats_and_a_night_slept_through_is_caught_up(cuff):
    assert gateway_status.start_nightly(now=NIGHT + HOUR, hour_utc=6) is not None
    assert gateway_status.start_nightly(now=NIGHT + HOUR, hour_utc=6) is None, "it is under way"
    SyncRun.objects.update(started_at=NIGHT + HOUR, finished_at=NIGHT + 2 * HOUR)

    assert gateway_status.start_nightly(now=NIGHT + 23 * HOUR, hour_utc=6) is None, "the next turn is tomorrow at six"
    assert gateway_status.start_nightly(now=NIGHT + 40 * HOUR, hour_utc=6) is not None


@pytest.fixture
def wired(sim, monkeypatch, settings):
    settings.TENOVI_CALL_GAP_SECONDS = 0.01
    monkeypatch.setattr(client_factory, "new_transport", lambda: httpx2.WSGITransport(app=sim))
    return sim


def test_the_task_starts_the_night_and_works_it_off(wired, cuff):
    tasks.read_gateways()
    tasks.read_gateways()

    assert SyncRun.objects.get(kind="gateways").finished_at is not None
    assert len(asked(wired)) == 1


def test_readings_come_first(wired, cuff):
    """On one key the pull of readings takes as long as it always did; gateways are asked about after it."""
    pull = SyncRun.objects.create(kind="measurements")

    tasks.read_gateways()
    assert asked(wired) == []

    SyncRun.objects.filter(pk=pull.pk).update(finished_at=timezone.now())
    tasks.read_gateways()
    assert len(asked(wired)) == 1


def test_a_night_of_10_000_patients_and_gateways_is_within_the_budget_of_its_calls(client, sim, rosa, remark):
    """Calls are counted on 60 gateways; that each takes 1.05 s / keys and at most 3 % more, the fault tests measure."""
    for _ in range(60):
        theirs = sim.add_device(external_id=rosa.external_id)
        DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid=theirs["device"]["hardware_uuid"]))

    night(client)

    calls = len(asked(sim))
    assert calls == 60
    for keys in (1, 2, 5):
        hours = 1.03 * 1.05 * 10_000 * (1 + calls / 60) / keys / 3600
        remark(f"10,000 patients with a gateway each, background keys {keys}: at most {hours:.2f} h")


def test_the_command_line_asks_in_the_foreground(wired, cuff, capsys):
    call_command("sync", "gateways")

    assert "gateways: 1 at the vendor" in capsys.readouterr().out


# --- when a person wants to know ------------------------------------------------------------------------------------


def test_a_person_s_look_goes_by_the_people_s_lane_within_seconds_and_leaves_the_night_alone(wired, cuff):
    gateway_status.ask(cuff.gateway)
    assert Gateway.objects.looked_for().exists()

    tasks.look_for_people()

    gateway = Gateway.objects.get()
    assert (gateway.told_at is not None, gateway.look_asked_at) == (True, None)
    assert not SyncRun.objects.exists()


KNOWS_IT_NOT = {"status": 404, "body": {"detail": "Not found."}}


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"status": 502}, gateway_status.NO_ANSWER),
        ({"status": 401}, gateway_status.OUR_ACCESS),
        (KNOWS_IT_NOT, gateway_status.UNKNOWN_THERE),
    ],
)
def test_a_look_that_brings_nothing_says_why_and_keeps_what_was_known(client, sim, cuff, fault, problem):
    Gateway.objects.update(signal_strength=22)
    sim.faults.add(match={"path_contains": "gateway-info"}, kind="status", times=100, **fault)
    gateway_status.ask(cuff.gateway)

    gateway_status.carry_out(client)

    gateway = Gateway.objects.get()
    assert (gateway.signal_strength, gateway.look_asked_at) == (22, None)
    assert gateway.ask_problem == problem


def test_nobody_waits_nothing_is_called(wired, cuff):
    tasks.look_for_people()

    assert wired.requests.matching("GET", "") == []


def test_a_run_that_a_person_asked_for_is_written_down(ada, cuff):
    run = gateway_status.start(by=ada)

    assert run.requested_by == ada
    assert AuditEvent.objects.filter(action="sync", actor_id=ada.pk, target=f"sync:{run.pk}").count() == 1

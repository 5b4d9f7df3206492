"""Comparisons with the vendor when they are due, and when a person requests them."""

import datetime as dt

import httpx2
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from devices import tasks
from devices.models import ApiKeySlot, Delivery, DeviceType, SyncRow, SyncRun
from devices.tenovi import client_factory
from patients.models import AuditEvent
from tests.factories import DeliveryFactory, DeviceFactory
from tests.simulated_vendor import no_retry_delays, sim

__all__ = ["no_retry_delays", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


@pytest.fixture
def simulated_vendor(sim, monkeypatch, settings):
    settings.TENOVI_CALL_GAP_SECONDS = 0.01
    monkeypatch.setattr(client_factory, "build_transport", lambda: httpx2.WSGITransport(app=sim))
    return sim


@pytest.mark.parametrize(("task", "kind"), [(tasks.sync_catalogue, "catalogue"), (tasks.reconcile_devices, "devices")])
def test_sync_task_runs_at_the_first_start_and_then_once_a_day(simulated_vendor, task, kind):
    task()
    task()
    assert SyncRun.objects.filter(kind=kind, finished_at__isnull=False).count() == 1

    SyncRun.objects.update(finished_at=NOW - dt.timedelta(hours=25))
    task()
    assert SyncRun.objects.filter(kind=kind).count() == 2


@pytest.mark.parametrize(("task", "kind"), [(tasks.sync_catalogue, "catalogue"), (tasks.reconcile_devices, "devices")])
@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 500}, {"kind": "html"}, {"kind": "status", "status": 401}]
)
def test_sync_task_records_a_vendor_fault_in_its_run_and_repeats_it_after_a_pause(simulated_vendor, task, kind, fault):
    simulated_vendor.faults.add(**fault, match={"method": "GET"}, times=None)

    task()
    task()

    run = SyncRun.objects.get()
    assert (run.kind, run.finished_at, run.attempts) == (kind, None, 1)
    assert run.problem
    assert run.next_attempt_at > timezone.now()

    simulated_vendor.faults.clear()
    ApiKeySlot.objects.update(refused_since=None)
    SyncRun.objects.update(next_attempt_at=timezone.now())
    task()

    run.refresh_from_db()
    assert (run.finished_at is not None, run.problem) == (True, "")


def test_sync_run_requested_by_a_person_does_not_wait_for_the_pause(simulated_vendor, client, ada):
    SyncRun.objects.create(kind="catalogue", next_attempt_at=NOW + dt.timedelta(hours=1), problem="status 500")
    tasks.sync_catalogue()
    assert not SyncRun.objects.filter(finished_at__isnull=False).exists()
    client.force_login(ada)

    client.post("/admin/devices/syncrun/start/catalogue/")
    tasks.sync_catalogue()

    assert SyncRun.objects.get().finished_at is not None


def test_catalogue_sync_task_provides_orderable_types_after_the_first_start(simulated_vendor):
    tasks.sync_catalogue()

    assert DeviceType.objects.orderable().filter(name="Tenovi Scale").exists()


def test_sync_run_requested_in_the_admin_is_due_immediately(simulated_vendor, client, ada):
    tasks.sync_catalogue()
    client.force_login(ada)

    client.post("/admin/devices/syncrun/start/catalogue/")
    tasks.sync_catalogue()

    asked = SyncRun.objects.get(requested_by=ada)
    assert asked.finished_at is not None


def test_sync_run_admin_starts_a_pull_and_shows_its_progress(client, ada, rosa):
    DeviceFactory(patient=rosa)
    client.force_login(ada)

    page = client.post("/admin/devices/syncrun/start/measurements/", follow=True).content.decode()

    run = SyncRun.objects.get()
    assert run.requested_by == ada
    assert "0 of 1 patient" in page
    assert 'http-equiv="refresh"' in page
    assert AuditEvent.objects.filter(action=AuditEvent.Action.SYNC, actor_id=ada.pk).exists()
    SyncRow.objects.update(state=SyncRow.State.DONE)
    SyncRun.objects.update(finished_at=NOW)
    page = client.get(f"/admin/devices/syncrun/{run.pk}/change/").content.decode()
    assert "1 of 1 patient" in page
    assert 'http-equiv="refresh"' not in page


@pytest.mark.parametrize("kind", ["devices", "catalogue", "gateways", "measurements"])
def test_sync_run_admin_says_of_a_run_under_way_that_nothing_is_known_yet(client, ada, kind):
    run = SyncRun.objects.create(kind=kind)
    client.force_login(ada)

    pages = [client.get(f"/admin/devices/syncrun/{path}").content.decode() for path in (f"{run.pk}/change/", "")]

    assert ("Not known yet: the comparison is under way." in pages[0]) == (kind != "measurements")
    for page in pages:
        assert "None:" not in page
        assert ("not known yet" in page) == (kind != "measurements")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("devices", "None: the vendor lists the same devices"),
        ("catalogue", "None: every device type"),
        ("gateways", "None: the vendor gave the status"),
        ("measurements", ""),
    ],
)
def test_sync_run_admin_says_what_a_finished_run_without_differences_has_shown(client, ada, kind, words):
    run = SyncRun.objects.create(kind=kind, finished_at=NOW)
    client.force_login(ada)

    page = client.get(f"/admin/devices/syncrun/{run.pk}/change/").content.decode()

    assert words in page
    assert ("<h2>Differences</h2>" in page) == bool(words)


def test_sync_run_admin_without_differences_of_own_clinics_says_so(client, ada, harbor):
    theirs = DeviceFactory(patient__clinic=harbor)
    difference = {"kind": "known here, absent at the vendor", "hwi_id": str(theirs.hwi_id)}
    run = SyncRun.objects.create(kind="devices", finished_at=NOW, differences=[difference])
    client.force_login(ada)

    page = client.get(f"/admin/devices/syncrun/{run.pk}/change/").content.decode()

    assert "None about your clinics: the vendor lists" in page


def test_sync_run_admin_start_is_forbidden_for_clinicians(client, nadia):
    client.force_login(nadia)

    assert client.post("/admin/devices/syncrun/start/measurements/").status_code == 403
    assert not SyncRun.objects.exists()


def test_api_key_slot_admin_action_releases_a_refused_key(client, ada):
    slot = ApiKeySlot.objects.create(bucket="abc", refused_since=NOW, refused_reason="401")
    client.force_login(ada)

    client.post(
        "/admin/devices/apikeyslot/", {"action": "resume_keys", "confirmed": "1", "_selected_action": [slot.pk]}
    )

    slot.refresh_from_db()
    assert slot.refused_since is None


def test_replay_deliveries_command_replays_deliveries_since_a_given_time():
    old = DeliveryFactory(state=Delivery.State.DEAD, received_at=NOW - dt.timedelta(days=3))
    new = DeliveryFactory(state=Delivery.State.QUARANTINED, received_at=NOW)

    call_command("replay_deliveries", "--since", (NOW - dt.timedelta(days=1)).isoformat(timespec="seconds"))

    assert set(Delivery.objects.values_list("pk", "state")) == {(old.pk, "dead"), (new.pk, "new")}


def test_replay_deliveries_command_rejects_a_malformed_time():
    with pytest.raises(CommandError, match="write it as"):
        call_command("replay_deliveries", "--since", "yesterday")

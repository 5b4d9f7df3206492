"""Comparisons with the vendor when they are due, and when somebody asks."""

import datetime as dt

import httpx2
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from devices import tasks
from devices.models import Delivery, DeviceType, KeySlot, SyncRow, SyncRun
from devices.tenovi import client_factory
from patients.models import AuditEvent
from tests.factories import DeliveryFactory, DeviceFactory
from tests.vendor import no_pauses_between_tries, sim

__all__ = ["no_pauses_between_tries", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


@pytest.fixture
def wired(sim, monkeypatch, settings):
    settings.TENOVI_CALL_GAP_SECONDS = 0.01
    monkeypatch.setattr(client_factory, "new_transport", lambda: httpx2.WSGITransport(app=sim))
    return sim


@pytest.mark.parametrize(("task", "kind"), [(tasks.sync_catalogue, "catalogue"), (tasks.compare_devices, "devices")])
def test_a_comparison_runs_at_the_first_start_then_once_a_day(wired, task, kind):
    task()
    task()
    assert SyncRun.objects.filter(kind=kind, finished_at__isnull=False).count() == 1

    SyncRun.objects.update(finished_at=NOW - dt.timedelta(hours=25))
    task()
    assert SyncRun.objects.filter(kind=kind).count() == 2


def test_the_catalogue_is_there_after_the_first_start(wired):
    tasks.sync_catalogue()

    assert DeviceType.objects.orderable().filter(name="Tenovi Scale").exists()


def test_what_a_person_asked_for_is_due_at_once(wired, client, ada):
    tasks.sync_catalogue()
    client.force_login(ada)

    client.post("/admin/devices/syncrun/start/catalogue/")
    tasks.sync_catalogue()

    asked = SyncRun.objects.get(requested_by=ada)
    assert asked.finished_at is not None


def test_an_administrator_starts_a_pull_and_sees_how_far_it_is(client, ada, rosa):
    DeviceFactory(patient=rosa)
    client.force_login(ada)

    page = client.post("/admin/devices/syncrun/start/measurements/", follow=True).content.decode()

    run = SyncRun.objects.get()
    assert run.requested_by == ada
    assert "0 of 1 patients" in page
    assert 'http-equiv="refresh"' in page
    assert AuditEvent.objects.filter(action=AuditEvent.Action.SYNC, actor_id=ada.pk).exists()
    SyncRow.objects.update(state=SyncRow.State.DONE)
    SyncRun.objects.update(finished_at=NOW)
    page = client.get(f"/admin/devices/syncrun/{run.pk}/change/").content.decode()
    assert "1 of 1 patients" in page
    assert 'http-equiv="refresh"' not in page


def test_nobody_else_starts_one(client, nadia):
    client.force_login(nadia)

    assert client.post("/admin/devices/syncrun/start/measurements/").status_code == 403
    assert not SyncRun.objects.exists()


def test_a_refused_key_is_released_by_an_administrator(client, ada):
    slot = KeySlot.objects.create(bucket="abc", bad_since=NOW, bad_reason="401")
    client.force_login(ada)

    client.post("/admin/devices/keyslot/", {"action": "try_again", "confirmed": "1", "_selected_action": [slot.pk]})

    slot.refresh_from_db()
    assert slot.bad_since is None


def test_deliveries_of_a_time_are_replayed_from_the_command_line():
    old = DeliveryFactory(state=Delivery.State.DEAD, received_at=NOW - dt.timedelta(days=3))
    new = DeliveryFactory(state=Delivery.State.QUARANTINED, received_at=NOW)

    call_command("replay_deliveries", "--since", (NOW - dt.timedelta(days=1)).isoformat(timespec="seconds"))

    assert set(Delivery.objects.values_list("pk", "state")) == {(old.pk, "dead"), (new.pk, "new")}


def test_a_mistyped_time_is_said_in_one_line():
    with pytest.raises(CommandError, match="write it as"):
        call_command("replay_deliveries", "--since", "yesterday")

"""What webhooks lost is pulled, once, from closed windows: the real client over the simulator."""

import datetime as dt

import pytest
from django.utils import timezone

from devices.models import Delivery, SyncRow, SyncRun
from devices.models.sync import SyncRowState
from measurements.models import LatestReading, Measurement, Metric, Overview
from measurements.sync import pull as reconciliation
from tests.factories import DeviceFactory, PatientFactory
from tests.measurements.vendor import deliver, item
from tests.vendor import client, no_pauses_between_tries, sim

__all__ = ["client", "no_pauses_between_tries", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


@pytest.fixture
def cuff(sim, rosa):
    theirs = sim.add_device(external_id=rosa.external_id)
    return DeviceFactory(hwi_id=theirs["id"], patient=rosa)


def read(sim, device, **changes):
    taken = changes.pop("taken", NOW - dt.timedelta(hours=5))
    created = changes.pop("created", taken + dt.timedelta(seconds=40))
    reading = {
        "hwi_device_id": str(device.hwi_id), "metric": "weight", "value_1": 187.4, "webhook": False,
        "timestamp": taken.isoformat().replace("+00:00", "Z"), "created": created.isoformat().replace("+00:00", "Z"),
    }  # fmt: skip
    sim.read([reading | changes])


def pull(client):
    run = reconciliation.start()
    while reconciliation.work(client):
        pass
    return SyncRun.objects.with_progress().get(pk=run.pk)


def test_the_first_pull_brings_everything_from_the_start(client, sim, cuff, rosa):
    for days in (1, 30, 89, 400):
        read(sim, cuff, taken=NOW - dt.timedelta(days=days))

    run = pull(client)

    assert Measurement.objects.filter(patient=rosa, source="pull").count() == 4
    assert (run.done, run.failed, run.seen, run.added) == (1, 0, 4, 4)
    assert run.finished_at is not None


def test_history_from_before_the_enrolment_was_not_missed(client, sim, cuff):
    read(sim, cuff)

    assert pull(client).missed == 0


def test_what_a_webhook_should_have_brought_is_counted_as_missed(client, sim, cuff, rosa):
    type(rosa).objects.update(enrolled_at=NOW - dt.timedelta(days=10))
    read(sim, cuff)

    assert pull(client).missed == 1


def test_a_second_pull_changes_nothing(client, sim, cuff):
    read(sim, cuff)
    pull(client)
    before = list(Measurement.objects.values())

    run = pull(client)

    assert (run.added, list(Measurement.objects.values())) == (0, before)


def test_a_pull_completes_the_vendors_time_of_what_a_webhook_brought(client, sim, cuff):
    created = NOW - dt.timedelta(hours=4)
    read(sim, cuff, created=created)
    taken = (NOW - dt.timedelta(hours=5)).isoformat()
    deliver(item(cuff, metric="weight", value_1="187.40", value_2="0.00", timestamp=taken, filter_params=None))

    run = pull(client)

    assert Measurement.objects.get().vendor_created_at == created
    assert run.added == 0


def test_an_old_payload_is_completed_when_both_times_are_known(client, sim, cuff):
    Metric.objects.update_or_create(code="weight", defaults={"label": "Weight", "known": True, "vital": True})
    created = NOW - dt.timedelta(hours=4)
    weight = {"metric": "weight", "value_1": "187.40", "value_2": "0.00", "filter_params": None}
    old = item(cuff, **weight, created=created.isoformat(), timestamp=...)
    deliver(old)
    read(sim, cuff, created=created)

    pull(client)
    deliver(old)

    reading = Measurement.objects.get()
    assert (reading.taken_at, reading.time_source) == (NOW - dt.timedelta(hours=5), "timestamp")
    assert LatestReading.objects.get().taken_at == reading.taken_at
    assert Overview.objects.get().last_at == reading.taken_at


def test_the_next_window_overlaps_the_last_by_48_hours(client, cuff):
    pull(client)
    first = SyncRow.objects.get()

    second = SyncRow.objects.get(run=reconciliation.start())

    assert first.window_start.year == 2015
    assert second.window_start == first.window_end - dt.timedelta(hours=48)


def test_the_window_is_closed_two_minutes_ago(client, sim, cuff):
    just_now = timezone.now()  # NOW is minutes old by then in a long run
    read(sim, cuff, taken=just_now, created=just_now)

    assert pull(client).seen == 0


def test_a_window_that_broke_off_moves_no_watermark(client, sim, cuff):
    sim.faults.add(match={"path_contains": "measurements"}, kind="status", status=502, times=100)

    pull(client)

    row = SyncRow.objects.get()
    assert (row.state, row.attempts) == (SyncRowState.WAITING, 1)
    assert SyncRow.objects.watermarks() == {}


def test_a_patient_whom_the_vendor_forgot_holds_up_nobody(client, sim, cuff, elm):
    lost = DeviceFactory(patient=PatientFactory(clinic=elm, external_id="pt-gone"))
    sim.faults.add(match={"path_contains": "pt-gone"}, kind="status", status=404, times=100)
    read(sim, cuff)

    pull(client)

    assert Measurement.objects.filter(device=cuff).exists()
    assert not SyncRow.objects.filter(patient=lost.patient, state=SyncRowState.DONE).exists()


def test_a_refused_key_stops_the_work_and_blames_nobody(client, sim, cuff):
    sim.faults.add(match={"path_contains": "measurements"}, kind="status", status=401, times=100)

    pull(client)

    row = SyncRow.objects.get()
    assert (row.state, row.attempts) == (SyncRowState.WAITING, 0)
    assert "key" in row.problem


def test_a_bad_item_costs_its_page_nothing(client, sim, cuff):
    read(sim, cuff)
    read(sim, cuff, taken=NOW - dt.timedelta(hours=6), value_1=9_999_999)

    run = pull(client)

    assert run.added == 1
    assert Delivery.objects.get().source == Delivery.Source.PULL
    pull(client)
    assert Delivery.objects.count() == 1


def test_a_killed_worker_s_patient_is_taken_up_again(client, sim, cuff):
    read(sim, cuff)
    reconciliation.start()
    assert reconciliation._claim() is not None
    assert reconciliation._claim() is None
    SyncRow.objects.update(leased_until=NOW - dt.timedelta(minutes=1))

    pull(client)

    assert Measurement.objects.count() == 1


def test_a_second_click_joins_the_run_that_is_under_way(cuff, ada):
    assert reconciliation.start(by=ada) == reconciliation.start(by=ada)


def test_the_nightly_run_starts_once_a_night_however_many_beats(cuff):
    now = timezone.now()  # its hour has come, whatever the time of day
    first = reconciliation.start_nightly(now=now, hour_utc=now.hour)
    reconciliation.finish_runs()

    assert first is not None
    assert reconciliation.start_nightly(now=now, hour_utc=now.hour) is None

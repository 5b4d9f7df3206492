"""What webhooks lost is pulled, once, from closed windows: the real client over the simulator."""

import datetime as dt

import pytest
from django.utils import timezone

from devices.models import Delivery, SyncRow, SyncRun
from devices.models.sync import SyncRowState
from devices.sync import reading_runs
from measurements.models import LatestReading, Measurement, Metric, PatientSummary
from measurements.sync import pull as reconciliation
from tests.factories import DeviceFactory, PatientFactory
from tests.measurements.webhook_items import measurement_item, receive_and_ingest
from tests.simulated_vendor import client, no_retry_delays, sim

__all__ = ["client", "no_retry_delays", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


@pytest.fixture
def cuff(sim, rosa):
    theirs = sim.add_device(external_id=rosa.external_id)
    return DeviceFactory(hwi_id=theirs["id"], patient=rosa)


def add_vendor_reading(sim, device, **changes):
    taken = changes.pop("taken", NOW - dt.timedelta(hours=5))
    created = changes.pop("created", taken + dt.timedelta(seconds=40))
    reading = {
        "hwi_device_id": str(device.hwi_id), "metric": "weight", "value_1": 187.4, "webhook": False,
        "timestamp": taken.isoformat().replace("+00:00", "Z"), "created": created.isoformat().replace("+00:00", "Z"),
    }  # fmt: skip
    sim.add_readings([reading | changes])


def run_pull(client):
    run = reading_runs.start_pull_run()
    while reconciliation.pull_due_patients(client):
        pass
    return SyncRun.objects.with_progress().get(pk=run.pk)


def test_pull_fetches_whole_history_first_time(client, sim, cuff, rosa):
    for days in (1, 30, 89, 400):
        add_vendor_reading(sim, cuff, taken=NOW - dt.timedelta(days=days))

    run = run_pull(client)

    assert Measurement.objects.filter(patient=rosa, source="pull").count() == 4
    assert (run.done, run.failed, run.seen, run.added) == (1, 0, 4, 4)
    assert run.finished_at is not None


def test_pull_does_not_count_readings_before_enrollment_as_missed(client, sim, cuff):
    add_vendor_reading(sim, cuff)

    assert run_pull(client).missed == 0


def test_pull_counts_readings_without_webhook_as_missed(client, sim, cuff, rosa):
    type(rosa).objects.update(enrolled_at=NOW - dt.timedelta(days=10))
    add_vendor_reading(sim, cuff)

    assert run_pull(client).missed == 1


def test_pull_repeated_changes_nothing(client, sim, cuff):
    add_vendor_reading(sim, cuff)
    run_pull(client)
    before = list(Measurement.objects.values())

    run = run_pull(client)

    assert (run.added, list(Measurement.objects.values())) == (0, before)


def test_pull_adds_vendor_created_time_to_reading_from_webhook(client, sim, cuff):
    created = NOW - dt.timedelta(hours=4)
    add_vendor_reading(sim, cuff, created=created)
    taken = (NOW - dt.timedelta(hours=5)).isoformat()
    receive_and_ingest(
        measurement_item(cuff, metric="weight", value_1="187.40", value_2="0.00", timestamp=taken, filter_params=None)
    )

    run = run_pull(client)

    assert Measurement.objects.get().vendor_created_at == created
    assert run.added == 0


def test_pull_corrects_time_of_legacy_payload_reading(client, sim, cuff):
    Metric.objects.update_or_create(code="weight", defaults={"label": "Weight", "known": True, "vital": True})
    created = NOW - dt.timedelta(hours=4)
    weight = {"metric": "weight", "value_1": "187.40", "value_2": "0.00", "filter_params": None}
    old = measurement_item(cuff, **weight, created=created.isoformat(), timestamp=...)
    receive_and_ingest(old)
    add_vendor_reading(sim, cuff, created=created)

    run_pull(client)
    receive_and_ingest(old)

    reading = Measurement.objects.get()
    assert (reading.taken_at, reading.time_source) == (NOW - dt.timedelta(hours=5), "timestamp")
    assert LatestReading.objects.get().taken_at == reading.taken_at
    assert PatientSummary.objects.get().last_at == reading.taken_at


def test_pull_window_overlaps_previous_window_by_48_hours(client, cuff):
    run_pull(client)
    first = SyncRow.objects.get()

    second = SyncRow.objects.get(run=reading_runs.start_pull_run())

    assert first.window_start.year == 2015
    assert second.window_start == first.window_end - dt.timedelta(hours=48)


def test_pull_window_ends_two_minutes_ago(client, sim, cuff):
    just_now = timezone.now()  # NOW is minutes old by then in a long run
    add_vendor_reading(sim, cuff, taken=just_now, created=just_now)

    assert run_pull(client).seen == 0


def test_pull_failure_leaves_watermark_unchanged(client, sim, cuff):
    sim.faults.add(match={"path_contains": "measurements"}, kind="status", status=502, times=100)

    run_pull(client)

    row = SyncRow.objects.get()
    assert (row.state, row.attempts) == (SyncRowState.WAITING, 1)
    assert SyncRow.objects.watermarks() == {}


def test_pull_continues_after_patient_unknown_to_vendor(client, sim, cuff, elm):
    lost = DeviceFactory(patient=PatientFactory(clinic=elm, external_id="pt-gone"))
    sim.faults.add(match={"path_contains": "pt-gone"}, kind="status", status=404, times=100)
    add_vendor_reading(sim, cuff)

    run_pull(client)

    assert Measurement.objects.filter(device=cuff).exists()
    assert not SyncRow.objects.filter(patient=lost.patient, state=SyncRowState.DONE).exists()


def test_pull_with_refused_api_key_stops_without_counting_attempts(client, sim, cuff):
    sim.faults.add(match={"path_contains": "measurements"}, kind="status", status=401, times=100)

    run_pull(client)

    row = SyncRow.objects.get()
    assert (row.state, row.attempts) == (SyncRowState.WAITING, 0)
    assert "key" in row.problem


def test_pull_quarantines_bad_item_once_and_stores_rest_of_page(client, sim, cuff):
    add_vendor_reading(sim, cuff)
    add_vendor_reading(sim, cuff, taken=NOW - dt.timedelta(hours=6), value_1=9_999_999)

    run = run_pull(client)

    assert run.added == 1
    assert Delivery.objects.get().source == Delivery.Source.PULL
    run_pull(client)
    assert Delivery.objects.count() == 1


def test_pull_resumes_patient_after_lease_of_killed_worker_expires(client, sim, cuff):
    add_vendor_reading(sim, cuff)
    reading_runs.start_pull_run()
    assert reconciliation.claim_due_row() is not None
    assert reconciliation.claim_due_row() is None
    SyncRow.objects.update(leased_until=NOW - dt.timedelta(minutes=1))

    run_pull(client)

    assert Measurement.objects.count() == 1


def test_pull_started_twice_returns_running_sync_run(cuff, ada):
    assert reading_runs.start_pull_run(by=ada) == reading_runs.start_pull_run(by=ada)


def test_nightly_pull_starts_once_per_night(cuff):
    now = timezone.now()  # its hour has come, whatever the time of day
    first = reading_runs.start_nightly_run(now=now, hour_utc=now.hour)
    reconciliation.finish_completed_runs()

    assert first is not None
    assert reading_runs.start_nightly_run(now=now, hour_utc=now.hour) is None

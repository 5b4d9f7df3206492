"""Pulls planned after an outage of webhooks, or for patients with later readings at the vendor."""

import datetime as dt

import httpx2
import pytest
from django.core.management import call_command
from django.utils import timezone

from devices import tasks
from devices.models import OperatorAlarm, SyncRow, SyncRun
from devices.monitoring import outages
from devices.sync import reading_runs
from devices.tenovi import client_factory
from measurements.models import Measurement
from measurements.models.measurement import EARLIEST_TAKEN_AT
from measurements.sync import pull
from tests.factories import DeviceFactory, OperatorAlarmFactory, SyncRowFactory, SyncRunFactory
from tests.simulated_vendor import no_retry_delays, sim

__all__ = ["no_retry_delays", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
SUNDAY = dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC)


def create_last_run(**changes):
    return SyncRunFactory(**{"started_at": NOW - 5 * HOUR, "finished_at": NOW - 4 * HOUR, **changes})


# --- after an outage ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", outages.WEBHOOK_OUTAGE_ALARMS)
def test_pull_after_outage_starts_once_during_and_once_after_it(rosa, name):
    DeviceFactory(patient=rosa)
    create_last_run()
    alarm = OperatorAlarmFactory(name=name, since=NOW - HOUR)

    begun = reading_runs.start_pull_after_outage()
    assert SyncRow.objects.get(run=begun).patient == rosa
    SyncRow.objects.update(state="done")
    pull.finish_completed_runs()
    assert reading_runs.start_pull_after_outage() is None, "it lasts: once is enough until it is over"

    OperatorAlarm.objects.filter(pk=alarm.pk).update(resolved_at=timezone.now())
    assert reading_runs.start_pull_after_outage() is not None


def test_pull_after_outage_ignores_unrelated_operator_alarm(rosa):
    create_last_run()
    OperatorAlarmFactory(name="catalogue", since=NOW - HOUR)

    assert reading_runs.start_pull_after_outage() is None


def test_pull_after_outage_waits_for_unfinished_sync_run(rosa):
    create_last_run(finished_at=None)
    OperatorAlarmFactory(name="hooks_refused", since=NOW - HOUR)

    assert reading_runs.start_pull_after_outage() is None


def test_check_operator_alarms_task_starts_pull_after_outage(rosa, monkeypatch):
    DeviceFactory(patient=rosa)
    create_last_run()
    monkeypatch.setattr(
        tasks.operator_alarms, "update_operator_alarms", lambda: OperatorAlarmFactory(name="hooks_silent", since=NOW)
    )

    tasks.check_operator_alarms()

    assert SyncRun.objects.unfinished().get().rows.get().patient == rosa


# --- when the vendor's list has a later reading ---------------------------------------------------------------------


@pytest.fixture
def simulated_vendor(sim, monkeypatch, settings):
    settings.TENOVI_CALL_GAP_SECONDS = 0.01
    monkeypatch.setattr(client_factory, "build_transport", lambda: httpx2.WSGITransport(app=sim))
    return sim


def test_device_comparison_triggers_pull_of_reading_lost_by_webhook(simulated_vendor, rosa):
    theirs = simulated_vendor.add_device(external_id=rosa.external_id)
    DeviceFactory(hwi_id=theirs["id"], patient=rosa)
    taken = (NOW - 3 * HOUR).isoformat().replace("+00:00", "Z")
    reading = {
        "hwi_device_id": theirs["id"],
        "metric": "weight",
        "value_1": 187.4,
        "timestamp": taken,
        "created": taken,
    }
    simulated_vendor.add_readings([reading | {"webhook": False}])

    tasks.reconcile_devices()
    with client_factory.background_client() as client:
        while pull.pull_due_patients(client):
            pass

    assert Measurement.objects.get().patient == rosa


def test_sync_readings_command_pulls_all_patients_in_the_foreground(simulated_vendor, rosa, capsys):
    theirs = simulated_vendor.add_device(external_id=rosa.external_id)
    DeviceFactory(hwi_id=theirs["id"], patient=rosa)
    taken = (NOW - 3 * HOUR).isoformat().replace("+00:00", "Z")
    reading = {"hwi_device_id": theirs["id"], "metric": "weight", "value_1": 187.4, "timestamp": taken}
    simulated_vendor.add_readings([reading | {"created": taken, "webhook": False}])

    call_command("sync_readings")

    assert Measurement.objects.get().patient == rosa
    assert "measurements: 1 at the vendor" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("vendor", "ours", "pulled"),
    [
        (NOW - 5 * HOUR, NOW - 5 * HOUR, False),
        (NOW - 5 * HOUR, None, True),
        (NOW - 5 * HOUR, NOW - DAY, True),
        (NOW - dt.timedelta(minutes=20), NOW - DAY, False),  # may still come by its webhook
        (None, None, False),
    ],
)
def test_schedule_lagging_patients_selects_only_patients_with_missing_readings(rosa, vendor, ours, pulled):
    DeviceFactory(patient=rosa, vendor_last_measurement=vendor, last_reading_at=ours)

    assert reading_runs.schedule_lagging_patients() == int(pulled)
    assert SyncRow.objects.exists() == pulled


def test_schedule_lagging_patients_compares_stamps_where_device_clock_is_ahead(rosa):
    stamp = NOW - 5 * HOUR
    DeviceFactory(patient=rosa, vendor_last_measurement=stamp, last_reading_at=stamp - 20 * HOUR, last_stamped_at=stamp)

    assert reading_runs.schedule_lagging_patients() == 0


def test_schedule_lagging_patients_skips_patient_already_pulled_since(rosa):
    """The reading may be in quarantine, or the vendor's list wrong: one pull is enough."""
    DeviceFactory(patient=rosa, vendor_last_measurement=NOW - 5 * HOUR)
    SyncRowFactory(run=create_last_run(), patient=rosa, state="done", window_end=NOW - 4 * HOUR)

    assert reading_runs.schedule_lagging_patients() == 0


# --- once a week over thirty days ------------------------------------------------------------------------------------


def run_nightly_pull(now):
    run = reading_runs.start_nightly_run(now=now, hour_utc=6)
    SyncRow.objects.filter(run=run).update(state="done")
    SyncRun.objects.filter(pk=run.pk).update(started_at=now, finished_at=now)
    run.refresh_from_db()
    return run


def test_nightly_pull_is_deep_every_seventh_night(rosa):
    DeviceFactory(patient=rosa)

    nights = [run_nightly_pull(SUNDAY + n * DAY + HOUR) for n in range(15)]

    assert [n for n, run in enumerate(nights) if run.deep] == [0, 7, 14]


def test_nightly_pull_catches_up_missed_deep_run_next_time(rosa):
    DeviceFactory(patient=rosa)
    run_nightly_pull(SUNDAY)

    assert run_nightly_pull(SUNDAY + 9 * DAY).deep
    assert not run_nightly_pull(SUNDAY + 10 * DAY).deep


def test_pull_window_is_thirty_days_when_deep_and_two_days_otherwise(rosa):
    DeviceFactory(patient=rosa)
    SyncRowFactory(run=create_last_run(nightly=True), patient=rosa, state="done", window_end=NOW - DAY)

    deep = reading_runs.start_pull_run(deep=True).rows.get()
    assert deep.window_start == deep.window_end - 30 * DAY
    SyncRow.objects.filter(pk=deep.pk).update(state="failed")
    pull.finish_completed_runs()

    usual = reading_runs.start_pull_run().rows.get()
    assert usual.window_start == NOW - DAY - 2 * DAY


def test_first_pull_window_starts_at_the_earliest_time_that_readings_may_have():
    assert reading_runs.EARLIEST_READING_AT == EARLIEST_TAKEN_AT

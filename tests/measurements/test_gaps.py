"""Where webhooks were lost, a pull begins by itself: after an outage, or for whom the vendor tells of more."""

import datetime as dt

import httpx2
import pytest
from django.utils import timezone

from devices import tasks
from devices.models import Alarm, SyncRow, SyncRun
from devices.monitoring import outages
from devices.tenovi import client_factory
from measurements.models import Measurement
from measurements.sync import pull
from tests.factories import AlarmFactory, DeviceFactory, SyncRowFactory, SyncRunFactory
from tests.vendor import no_pauses_between_tries, sim

__all__ = ["no_pauses_between_tries", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
SUNDAY = dt.datetime(2026, 11, 22, 6, 0, tzinfo=dt.UTC)


def last_run(**changes):
    return SyncRunFactory(**{"started_at": NOW - 5 * HOUR, "finished_at": NOW - 4 * HOUR, **changes})


# --- after an outage ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", outages.LOSE_WEBHOOKS)
def test_a_pull_begins_when_webhooks_are_lost_and_once_more_when_that_is_over(rosa, name):
    DeviceFactory(patient=rosa)
    last_run()
    alarm = AlarmFactory(name=name, since=NOW - HOUR)

    begun = pull.start_after_gap()
    assert SyncRow.objects.get(run=begun).patient == rosa
    SyncRow.objects.update(state="done")
    pull.finish_runs()
    assert pull.start_after_gap() is None, "it lasts: once is enough until it is over"

    Alarm.objects.filter(pk=alarm.pk).update(over_at=timezone.now())
    assert pull.start_after_gap() is not None


def test_an_alarm_about_something_else_loses_no_webhook(rosa):
    last_run()
    AlarmFactory(name="catalogue", since=NOW - HOUR)

    assert pull.start_after_gap() is None


def test_what_is_under_way_is_finished_first(rosa):
    last_run(finished_at=None)
    AlarmFactory(name="hooks_refused", since=NOW - HOUR)

    assert pull.start_after_gap() is None


def test_the_house_keeping_task_starts_it(rosa, monkeypatch):
    DeviceFactory(patient=rosa)
    last_run()
    monkeypatch.setattr(tasks.operator_alarms, "look", lambda: AlarmFactory(name="hooks_silent", since=NOW))

    tasks.look_after_house()

    assert SyncRun.objects.unfinished().get().rows.get().patient == rosa


# --- when the vendor's list tells of a later reading ------------------------------------------------------------------


@pytest.fixture
def wired(sim, monkeypatch, settings):
    settings.TENOVI_CALL_GAP_SECONDS = 0.01
    monkeypatch.setattr(client_factory, "new_transport", lambda: httpx2.WSGITransport(app=sim))
    return sim


def test_a_lost_webhook_shows_in_the_device_list_and_is_pulled_at_once(wired, rosa):
    theirs = wired.add_device(external_id=rosa.external_id)
    DeviceFactory(hwi_id=theirs["id"], patient=rosa)
    taken = (NOW - 3 * HOUR).isoformat().replace("+00:00", "Z")
    wired.read([{"hwi_device_id": theirs["id"], "metric": "weight", "value_1": 187.4, "webhook": False,
                 "timestamp": taken, "created": taken}])  # fmt: skip

    tasks.compare_devices()
    with client_factory.background_lane() as client:
        while pull.work(client):
            pass

    assert Measurement.objects.get().patient == rosa


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
def test_only_those_are_pulled_who_lack_something(rosa, vendor, ours, pulled):
    DeviceFactory(patient=rosa, vendor_last_measurement=vendor, last_reading_at=ours)

    assert pull.pull_behind() == int(pulled)
    assert SyncRow.objects.exists() == pulled


def test_what_was_asked_for_since_is_not_asked_for_again(rosa):
    """The reading may be in quarantine, or the vendor's list wrong: one pull is enough."""
    DeviceFactory(patient=rosa, vendor_last_measurement=NOW - 5 * HOUR)
    SyncRowFactory(run=last_run(), patient=rosa, state="done", window_end=NOW - 4 * HOUR)

    assert pull.pull_behind() == 0


# --- once a week over thirty days ------------------------------------------------------------------------------------


def night(now):
    run = pull.start_nightly(now=now, hour_utc=6)
    SyncRow.objects.filter(run=run).update(state="done")
    SyncRun.objects.filter(pk=run.pk).update(started_at=now, finished_at=now)
    run.refresh_from_db()
    return run


def test_every_seventh_night_is_deep(rosa):
    DeviceFactory(patient=rosa)

    nights = [night(SUNDAY + n * DAY + HOUR) for n in range(15)]

    assert [n for n, run in enumerate(nights) if run.deep] == [0, 7, 14]


def test_a_deep_night_that_was_slept_through_is_caught_up_by_the_next(rosa):
    DeviceFactory(patient=rosa)
    night(SUNDAY)

    assert night(SUNDAY + 9 * DAY).deep
    assert not night(SUNDAY + 10 * DAY).deep


def test_a_deep_window_goes_back_thirty_days_and_a_usual_one_two(rosa):
    DeviceFactory(patient=rosa)
    SyncRowFactory(run=last_run(nightly=True), patient=rosa, state="done", window_end=NOW - DAY)

    deep = pull.start(deep=True).rows.get()
    assert deep.window_start == deep.window_end - 30 * DAY
    SyncRow.objects.filter(pk=deep.pk).update(state="failed")
    pull.finish_runs()

    usual = pull.start().rows.get()
    assert usual.window_start == NOW - DAY - 2 * DAY

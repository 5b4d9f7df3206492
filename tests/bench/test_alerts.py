"""Alert episodes: from a webhook to the episode at 50 readings a second, and silence assessed for 10,000 patients.

PEOPLE=1000 is a shorter run of the second; its time is stated for 10,000.
"""

import json
import os
import random
import threading
import time

import psycopg
import pytest
from django.utils import timezone

from measurements.alerts import assessment
from measurements.alerts.models import AlertEpisode
from measurements.models import TriageEntry
from tests.bench import create_clinic, reading_history
from tests.bench.load_client import build_request, measure_latencies
from tests.bench.percentiles import percentile
from tests.factories import ClinicFactory

pytestmark = pytest.mark.bench
HOOK = "/hooks/tenovi/measurements/"
RATE, EPISODES, MOST_SECONDS_TO_EPISODE = 50, 500, 5
PEOPLE = int(os.environ.get("PEOPLE", "10_000"))
MOST_SILENCE_SECONDS = 60
FIVE_TO_THIRTY_DAYS_AGO = range(30, 180)  # six readings a day


class EpisodeWatcher(threading.Thread):
    """When each patient's first new episode was seen, by a separate connection."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.seen, self.done, self._url = {}, threading.Event(), url

    def run(self):
        with psycopg.connect(self._url, autocommit=True) as db:
            last = db.execute("SELECT coalesce(max(id), 0) FROM alerts_alertepisode").fetchone()[0]
            while not self.done.wait(0.02):
                query = """
                    SELECT episode.id, patient.external_id FROM alerts_alertepisode AS episode
                    JOIN patients_patient AS patient ON patient.id = patient_id
                    WHERE episode.id > %s AND rule = 'bp_severe' ORDER BY episode.id
                """
                for episode, patient in db.execute(query, [last]).fetchall():
                    last = episode
                    self.seen.setdefault(patient, time.perf_counter())


def severe_and_other_items(bench):
    """For each cuff a severe pressure of now and a pulse of the same sitting, in no order."""
    stamp = timezone.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
    items = bench.readings.round(2 * EPISODES, cuffs=EPISODES)
    for item in items:
        item |= {"created": stamp, "timestamp": stamp}
        if item["metric"] == "blood_pressure":
            item |= {"value_1": "192.00", "value_2": "125.00"}
    return items


def test_webhook_to_episode_latency(bench, record_figure):
    bench.db.execute("UPDATE patients_patient SET conditions = '{hypertension}'")
    bench.db.commit()
    items = severe_and_other_items(bench)
    requests = [build_request(HOOK, json.dumps(item).encode(), secret=bench.secret) for item in items]
    watcher = EpisodeWatcher(bench.database_url)
    with bench.worker():
        bench.wake_up_worker()
        watcher.start()
        time.sleep(8)  # the worker boots
        began = time.perf_counter() + 0.2
        measure_latencies(bench.address, requests, rate=RATE, lines=8)
        deadline = time.perf_counter() + 60
        while len(watcher.seen) < EPISODES and time.perf_counter() < deadline:
            time.sleep(0.05)
        watcher.done.set()
        watcher.join()

    due = {item["patient_id"]: began + n / RATE for n, item in enumerate(items) if item["metric"] == "blood_pressure"}
    assert len(watcher.seen) == len(due) == EPISODES
    waited = [watcher.seen[patient] - at for patient, at in due.items()]
    what = f"from webhook to alert episode at {RATE} readings/s"
    record_figure(f"{what}: p50, s", f"{percentile(waited, 0.5):.2f}")
    record_figure(f"{what}: p99, s", f"{percentile(waited, 0.99):.2f}", reach=str(MOST_SECONDS_TO_EPISODE))
    assert percentile(waited, 0.99) <= MOST_SECONDS_TO_EPISODE


@pytest.mark.django_db(transaction=True)
def test_silence_of_all_patients_is_assessed_by_one_worker(record_figure):
    """As at a local midnight: every patient is due again, of whom the last reading is five days old.

    Their episodes are open since the assessment before, which is not timed: patients fall silent a few a day.
    """
    holders = create_clinic.create_patients_with_devices(ClinicFactory(), PEOPLE, random.Random(reading_history.SEED))
    reading_history.write_readings(holders, FIVE_TO_THIRTY_DAYS_AGO, values=reading_history.LOW)
    create_clinic.vacuum_and_checkpoint()
    while TriageEntry.objects.count() < PEOPLE:
        assessment.add_missing_entries()
    while assessment.assess_due_batch():
        pass
    TriageEntry.objects.mark_due(list(TriageEntry.objects.values_list("pk", flat=True)))
    create_clinic.vacuum_and_checkpoint()

    start = time.monotonic()
    while assessment.assess_due_batch():
        pass
    seconds = (time.monotonic() - start) * 10_000 / PEOPLE

    silent = AlertEpisode.objects.filter(rule="silence", state="open").values("patient").distinct().count()
    record_figure(
        "silence of 10,000 patients reassessed by one worker, s", f"{seconds:.0f}", reach=str(MOST_SILENCE_SECONDS)
    )
    assert (silent, TriageEntry.objects.failing().count()) == (PEOPLE, 0)
    assert seconds <= MOST_SILENCE_SECONDS

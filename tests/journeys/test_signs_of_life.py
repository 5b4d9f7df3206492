"""What `/healthz/deep` and `/metrics` say of the house that really stands."""

import re
import signal
import time

import httpx2
import psycopg
import pytest

from tests.journeys.conftest import eventually
from tests.patience import PATIENCE_SECONDS

PROCESSES = {"database", "broker", "beat", "worker_ingest", "worker_people", "worker_background"}
SERVERS = {"database", "broker"}
MORE_THAN_A_PERIOD = 40
JOBS = {"alarms", "nightly_start", "nightly", "catalogue", "devices", "gateways", "unknown_devices"}


def ask(house, path):
    headers = {"Authorization": f"Bearer {house.env['OPS_TOKEN']}"}
    return httpx2.get(f"{house.base_url}{path}", headers=headers, timeout=PATIENCE_SECONDS)


def test_a_minute_after_the_start_every_process_and_job_has_given_its_sign(house):
    def problems():
        return set(ask(house, "/healthz/deep").json()["problems"]) & (PROCESSES | JOBS)

    eventually(lambda: not problems(), what="signs of life")


def test_all_web_processes_count_together(house):
    for _ in range(30):  # each on a connection of its own, so that both processes get some
        assert httpx2.get(f"{house.base_url}/healthz/", timeout=PATIENCE_SECONDS).status_code == 200
    counted = [count(ask(house, "/metrics").text) for _ in range(6)]

    assert counted[0] >= 30
    assert counted == sorted(counted), "every process tells the sum"


def count(text):
    name = 'vitals_request_seconds_count{method="GET",route="health",status="200"}'
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE).group(1))


def test_signs_are_figures_too(house):
    text = ask(house, "/metrics").text

    assert 'vitals_ok{sign="database"} 1.0' in text
    assert 'vitals_job_success_timestamp_seconds{job="beat"}' in text


@pytest.mark.faults
@pytest.mark.parametrize(("name", "red"), [("worker-people", {"worker_people"}), ("beat", PROCESSES - SERVERS)])
def test_a_process_that_hangs_is_named_until_it_goes_on(house, name, red):
    process = next(each for each in house.crew.processes if each.name == name)

    def problems():
        return set(ask(house, "/healthz/deep").json()["problems"]) & PROCESSES

    eventually(lambda: not problems(), what="signs of life")

    process.send(signal.SIGSTOP)
    try:
        time.sleep(5)  # what was on its way arrives
        forget_signs(house)
        assert problems() >= red
        time.sleep(MORE_THAN_A_PERIOD)
        assert problems() == red
    finally:
        process.send(signal.SIGCONT)
    eventually(lambda: not problems(), what="signs of life again")


def forget_signs(house):
    """As if ten minutes had gone by."""
    with psycopg.connect(house.env["DATABASE_URL"]) as connection:
        connection.execute("UPDATE devices_periodicjob SET succeeded_at = succeeded_at - interval '10 minutes'")

"""What `/healthz/deep` and `/metrics` say of the house that really stands."""

import re

import httpx2

from tests.journeys.conftest import eventually

PROCESSES = {"database", "broker", "beat", "worker_ingest", "worker_people", "worker_background"}
JOBS = {"alarms", "nightly_start", "nightly", "catalogue", "devices", "unknown_devices"}


def ask(house, path):
    return httpx2.get(f"{house.base_url}{path}", headers={"Authorization": f"Bearer {house.env['OPS_TOKEN']}"})


def test_a_minute_after_the_start_every_process_and_job_has_given_its_sign(house):
    def problems():
        return set(ask(house, "/healthz/deep").json()["problems"]) & (PROCESSES | JOBS)

    eventually(lambda: not problems(), seconds=150, what="signs of life")


def test_all_web_processes_count_together(house):
    for _ in range(30):  # each on a connection of its own, so that both processes get some
        assert httpx2.get(f"{house.base_url}/healthz/").status_code == 200
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

"""`/healthz/deep` and `/metrics` of a running stack."""

import re
import signal
import time

import httpx2
import psycopg
import pytest

from tests.journeys.conftest import wait_for
from tests.timeouts import WAIT_TIMEOUT_SECONDS

PROCESSES = {"database", "broker", "beat", "worker_ingest", "worker_people", "worker_background"}
SERVERS = {"database", "broker"}
MORE_THAN_A_PERIOD = 40
JOBS = {"alarms", "nightly_start", "nightly", "catalogue", "devices", "gateways", "unknown_devices"}


def get_with_ops_token(stack, path):
    headers = {"Authorization": f"Bearer {stack.env['OPS_TOKEN']}"}
    return httpx2.get(f"{stack.base_url}{path}", headers=headers, timeout=WAIT_TIMEOUT_SECONDS)


def test_deep_health_check_reports_no_problem_after_start(stack):
    def problems():
        return set(get_with_ops_token(stack, "/healthz/deep").json()["problems"]) & (PROCESSES | JOBS)

    wait_for(lambda: not problems(), what="signs of life")


def test_metrics_endpoint_sums_all_web_processes(stack):
    for _ in range(30):  # each on a connection of its own, so that both processes get some
        assert httpx2.get(f"{stack.base_url}/healthz/", timeout=WAIT_TIMEOUT_SECONDS).status_code == 200
    counted = [health_request_count(get_with_ops_token(stack, "/metrics").text) for _ in range(6)]

    assert counted[0] >= 30
    assert counted == sorted(counted), "every process tells the sum"


def health_request_count(text):
    name = 'vitals_request_seconds_count{method="GET",route="health",status="200"}'
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE).group(1))


def test_metrics_endpoint_includes_health_checks(stack):
    text = get_with_ops_token(stack, "/metrics").text

    assert 'vitals_ok{sign="database"} 1.0' in text
    assert 'vitals_job_success_timestamp_seconds{job="beat"}' in text


@pytest.mark.faults
@pytest.mark.parametrize(("name", "red"), [("worker-people", {"worker_people"}), ("beat", PROCESSES - SERVERS)])
def test_deep_health_check_names_hanging_process_until_it_resumes(stack, name, red):
    process = next(each for each in stack.supervisor.processes if each.name == name)

    def problems():
        return set(get_with_ops_token(stack, "/healthz/deep").json()["problems"]) & PROCESSES

    wait_for(lambda: not problems(), what="signs of life")

    process.send(signal.SIGSTOP)
    try:
        time.sleep(5)  # what was on its way arrives
        age_job_heartbeats(stack)
        assert problems() >= red
        time.sleep(MORE_THAN_A_PERIOD)
        assert problems() == red
    finally:
        process.send(signal.SIGCONT)
    wait_for(lambda: not problems(), what="signs of life again")


def age_job_heartbeats(stack):
    """As if ten minutes had gone by."""
    with psycopg.connect(stack.env["DATABASE_URL"]) as connection:
        connection.execute("UPDATE queueing_periodicjob SET succeeded_at = succeeded_at - interval '10 minutes'")

"""A patient whose every field is unmistakable goes through flows and faults; then logs, Valkey, mails, addresses and
page titles are searched for any of it."""

import base64
import json
import re
from pathlib import Path

import httpx2
import pytest

from tests.journeys.conftest import HttpUser, wait_for
from tests.journeys.leak_scenario import (
    PATIENT,
    VALUE,
    RecordedOutput,
    activate_scale,
    broker_client,
    canaries_in,
    decode_base64_parts,
    error_lines,
    log_texts,
    monitor_valkey,
    place_order_with_vendor_errors,
    provoke_server_errors,
    record_page,
    send_emails,
    send_malformed_requests,
    send_readings,
)
from tests.timeouts import WAIT_TIMEOUT_SECONDS


@pytest.fixture(scope="module")
def recorded_output(clinic_stack):
    recorded = RecordedOutput()
    with (
        httpx2.Client(
            base_url=f"{clinic_stack.simulator_url}/_control/",
            headers={"X-Control": clinic_stack.env["SIMULATOR_CONTROL"]},
            timeout=WAIT_TIMEOUT_SECONDS,
        ) as vendor,
        monitor_valkey(broker_client(clinic_stack), recorded.valkey),
    ):
        cora, nadia = HttpUser(clinic_stack, "cora"), HttpUser(clinic_stack, "nadia")
        for person in (cora, nadia):
            person.http.event_hooks["response"].append(lambda answer: record_page(recorded, answer))
        patient = cora.enrol(**PATIENT)
        hwi_id = activate_scale(cora, vendor, patient)
        place_order_with_vendor_errors(cora, vendor, patient)
        send_readings(clinic_stack, vendor, hwi_id)
        wait_for(lambda: VALUE in nadia.see(patient), what="the reading on the page")
        send_malformed_requests(clinic_stack, cora)
        provoke_server_errors(clinic_stack, cora)
        send_emails(clinic_stack)
        for path in (patient, "/patients/", "/orders/", "/devices/", f"{patient}edit/"):
            cora.see(path)
    return recorded


def test_leak_search_finds_planted_canaries(recorded_output, clinic_stack):
    assert canaries_in("… Quetzalia …")
    assert canaries_in(decode_base64_parts(base64.b64encode(b'[[], {"name": "Kanarienvogel"}, {}]').decode()))
    assert {PATIENT["given_name"].lower(), VALUE} <= {
        found for _, text in recorded_output.pages for found in canaries_in(text)
    }


def test_process_logs_contain_no_patient_data(recorded_output, clinic_stack):
    said = log_texts(clinic_stack)

    assert {name.partition(".")[0] for name in said} >= {
        *("web", "beat", "worker-ingest", "worker-people", "worker-background", "postgres", "valkey", "simulator")
    }
    assert {name: found for name, text in said.items() if (found := canaries_in(text))} == {}


def test_process_logs_still_record_errors_and_requests(recorded_output, clinic_stack):
    web = [json.loads(line) for line in log_texts(clinic_stack)["web.log"].splitlines() if line.startswith("{")]
    failed = [line for line in web if line["level"] == "error"]
    hooks = [line for line in web if line.get("route") == "webhook_measurements" and line["status"] == 204]

    assert any("IntegrityError" in cause["kind"] for line in failed for cause in line.get("error", []))
    assert any(line["status"] == 500 and line["route"] == "enrollment:new" for line in web if "status" in line)
    assert all(line["request"] and line["delivery"] for line in hooks)
    assert "Invalid request from ip" in {line["message"] for line in web}
    task = next(
        json.loads(line) for line in error_lines(clinic_stack, "worker-background").splitlines() if "task_id" in line
    )
    assert (task["task"], task["error"][0]["kind"]) == (
        "devices.tasks.check_operator_alarms", "django.db.utils.IntegrityError",
    )  # fmt: skip


def test_valkey_commands_and_keys_contain_no_patient_data(recorded_output, clinic_stack):
    server = broker_client(clinic_stack)
    held = [f"{key!r} {server.dump(key)!r}" for key in server.scan_iter()]
    heard = [decode_base64_parts(command) for command in recorded_output.valkey]

    assert any("measurements.tasks.process_measurement_webhooks" in command for command in heard)
    assert canaries_in("\n".join([*held, *heard])) == []


def test_celery_tasks_carry_no_arguments(recorded_output):
    bodies = [
        body
        for command in recorded_output.valkey
        for body in re.findall(r'"body":\s*"([A-Za-z0-9+/=]+)"', decode_base64_parts(command))
    ]
    arguments = {json.dumps(json.loads(base64.b64decode(body))[:2]) for body in bodies}

    assert arguments == {"[[], {}]"}


def test_emails_contain_no_patient_data(recorded_output, clinic_stack):
    folder = clinic_stack.env["EMAIL_URL"].partition("://")[2]
    mails = [file.read_text() for file in sorted(Path(folder).iterdir())]

    assert {subject for text in mails for subject in re.findall(r"^Subject: (.{20})", text, re.MULTILINE)}
    assert any("Vitals at Home: red" in text for text in mails)
    assert [found for text in mails for found in canaries_in(text)] == []


def test_page_urls_links_and_titles_contain_no_patient_data(recorded_output, clinic_stack):
    ours = [(address, text) for address, text in recorded_output.pages if PATIENT["family_name"] not in address]
    # A link that calls the patient asks no server for anything, so its number is in no log and no Referer.
    links = [link for _, text in ours for link in re.findall(r'(?:href|src|action)="(?!tel:)([^"]*)"', text)]
    titles = [title for _, text in ours for title in re.findall(r"<title>(.*?)</title>", text, re.DOTALL)]

    assert len(links) > 50
    assert len(titles) > 5
    assert canaries_in("\n".join([*(address for address, _ in ours), *links, *titles])) == []


def test_vendor_request_urls_contain_no_patient_data(recorded_output, clinic_stack):
    headers = {"X-Control": clinic_stack.env["SIMULATOR_CONTROL"]}
    asked = httpx2.get(
        f"{clinic_stack.simulator_url}/_control/requests", headers=headers, timeout=WAIT_TIMEOUT_SECONDS
    ).json()

    assert asked
    assert canaries_in("\n".join(f"{line['path']}?{line['query']}" for line in asked)) == []

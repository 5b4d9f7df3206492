"""A patient whose every field is unmistakable goes through flows and faults; then logs, Valkey, mails, addresses and
page titles are searched for any of it."""

import base64
import json
import re
from pathlib import Path

import httpx2
import pytest

from tests.journeys.canaries import (
    PATIENT,
    VALUE,
    Told,
    broker,
    errors,
    found_in,
    hand_over,
    knock,
    listening_to,
    logs,
    mail_people,
    order_with_trouble,
    provoke,
    remember,
    send_readings,
    unpacked,
)
from tests.journeys.conftest import Person, eventually
from tests.patience import PATIENCE_SECONDS


@pytest.fixture(scope="module")
def told(clinic):
    told = Told()
    with (
        httpx2.Client(
            base_url=f"{clinic.vendor_url}/_control/",
            headers={"X-Control": clinic.env["SIMULATOR_CONTROL"]},
            timeout=PATIENCE_SECONDS,
        ) as vendor,
        listening_to(broker(clinic), told.valkey),
    ):
        cora, nadia = Person(clinic, "cora"), Person(clinic, "nadia")
        for person in (cora, nadia):
            person.http.event_hooks["response"].append(lambda answer: remember(told, answer))
        patient = cora.enrol(**PATIENT)
        hwi_id = hand_over(cora, vendor, patient)
        order_with_trouble(cora, vendor, patient)
        send_readings(clinic, vendor, hwi_id)
        eventually(lambda: VALUE in nadia.see(patient), what="the reading on the page")
        knock(clinic, cora)
        provoke(clinic, cora)
        mail_people(clinic)
        for path in (patient, "/patients/", "/orders/", "/devices/", f"{patient}edit/"):
            cora.see(path)
    return told


def test_the_search_would_find_it(told, clinic):
    assert found_in("… Quetzalia …")
    assert found_in(unpacked(base64.b64encode(b'[[], {"name": "Kanarienvogel"}, {}]').decode()))
    assert {PATIENT["given_name"].lower(), VALUE} <= {found for _, text in told.pages for found in found_in(text)}


def test_no_log_of_any_process(told, clinic):
    said = logs(clinic)

    assert {name.partition(".")[0] for name in said} >= {
        *("web", "beat", "worker-ingest", "worker-people", "worker-background", "postgres", "valkey", "simulator")
    }
    assert {name: found for name, text in said.items() if (found := found_in(text))} == {}


def test_the_logs_say_what_happened_all_the_same(told, clinic):
    web = [json.loads(line) for line in logs(clinic)["web.log"].splitlines() if line.startswith("{")]
    failed = [line for line in web if line["level"] == "error"]
    hooks = [line for line in web if line.get("route") == "hook_measurements" and line["status"] == 204]

    assert any("IntegrityError" in cause["kind"] for line in failed for cause in line.get("error", []))
    assert any(line["status"] == 500 and line["route"] == "enrollment:new" for line in web if "status" in line)
    assert all(line["request"] and line["delivery"] for line in hooks)
    assert "Invalid request from ip" in {line["message"] for line in web}
    task = next(json.loads(line) for line in errors(clinic, "worker-background").splitlines() if "task_id" in line)
    assert (task["task"], task["error"][0]["kind"]) == (
        "devices.tasks.look_after_house", "django.db.utils.IntegrityError",
    )  # fmt: skip


def test_no_command_and_no_key_of_valkey(told, clinic):
    server = broker(clinic)
    held = [f"{key!r} {server.dump(key)!r}" for key in server.scan_iter()]
    heard = [unpacked(command) for command in told.valkey]

    assert any("measurements.tasks.ingest" in command for command in heard)
    assert found_in("\n".join([*held, *heard])) == []


def test_no_task_carries_an_argument(told):
    bodies = [
        body for command in told.valkey for body in re.findall(r'"body":\s*"([A-Za-z0-9+/=]+)"', unpacked(command))
    ]
    arguments = {json.dumps(json.loads(base64.b64decode(body))[:2]) for body in bodies}

    assert arguments == {"[[], {}]"}


def test_no_mail(told, clinic):
    folder = clinic.env["EMAIL_URL"].partition("://")[2]
    mails = [file.read_text() for file in sorted(Path(folder).iterdir())]

    assert {subject for text in mails for subject in re.findall(r"^Subject: (.{20})", text, re.MULTILINE)}
    assert any("Vitals at Home: red" in text for text in mails)
    assert [found for text in mails for found in found_in(text)] == []


def test_no_address_of_a_page_or_link_and_no_title(told, clinic):
    ours = [(address, text) for address, text in told.pages if PATIENT["family_name"] not in address]
    links = [link for _, text in ours for link in re.findall(r'(?:href|src|action|hx-\w+)="([^"]*)"', text)]
    titles = [title for _, text in ours for title in re.findall(r"<title>(.*?)</title>", text, re.DOTALL)]

    assert len(links) > 50
    assert len(titles) > 5
    assert found_in("\n".join([*(address for address, _ in ours), *links, *titles])) == []


def test_no_address_at_the_vendor_but_the_account_id(told, clinic):
    headers = {"X-Control": clinic.env["SIMULATOR_CONTROL"]}
    asked = httpx2.get(f"{clinic.vendor_url}/_control/requests", headers=headers, timeout=PATIENCE_SECONDS).json()

    assert asked
    assert found_in("\n".join(f"{line['path']}?{line['query']}" for line in asked)) == []

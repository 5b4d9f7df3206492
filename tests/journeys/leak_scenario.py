"""A patient with unmistakable fields, the steps that spread them, and the receivers that record all output."""

import base64
import binascii
import contextlib
import json
import re
import socket
import sys
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2
import psycopg
import redis

from tests.journeys.conftest import HttpUser, errors_on, patient_id_in, wait_for
from tests.timeouts import WAIT_TIMEOUT_SECONDS
from tests.webhook_receivers import HOST, WEBHOOK_PATH, read_response

VALUE, REJECTED_VALUE, REJECTED_NAME = "187.31", "187.32", "Zilpzalpina"
PATIENT = {
    "given_name": "Quetzalia", "family_name": "Kanarienvogel", "birth_date": "1931-07-29", "mrn": "MRN-FINCH-7731",
    "phone": "603 555 0177", "street": "77 Goldhaehnchen Lane", "city": "Stieglitzburg", "zip_code": "03877",
    "provider": "Dr Zeisig",
}  # fmt: skip
NOTE = "Zaunkoenig"  # whatever else a user may write: notes, reasons, headers, a search
CANARIES = [
    *("quetzalia", "kanarienvogel", "1931-07-29", "07/29/1931", "july 29, 1931", "jul 29, 1931", "29 jul", "mrn-finch"),
    *("5550177", "555 0177", "555-0177", "goldhaehnchen", "stieglitz", "03877", "zeisig", "zaunkoenig"),
    *(VALUE, REJECTED_VALUE, "zilpzalp", "failing row", "detail:"),  # how PostgreSQL begins to quote a row
]
# Stored at its second try, whenever that is, it is far from the good one, whose digits it would smooth away.
LONG_AGO = {"timestamp": "2026-01-11T08:00:00Z", "created": "2026-01-11T08:01:00Z"}
IDS = re.compile(r"\b[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\b")
CHECK_ALARMS_SCRIPT = "from devices.monitoring import operator_alarms; operator_alarms.update_operator_alarms()"


def canaries_in(text):
    """Opaque ids are left out: in some thousands of them any five digits turn up one day."""
    text = IDS.sub("", text.lower())
    return [canary for canary in CANARIES if canary in text]


@dataclass
class RecordedOutput:
    """All output of the stack during the scenario."""

    valkey: list[str] = field(default_factory=list)
    pages: list[tuple[str, str]] = field(default_factory=list)  # address, text


def record_page(recorded, answer):
    answer.read()
    recorded.pages.append((str(answer.url), answer.text))


def activate_scale(cora, vendor, patient):
    form = f"/orders/new/?patient={patient_id_in(patient)}&how=activate"
    scale = re.search(r'value="(\d+)"[^>]*>Tenovi Scale<', cora.see(form)).group(1)
    cora.fill(form, device_type=scale, gateway_id="a1b2-c3d4-e5a7", sensor_id="")
    return wait_for(lambda: device_id_on_gateway(vendor, "A1B2C3D4E5A7"), what="the activation")


def device_id_on_gateway(vendor, gateway):
    found = [device for device in vendor.get("devices").json() if device["device"]["hardware_uuid"] == gateway]
    return found[0]["id"] if found else None


def place_order_with_vendor_errors(cora, vendor, patient):
    """The vendor refuses, is down, answers rubbish, and quotes what it was sent."""
    quoting = {"device": {"fulfillment_request": {"shipping_address": [f"{PATIENT['street']} is unknown to {NOTE}"]}}}
    vendor.post("faults", json={"kind": "status", "status": 400, "match": {"method": "POST"}, "body": quoting})
    form = f"/orders/new/?patient={patient_id_in(patient)}"
    kit = re.search(r'name="kit" value="(\d+)"', cora.see(form)).group(1)
    address = {name: PATIENT[name] for name in ("street", "city", "zip_code")} | {"state": "NH"}
    answer = cora.fill(form, kit=kit, gateway="new", name=PATIENT["family_name"], override_reason=NOTE, **address)
    found = re.search(r"/orders/[0-9a-f-]{36}/", str(answer.url))
    assert found, errors_on(answer.text)
    order = found.group()
    wait_for(lambda: "refused" in cora.see(order).lower(), what="the refusal on the page")
    for kind in ("html", "garbage", "reset_before"):
        vendor.post("faults", json={"kind": kind, "match": {"method": "GET"}})


def send_readings(clinic, vendor, hwi_id):
    """A good one; one that the database refuses in the middle of the worker; those that can't be read."""
    with rejecting_constraint(clinic, "measurements_measurement", f"value_1 <> {REJECTED_VALUE}"):
        vendor.post(
            "reading", json={"hwi_device_id": hwi_id, "metric": "weight", "value_1": float(REJECTED_VALUE), **LONG_AGO}
        )
        wait_for(lambda: "delivery" in error_lines(clinic, "worker-ingest"), what="the worker's error line")
    vendor.post("reading", json={"hwi_device_id": hwi_id, "metric": "weight", "value_1": float(VALUE)})
    secret = {"Authorization": clinic.env["TENOVI_WEBHOOK_SECRETS"], "X-Note": NOTE}
    bodies = [json.dumps([{"hwi_device_id": "?", "patient": PATIENT, "note": NOTE}]), f"no json: {PATIENT}", "\x00"]
    for body, headers in [(body, headers) for body in bodies for headers in (secret, {"Authorization": NOTE})]:
        httpx2.post(
            f"{clinic.base_url}{WEBHOOK_PATH}", content=body.encode(), headers=headers, timeout=WAIT_TIMEOUT_SECONDS
        )
    httpx2.post(
        f"{clinic.base_url}{WEBHOOK_PATH}{NOTE}/",
        content=bodies[0].encode(),
        headers=secret,
        timeout=WAIT_TIMEOUT_SECONDS,
    )


def send_malformed_requests(clinic, cora):
    """Names where no name belongs: in addresses, methods, headers, a search, requests that can't be read."""
    name = PATIENT["family_name"]
    for path in (f"/patients/{name}/", f"/{name}?q={name}", f"/patients/?q={name}", f"/static/{name}.css", "/\x00"):
        cora.http.get(path.replace("\x00", "%00"), headers={"X-Request-Id": name, "User-Agent": name})
    cora.http.post("/patients/search/", data={"q": name})
    unknown_user = {"login": f"{name}@example.org", "password": NOTE}
    httpx2.post(f"{clinic.base_url}/accounts/login/", data=unknown_user, timeout=WAIT_TIMEOUT_SECONDS)
    httpx2.get(clinic.base_url, headers={"Host": f"{name}.example"}, timeout=WAIT_TIMEOUT_SECONDS)
    port = urlsplit(clinic.base_url).port
    for line in (f"GET /{name} HTTP/9.9", f"GET /{name}", f"{name} / HTTP/1.1", f"GET / HTTP/1.1\r\n{name} {NOTE}: 1"):
        send_raw_request(port, f"{line}\r\nHost: x\r\n\r\n".encode())


def send_raw_request(port, data):
    with socket.create_connection((HOST, port), timeout=WAIT_TIMEOUT_SECONDS) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        return read_response(sock)


def provoke_server_errors(clinic, cora):
    """A 500 and a failed task, both with a row that the database quotes."""
    with rejecting_constraint(clinic, "patients_patient", f"given_name <> '{REJECTED_NAME}'"):
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', cora.see("/patients/new/")))
        said = hidden | PATIENT | {"given_name": REJECTED_NAME, "mrn": "", "sex": "female", "state": "NH"}
        answer = cora.http.post("/patients/new/", data=said, headers={"Referer": clinic.base_url})
        assert answer.status_code == 500
    with rejecting_constraint(clinic, "queueing_periodicjob", f"name <> 'alarms' OR problem = '{NOTE}'"):
        clinic.run_manage_command(
            "shell", "-v", "0", "-c", "from devices.tasks import check_operator_alarms as t; t.delay()"
        )
        wait_for(lambda: "check_operator_alarms" in error_lines(clinic, "worker-background"), what="a failed task")


def send_emails(clinic):
    clinic.run_manage_command("invite", "--email", "new@house.example", "--name", "Newcomer", "--role", "clinician",
                  "--clinic", "Elm Street Cardiology")  # fmt: skip
    HttpUser(clinic, "nadia").http.post("/accounts/password/reset/", data={"email": "nadia@house.example"})
    alarm = [sys.executable, "manage.py", "shell", "-v", "0", "-c", CHECK_ALARMS_SCRIPT]
    clinic.supervisor.run("alarm", alarm, OPERATOR_EMAILS="ops@house.example")


@contextlib.contextmanager
def rejecting_constraint(clinic, table, rule):
    """The database refuses rows, quoting them in its error, as it would on a defect of ours."""
    execute_sql(clinic, f"ALTER TABLE {table} ADD CONSTRAINT provoked CHECK ({rule}) NOT VALID")
    try:
        yield
    finally:
        execute_sql(clinic, f"ALTER TABLE {table} DROP CONSTRAINT provoked")


def execute_sql(clinic, statement):
    with psycopg.connect(clinic.env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(statement)


def broker_client(clinic):
    return redis.Redis(unix_socket_path=urlsplit(clinic.env["CELERY_BROKER_URL"]).path)


@contextlib.contextmanager
def monitor_valkey(server, heard):
    """Every command that reaches Valkey."""
    stop = threading.Event()
    with server.monitor() as monitor:

        def listen():
            while not stop.is_set():
                heard.append(monitor.next_command()["command"])

        receiver = threading.Thread(target=listen, daemon=True)
        receiver.start()
        try:
            yield
        finally:
            stop.set()
            server.ping()
            receiver.join(WAIT_TIMEOUT_SECONDS)


def log_texts(clinic):
    """By process. What a management command shows is on an operator's own screen."""
    files = (clinic.plan.state / "logs").glob("*.log*")
    return {file.name: file.read_text(errors="replace") for file in files if not file.name.startswith("manage-")}


def error_lines(clinic, process):
    lines = log_texts(clinic)[f"{process}.log"].splitlines()
    return "\n".join(line for line in lines if '"level": "error"' in line)


def decode_base64_parts(text):
    """With what Celery packs in base64."""
    packed = re.findall(r"[A-Za-z0-9+/]{24,}={0,2}", text)
    plain = []
    for each in packed:
        with contextlib.suppress(binascii.Error):
            plain.append(base64.b64decode(each, validate=True).decode("utf-8", "replace"))
    return "\n".join([text, *plain])

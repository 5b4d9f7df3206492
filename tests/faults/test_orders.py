"""Orders are sent exactly once under every network fault, and with the worker killed at every point."""

import random
import re
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from config.launcher.supervisor import PYTHON
from tests.factories import PASSWORD
from tests.faults import crashing_worker
from tests.faults.fault_stack import GAP_SECONDS, with_sizes
from tests.faults.results_table import ResultRow
from tests.timeouts import LONG_WAIT_TIMEOUT_SECONDS, WAIT_TIMEOUT_SECONDS

SEED = 20261121
QUICK = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 500, "applied": True},
    {"kind": "status", "status": 502, "body": "<h1>Bad Gateway</h1>"},
    {"kind": "status", "status": 503, "applied": True},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "Sat, 21 Nov 2026 00:00:00 GMT"}},
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "truncate"},
    {"kind": "html"},
    {"kind": "garbage", "applied": True},
)
SLOW = (
    {"kind": "delay_before", "seconds": 25},  # beyond the client's 20 s
    {"kind": "delay_after", "seconds": 25},
    {"kind": "drip", "seconds": 0.2},
    {"kind": "big"},
    {"kind": "big", "applied": True},
)
HANGING_SEARCH_SECONDS = 15  # below the client's 20 s: the search is answered after all
NONE = {"kind": "delay_before", "seconds": 0}
UNMATCHED = """
SELECT count(*) FROM devices_delivery hint JOIN devices_device device USING (hwi_id) WHERE hint.state = 'waiting'
"""
OPEN = "SELECT count(*) FROM devices_vendorcall WHERE reference = ANY(%s) AND state <> 'confirmed'"
STATES = "SELECT state, count(*) FROM devices_vendorcall WHERE reference = ANY(%s) GROUP BY 1"


def wait_until_confirmed(fault_stack, references):
    return fault_stack.wait_until(lambda: fault_stack.one(OPEN, references) == 0, what="the orders")


def order_result_row(fault_stack, references, what, more=""):
    """Ordered by the product, compared with the vendor's devices."""
    there = Counter(fault_stack.references())
    ours = {reference: there[reference] for reference in references}
    posts = [
        line
        for line in fault_stack.read_control("requests")
        if line["method"] == "POST" and "hwi-devices" in line["path"]
    ]
    return ResultRow(
        what,
        held=len(references),
        sent=len(posts),
        acknowledged=dict(fault_stack.rows(STATES, references)).get("confirmed", 0),
        stored=sum(count > 0 for count in ours.values()),
        duplicated=sum(count - 1 for count in ours.values() if count > 1),
        lost=sum(count == 0 for count in ours.values()),
        more=more,
    )


@with_sizes(30, 300)
def test_orders_behind_mixed_faults_are_each_shipped_once(fault_stack, report_row, size):
    chance = random.Random(SEED)
    script = [dict(chance.choice(QUICK)) if chance.random() < 0.4 else NONE for _ in range(size)]
    for fault in script:
        fault_stack.fault(**fault, method="POST", path="hwi-devices")
    references = fault_stack.create_records("place_orders", count=size)
    seconds = wait_until_confirmed(fault_stack, references)

    faults = sum(fault is not NONE for fault in script)
    row = order_result_row(fault_stack, references, f"{size} orders, {faults} faults", f"{seconds:.0f} s, seed {SEED}")
    report_row(row)
    assert row.held == row.acknowledged == row.stored == size
    fault_stack.send_task("devices.tasks.look_up_unknown_devices", "background")
    fault_stack.wait_until(lambda: fault_stack.one(UNMATCHED) == 0, what="webhooks that overtook their order")
    assert fault_stack.smallest_gap() >= GAP_SECONDS


@pytest.mark.faults
def test_orders_behind_slow_and_huge_responses_are_not_duplicated(fault_stack, report_row):
    for fault in SLOW:
        fault_stack.fault(**fault, method="POST", path="hwi-devices")
    references = fault_stack.create_records("place_orders", count=len(SLOW) + 2)
    wait_until_confirmed(fault_stack, references)

    report_row(order_result_row(fault_stack, references, "orders behind timeouts, a drip, 20 MB"))


def test_order_is_sent_while_the_search_for_another_one_hangs(fault_stack, report_row):
    """The vendor is silent for one patient's list; sending and searching share the worker of queue `people`."""
    fault_stack.fault("reset_after", method="POST", path="hwi-devices")
    fault_stack.send_control("webhooks", pause=True)  # no other read at the vendor
    fault_stack.fault("delay_before", seconds=HANGING_SEARCH_SECONDS, times=None, query="patient__external_id=")
    (unclear,) = fault_stack.create_records("place_orders", count=1)
    searched = "SELECT count(*) FROM devices_vendorcall WHERE reference = %s AND search_after > unknown_since + '3 s'"
    fault_stack.wait_until(lambda: fault_stack.one(searched, unclear) == 1, what="the search")
    others = fault_stack.create_records("place_orders", count=3)
    seconds = wait_until_confirmed(fault_stack, others)

    assert dict(fault_stack.rows(STATES, [unclear])) == {"unknown": 1}, "the search has been answered too early"
    report_row(order_result_row(fault_stack, [unclear, *others], "orders beside a silent search", f"{seconds:.1f} s"))


@pytest.mark.parametrize("when", [crashing_worker.BEFORE, crashing_worker.WRITTEN, crashing_worker.ANSWERED])
def test_orders_survive_a_worker_killed_during_its_call(fault_stack, report_row, when):
    with fault_stack.stopped("worker-people"):
        references = fault_stack.create_records("place_orders", count=3)
        process = fault_stack.stack.supervisor.start("crashing", [PYTHON, "-m", "tests.faults.crashing_worker", when])
        try:
            fault_stack.wait_until(lambda: not process.is_running(), what="the end of the worker")
            assert process.exit_description() == "signal SIGKILL", process.log_tail()
        finally:
            fault_stack.remove_process(process.name)
        sending = "SELECT count(*) FROM devices_vendorcall WHERE reference = ANY(%s) AND state = 'sending'"
        assert fault_stack.one(sending, references) == 1
    wait_until_confirmed(fault_stack, references)

    report_row(order_result_row(fault_stack, references, f"worker killed {when}"))


@pytest.mark.faults
@pytest.mark.parametrize("point", ["delay_before", "delay_after"])
def test_orders_survive_a_worker_killed_while_the_vendor_responds(fault_stack, report_row, point):
    fault_stack.fault(point, seconds=3, method="POST", path="hwi-devices")
    references = fault_stack.create_records("place_orders", count=3)

    def seen():
        return [line for line in fault_stack.read_control("requests") if line["method"] == "POST"]

    fault_stack.wait_until(seen, what="the first POST")
    fault_stack.restart("worker-people")
    wait_until_confirmed(fault_stack, references)

    applied = "before" if point == "delay_before" else "after"
    report_row(order_result_row(fault_stack, references, f"worker killed {applied} the vendor applied it"))


def test_orders_stay_queued_and_health_reports_a_refused_api_key(fault_stack, report_row):
    fault_stack.fault("status", status=401, method="POST", path="hwi-devices")
    references = fault_stack.create_records("place_orders", count=2)
    bad = "SELECT count(*) FROM devices_apikeyslot WHERE refused_since IS NOT NULL"
    fault_stack.wait_until(lambda: fault_stack.one(bad) == 1, what="the refusal")
    time.sleep(4)

    def is_reported():
        deep = fault_stack.get(
            "/healthz/deep", headers={"Authorization": f"Bearer {fault_stack.stack.env['OPS_TOKEN']}"}
        )
        return deep.status_code == 503 and "refuses" in deep.text

    fault_stack.wait_until(is_reported, what="the report of the refused key")
    assert dict(fault_stack.rows(STATES, references)) == {"queued": 2}
    fault_stack.rows(
        "UPDATE devices_apikeyslot SET refused_since = NULL, refused_reason = ''"
    )  # what an operator does in the admin
    fault_stack.rows("UPDATE devices_vendorcall SET next_attempt_at = now() WHERE reference = ANY(%s)", references)
    wait_until_confirmed(fault_stack, references)
    report_row(order_result_row(fault_stack, references, "key refused, then cleared"))


@pytest.mark.parametrize("status", [301, 302])
def test_order_behind_a_redirect_stays_queued_and_is_shipped_later(fault_stack, report_row, status):
    fault_stack.fault("redirect", status=status, method="POST", path="hwi-devices")
    references = fault_stack.create_records("place_orders", count=1)
    attempts = "SELECT max(attempts) FROM devices_vendorcall WHERE reference = ANY(%s) AND state = 'queued'"
    fault_stack.wait_until(lambda: fault_stack.one(attempts, references) == 1, what="the first try")
    fault_stack.rows("UPDATE devices_vendorcall SET next_attempt_at = now() WHERE reference = ANY(%s)", references)
    wait_until_confirmed(fault_stack, references)

    report_row(order_result_row(fault_stack, references, f"order behind a {status}"))


@pytest.mark.parametrize("ids", ["the same form", "fifty forms"])
def test_order_form_submitted_fifty_times_at_once_creates_one_order(fault_stack, report_row, ids):
    shop = fault_stack.create_records("create_order_form_data", patients=1)
    patient, cookies = shop["patients"][0], login_cookies(fault_stack, shop["email"])
    path = f"/orders/new/?patient={patient}"
    form = order_form_data(fault_stack, path, cookies, shop["kit"])
    forms = [form] if ids == "the same form" else [form | {"submission_id": str(uuid.uuid4())} for _ in range(50)]
    with ThreadPoolExecutor(50) as clicks:
        answers = list(clicks.map(lambda n: submit_order(fault_stack, path, cookies, forms[n % len(forms)]), range(50)))

    query = (
        "SELECT call.reference FROM fulfillment_orderline line JOIN devices_vendorcall call ON call.id = line.call_id"
    )
    references = [reference for (reference,) in fault_stack.rows(f"{query} WHERE line.patient_id = %s::uuid", patient)]
    orders = fault_stack.one("SELECT count(*) FROM fulfillment_order WHERE patient_id = %s::uuid", patient)
    wait_until_confirmed(fault_stack, references)
    row = order_result_row(fault_stack, references, f"50 submits at once of {ids}", f"answers {dict(Counter(answers))}")
    row.http_500 = sum(status >= 500 for status in answers)
    report_row(row)
    assert (orders, len(references), row.stored) == (1, 1, 1)


def login_cookies(fault_stack, email):
    with httpx2.Client(base_url=fault_stack.stack.base_url, timeout=WAIT_TIMEOUT_SECONDS) as browser:
        token = hidden_field_value(browser.get("/accounts/login/").text, "csrfmiddlewaretoken")
        fields = {"csrfmiddlewaretoken": token, "login": email, "password": PASSWORD}
        answer = browser.post("/accounts/login/", data=fields)
        assert answer.status_code == 302, answer.status_code
        return dict(browser.cookies)


def order_form_data(fault_stack, path, cookies, kit):
    page = fault_stack.get(path, cookies=cookies).text
    fields = {name: hidden_field_value(page, name) for name in ("csrfmiddlewaretoken", "submission_id")}
    address = {"name": "Rosa Delgado", "street": "12 Alder Street", "city": "Concord", "state": "NH"}
    return fields | address | {"zip_code": "03301", "kit": kit, "gateway": "new"}


def hidden_field_value(page, name):
    return re.search(rf'name="{name}" value="([^"]+)"', page).group(1)


def submit_order(fault_stack, path, cookies, form):
    return httpx2.post(
        f"{fault_stack.stack.base_url}{path}", data=form, cookies=cookies, timeout=LONG_WAIT_TIMEOUT_SECONDS
    ).status_code


def test_order_lines_match_the_vendor_after_lost_repeated_and_late_status_webhooks(fault_stack, report_row):
    """The device reconciliation finds what no webhook reported."""
    fault_stack.send_control("webhooks", drop_rate=0.3, duplicate_rate=0.3, late_rate=0.3, late_seconds=2)
    references = fault_stack.create_records("place_orders", count=12)
    wait_until_confirmed(fault_stack, references)
    for _ in range(3):
        fault_stack.send_control("advance", seconds=100_000)
        time.sleep(1)

    def quiet():
        return fault_stack.read_control("webhooks")["waiting"] == 0

    fault_stack.wait_until(quiet, what="late webhooks")
    fault_stack.stack.run_manage_command("sync", "devices")

    there = {each["id"]: each["status"] for each in fault_stack.read_control("devices")}
    query = "SELECT device.hwi_id::text, device.vendor_status, line.status FROM fulfillment_orderline line "
    query += "JOIN devices_vendorcall call ON call.id = line.call_id JOIN devices_device device "
    query += "ON device.id = call.device_id WHERE call.reference = ANY(%s)"

    def shown():
        return fault_stack.rows(query, references)

    def settled():
        return all(status == "connected" or there[key] != "Connected" for key, _, status in shown())

    fault_stack.wait_until(settled, what="the timelines")
    report_row(order_result_row(fault_stack, references, "orders with webhooks lost, doubled, late"))
    assert {key: status for key, status, _ in shown()} == {key: there[key] for key, _, _ in shown()}

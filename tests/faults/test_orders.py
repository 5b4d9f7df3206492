"""What was ordered is ordered once: under every fault of the wire, with the worker killed at every point."""

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
from tests.faults import dying
from tests.faults.arena import GAP_SECONDS, sizes
from tests.faults.table import Row
from tests.patience import PATIENCE_SECONDS, WORK_SECONDS

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
NONE = {"kind": "delay_before", "seconds": 0}
FORGOTTEN = """
SELECT count(*) FROM devices_delivery hint JOIN devices_device device USING (hwi_id) WHERE hint.state = 'waiting'
"""
OPEN = "SELECT count(*) FROM devices_vendorcall WHERE reference = ANY(%s) AND state <> 'confirmed'"
STATES = "SELECT state, count(*) FROM devices_vendorcall WHERE reference = ANY(%s) GROUP BY 1"


def confirmed(arena, references):
    return arena.wait_until(lambda: arena.one(OPEN, references) == 0, what="the orders")


def row_of(arena, references, what, more=""):
    """Ordered here, and standing at the vendor."""
    there = Counter(arena.references())
    ours = {reference: there[reference] for reference in references}
    posts = [line for line in arena.ask("requests") if line["method"] == "POST" and "hwi-devices" in line["path"]]
    return Row(
        what,
        held=len(references),
        sent=len(posts),
        acknowledged=dict(arena.rows(STATES, references)).get("confirmed", 0),
        stored=sum(count > 0 for count in ours.values()),
        duplicated=sum(count - 1 for count in ours.values() if count > 1),
        lost=sum(count == 0 for count in ours.values()),
        more=more,
    )


@sizes(30, 300)
def test_under_a_mix_of_faults_exactly_what_was_ordered_is_shipped(arena, tell, size):
    dice = random.Random(SEED)
    script = [dict(dice.choice(QUICK)) if dice.random() < 0.4 else NONE for _ in range(size)]
    for fault in script:
        arena.fault(**fault, method="POST", path="hwi-devices")
    references = arena.seed("orders", count=size)
    seconds = confirmed(arena, references)

    faults = sum(fault is not NONE for fault in script)
    row = row_of(arena, references, f"{size} orders, {faults} faults", f"{seconds:.0f} s, seed {SEED}")
    tell(row)
    assert row.held == row.acknowledged == row.stored == size
    arena.nudge("devices.tasks.look_up_unknown", "background")
    arena.wait_until(lambda: arena.one(FORGOTTEN) == 0, what="hints that overtook their order")
    assert arena.smallest_gap() >= GAP_SECONDS


@pytest.mark.faults
def test_slow_answers_and_huge_ones_order_nothing_twice(arena, tell):
    for fault in SLOW:
        arena.fault(**fault, method="POST", path="hwi-devices")
    references = arena.seed("orders", count=len(SLOW) + 2)
    confirmed(arena, references)

    tell(row_of(arena, references, "orders behind timeouts, a drip, 20 MB"))


@pytest.mark.parametrize("when", [dying.BEFORE, dying.WRITTEN, dying.ANSWERED])
def test_a_worker_that_dies_in_the_middle_of_its_call_loses_and_doubles_nothing(arena, tell, when):
    with arena.stopped("worker-people"):
        references = arena.seed("orders", count=3)
        process = arena.house.crew.start("dying", [PYTHON, "-m", "tests.faults.dying", when])
        try:
            arena.wait_until(lambda: not process.alive(), what="the end of the worker")
            assert process.ending() == "signal SIGKILL", process.tail()
        finally:
            arena.dismiss(process.name)
        sending = "SELECT count(*) FROM devices_vendorcall WHERE reference = ANY(%s) AND state = 'sending'"
        assert arena.one(sending, references) == 1
    confirmed(arena, references)

    tell(row_of(arena, references, f"worker killed {when}"))


@pytest.mark.faults
@pytest.mark.parametrize("point", ["delay_before", "delay_after"])
def test_a_worker_killed_while_the_vendor_thinks_loses_and_doubles_nothing(arena, tell, point):
    arena.fault(point, seconds=3, method="POST", path="hwi-devices")
    references = arena.seed("orders", count=3)

    def seen():
        return [line for line in arena.ask("requests") if line["method"] == "POST"]

    arena.wait_until(seen, what="the first POST")
    arena.restart("worker-people")
    confirmed(arena, references)

    applied = "before" if point == "delay_before" else "after"
    tell(row_of(arena, references, f"worker killed {applied} the vendor applied it"))


def test_a_refused_key_stops_the_lane_says_so_and_blames_no_order(arena, tell):
    arena.fault("status", status=401, method="POST", path="hwi-devices")
    references = arena.seed("orders", count=2)
    bad = "SELECT count(*) FROM devices_keyslot WHERE bad_since IS NOT NULL"
    arena.wait_until(lambda: arena.one(bad) == 1, what="the refusal")
    time.sleep(4)

    def said():
        deep = arena.get("/healthz/deep", headers={"Authorization": f"Bearer {arena.house.env['OPS_TOKEN']}"})
        return deep.status_code == 503 and "refuses" in deep.text

    arena.wait_until(said, what="the sign that the vendor refuses our key")
    assert dict(arena.rows(STATES, references)) == {"intent": 2}
    arena.rows("UPDATE devices_keyslot SET bad_since = NULL, bad_reason = ''")  # what an operator does in the admin
    arena.rows("UPDATE devices_vendorcall SET next_attempt_at = now() WHERE reference = ANY(%s)", references)
    confirmed(arena, references)
    tell(row_of(arena, references, "key refused, then cleared"))


@pytest.mark.parametrize("status", [301, 302])
def test_a_redirect_takes_no_key_along_and_blames_no_order(arena, tell, status):
    arena.fault("redirect", status=status, method="POST", path="hwi-devices")
    references = arena.seed("orders", count=1)
    attempts = "SELECT max(attempts) FROM devices_vendorcall WHERE reference = ANY(%s) AND state = 'intent'"
    arena.wait_until(lambda: arena.one(attempts, references) == 1, what="the first try")
    arena.rows("UPDATE devices_vendorcall SET next_attempt_at = now() WHERE reference = ANY(%s)", references)
    confirmed(arena, references)

    tell(row_of(arena, references, f"order behind a {status}"))


@pytest.mark.parametrize("ids", ["the same form", "fifty forms"])
def test_fifty_submits_at_once_are_one_order(arena, tell, ids):
    shop = arena.seed("shop", patients=1)
    patient, cookies = shop["patients"][0], signed_in(arena, shop["email"])
    path = f"/orders/new/?patient={patient}"
    form = order_form(arena, path, cookies, shop["kit"])
    forms = [form] if ids == "the same form" else [form | {"submission_id": str(uuid.uuid4())} for _ in range(50)]
    with ThreadPoolExecutor(50) as clicks:
        answers = list(clicks.map(lambda n: submit(arena, path, cookies, forms[n % len(forms)]), range(50)))

    query = (
        "SELECT call.reference FROM fulfillment_orderline line JOIN devices_vendorcall call ON call.id = line.call_id"
    )
    references = [reference for (reference,) in arena.rows(f"{query} WHERE line.patient_id = %s::uuid", patient)]
    orders = arena.one("SELECT count(*) FROM fulfillment_order WHERE patient_id = %s::uuid", patient)
    confirmed(arena, references)
    row = row_of(arena, references, f"50 submits at once of {ids}", f"answers {dict(Counter(answers))}")
    row.http_500 = sum(status >= 500 for status in answers)
    tell(row)
    assert (orders, len(references), row.stored) == (1, 1, 1)


def signed_in(arena, email):
    with httpx2.Client(base_url=arena.house.base_url, timeout=PATIENCE_SECONDS) as browser:
        token = hidden(browser.get("/accounts/login/").text, "csrfmiddlewaretoken")
        said = {"csrfmiddlewaretoken": token, "login": email, "password": PASSWORD}
        answer = browser.post("/accounts/login/", data=said)
        assert answer.status_code == 302, answer.status_code
        return dict(browser.cookies)


def order_form(arena, path, cookies, kit):
    page = arena.get(path, cookies=cookies).text
    said = {name: hidden(page, name) for name in ("csrfmiddlewaretoken", "submission_id")}
    address = {"name": "Rosa Delgado", "street": "12 Alder Street", "city": "Concord", "state": "NH"}
    return said | address | {"zip_code": "03301", "kit": kit, "gateway": "new"}


def hidden(page, name):
    return re.search(rf'name="{name}" value="([^"]+)"', page).group(1)


def submit(arena, path, cookies, form):
    return httpx2.post(f"{arena.house.base_url}{path}", data=form, cookies=cookies, timeout=WORK_SECONDS).status_code


def test_after_lost_repeated_and_late_hints_each_line_shows_what_the_vendor_shows(arena, tell):
    """The comparison of devices finds what no hint told."""
    arena.do("webhooks", drop_rate=0.3, duplicate_rate=0.3, late_rate=0.3, late_seconds=2)
    references = arena.seed("orders", count=12)
    confirmed(arena, references)
    for _ in range(3):
        arena.do("advance", seconds=100_000)
        time.sleep(1)

    def quiet():
        return arena.ask("webhooks")["waiting"] == 0

    arena.wait_until(quiet, what="late webhooks")
    arena.house.manage("sync", "devices")

    there = {each["id"]: each["status"] for each in arena.ask("devices")}
    query = "SELECT device.hwi_id::text, device.vendor_status, line.status FROM fulfillment_orderline line "
    query += "JOIN devices_vendorcall call ON call.id = line.call_id JOIN devices_device device "
    query += "ON device.id = call.device_id WHERE call.reference = ANY(%s)"

    def shown():
        return arena.rows(query, references)

    def settled():
        return all(status == "connected" or there[key] != "Connected" for key, _, status in shown())

    arena.wait_until(settled, what="the timelines")
    tell(row_of(arena, references, "orders with hints lost, doubled, late"))
    assert {key: status for key, status, _ in shown()} == {key: there[key] for key, _, _ in shown()}

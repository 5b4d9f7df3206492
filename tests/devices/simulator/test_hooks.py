"""Registering webhooks, and what happens to deliveries on their way."""

import pytest

HOOK = {"endpoint": "https://rpm.example/m/", "event": "MEASUREMENT", "auth_key": "X-Hook", "auth_header": "Token s"}


@pytest.fixture
def cuff(sim):
    return sim.add_device(external_id="pt-7f3c")


@pytest.fixture
def send(sim, cuff):
    """`n` readings, told and delivered; the log's new lines."""

    def go(n=1):
        sim.read([{"hwi_device_id": cuff["id"], "metric": "pulse", "value_1": 60 + each} for each in range(n)])
        return sim.deliver_webhooks()

    return go


def test_hooks_are_made_read_changed_and_removed(ask):
    made = ask.post("webhooks/", json=HOOK).json()
    changed = ask.patch(f"webhooks/{made['id']}/", json={"post_as_array": True}).json()

    assert (made["post_as_array"], made["enabled_by_default"]) == (False, True)
    assert changed["post_as_array"] is True
    assert [each["id"] for each in ask.get("webhooks/").json()] == [made["id"]]
    assert ask.put(f"webhooks/{made['id']}/", json=HOOK).status_code == 200
    assert ask.delete(f"webhooks/{made['id']}/").status_code == 204
    assert ask.get(f"webhooks/{made['id']}/").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"endpoint": "not a url"}, "endpoint"), ({"event": "SPECIAL_ORDER"}, "event"), ({"endpoint": ""}, "endpoint")],
)
def test_a_hook_that_will_not_do_is_refused_beside_its_field(ask, wrong, field):
    answer = ask.post("webhooks/", json={**HOOK, **wrong})

    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_the_header_is_sent_as_it_was_registered(ask, send, received):
    ask.post("webhooks/", json=HOOK)
    send()

    assert received[0][1]["X-Hook"] == "Token s"
    assert "Authorization" not in received[0][1]


def test_the_header_is_called_authorization_unless_named(hook, send, received):
    hook()
    send()

    assert received[0][1]["Authorization"] == "Token s"


def test_a_refused_delivery_is_never_tried_again(sim, hook, send, received):
    hook()
    received.status = 503

    (line,) = send()

    assert line["answer"] == 503
    assert sim.deliver_webhooks() == []


def test_a_hook_that_cannot_be_reached_is_noted_and_forgotten(sim, hook, send):
    hook()

    def refuse(*_):
        raise ConnectionRefusedError

    sim.webhooks.sender = refuse
    (line,) = send()

    assert line["answer"] == "ConnectionRefusedError"
    assert sim.webhooks.waiting() == 0


def test_webhooks_can_be_dropped_and_rest_has_them_all_the_same(sim, ask, hook, send, received):
    hook()
    sim.webhooks.configure(drop_rate=0.5)
    send(40)

    assert 5 < len(received) < 35
    assert len(received) + sim.webhooks.dropped == 40
    assert ask.get("patients/pt-7f3c/measurements/", params={"page": 1}).json()["count"] == 40


def test_webhooks_can_come_twice_and_out_of_order(sim, hook, send, received):
    hook()
    sim.webhooks.configure(duplicate_rate=0.5, late_rate=0.5)
    send(30)

    values = [body["value_1"] for body in received.bodies]
    assert len(values) > len(set(values)) == 30
    assert values != sorted(values)


def test_every_hook_gets_a_copy(hook, send, received):
    hook(endpoint="https://a.example/")
    hook(endpoint="https://b.example/")
    send()

    assert len(received) == 2


def test_a_test_payload_looks_like_any_other(ask, hook, received):
    made = hook()
    answer = ask.post("test-webhooks/", json={"event": "MEASUREMENT"})

    assert answer.status_code == 201
    assert answer.json()["responses"] == [{"webhook_id": made["id"], "endpoint": made["endpoint"], "status": "204"}]
    (body,) = received.bodies
    assert body["hwi_device_id"] == "12345678-abcd-1234-abcd-1234567890ab"
    assert (body["patient_id"], body["value_1"], body["filter_params"]) == ("54321", "100.00", None)
    assert body["created"] == body["timestamp"]


def test_a_test_payload_takes_overrides(ask, hook, received):
    hook("FULFILLMENT")
    ask.post(
        "test-webhooks/", json={"event": "FULFILLMENT", "status": "Replaced", "device_id": "AA", "patient_id": "p"}
    )

    (body,) = received.bodies
    assert (body["status"], body["device_id"], body["patient_id"]) == ("Replaced", "AA", "p")


def test_a_reading_is_resent_by_a_number_that_nobody_shows(ask, hook, send, received):
    hook()
    send()
    answer = ask.post("resend-webhooks/", json={"measurement_id": "1"})

    assert (answer.status_code, answer.json()["all_failed"]) == (201, False)
    assert received.bodies[0] == received.bodies[1]
    assert ask.post("resend-webhooks/", json={"measurement_id": "99"}).status_code == 400

"""Webhook registration of the simulator, and faults of deliveries."""

import pytest

HOOK = {"endpoint": "https://rpm.example/m/", "event": "MEASUREMENT", "auth_key": "X-Hook", "auth_header": "Token s"}


@pytest.fixture
def cuff(sim):
    return sim.add_device(external_id="pt-7f3c")


@pytest.fixture
def take_and_send_readings(sim, cuff):
    """Take and deliver `n` readings; the log's new lines."""

    def go(n=1):
        sim.add_readings([{"hwi_device_id": cuff["id"], "metric": "pulse", "value_1": 60 + each} for each in range(n)])
        return sim.deliver_webhooks()

    return go


def test_simulator_webhook_api_creates_reads_updates_and_deletes(vendor_api):
    made = vendor_api.post("webhooks/", json=HOOK).json()
    changed = vendor_api.patch(f"webhooks/{made['id']}/", json={"post_as_array": True}).json()

    assert (made["post_as_array"], made["enabled_by_default"]) == (False, True)
    assert changed["post_as_array"] is True
    assert [each["id"] for each in vendor_api.get("webhooks/").json()] == [made["id"]]
    assert vendor_api.put(f"webhooks/{made['id']}/", json=HOOK).status_code == 200
    assert vendor_api.delete(f"webhooks/{made['id']}/").status_code == 204
    assert vendor_api.get(f"webhooks/{made['id']}/").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"endpoint": "not a url"}, "endpoint"), ({"event": "SPECIAL_ORDER"}, "event"), ({"endpoint": ""}, "endpoint")],
)
def test_simulator_webhook_api_reports_invalid_fields(vendor_api, wrong, field):
    answer = vendor_api.post("webhooks/", json={**HOOK, **wrong})

    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_simulator_webhook_sends_the_registered_header(vendor_api, take_and_send_readings, received_webhooks):
    vendor_api.post("webhooks/", json=HOOK)
    take_and_send_readings()

    assert received_webhooks[0][1]["X-Hook"] == "Token s"
    assert "Authorization" not in received_webhooks[0][1]


def test_simulator_webhook_header_defaults_to_authorization(
    register_webhook, take_and_send_readings, received_webhooks
):
    register_webhook()
    take_and_send_readings()

    assert received_webhooks[0][1]["Authorization"] == "Token s"


def test_simulator_webhook_is_not_retried_after_an_error_status(
    sim, register_webhook, take_and_send_readings, received_webhooks
):
    register_webhook()
    received_webhooks.status = 503

    (line,) = take_and_send_readings()

    assert line["answer"] == 503
    assert sim.deliver_webhooks() == []


def test_simulator_webhook_to_an_unreachable_endpoint_is_logged_and_dropped(
    sim, register_webhook, take_and_send_readings
):
    register_webhook()

    def refuse(*_):
        raise ConnectionRefusedError

    sim.webhooks.sender = refuse
    (line,) = take_and_send_readings()

    assert line["answer"] == "ConnectionRefusedError"
    assert sim.webhooks.waiting_count() == 0


def test_simulator_webhook_drop_rate_loses_webhooks_but_no_rest_rows(
    sim, vendor_api, register_webhook, take_and_send_readings, received_webhooks
):
    register_webhook()
    sim.webhooks.configure(drop_rate=0.5)
    take_and_send_readings(40)

    assert 5 < len(received_webhooks) < 35
    assert len(received_webhooks) + sim.webhooks.dropped == 40
    assert vendor_api.get("patients/pt-7f3c/measurements/", params={"page": 1}).json()["count"] == 40


def test_simulator_webhook_rates_duplicate_and_reorder_webhooks(
    sim, register_webhook, take_and_send_readings, received_webhooks
):
    register_webhook()
    sim.webhooks.configure(duplicate_rate=0.5, late_rate=0.5)
    take_and_send_readings(30)

    values = [body["value_1"] for body in received_webhooks.bodies]
    assert len(values) > len(set(values)) == 30
    assert values != sorted(values)


def test_simulator_webhook_event_is_sent_to_every_registered_endpoint(
    register_webhook, take_and_send_readings, received_webhooks
):
    register_webhook(endpoint="https://a.example/")
    register_webhook(endpoint="https://b.example/")
    take_and_send_readings()

    assert len(received_webhooks) == 2


def test_simulator_test_webhook_sends_the_documented_sample_payload(vendor_api, register_webhook, received_webhooks):
    made = register_webhook()
    answer = vendor_api.post("test-webhooks/", json={"event": "MEASUREMENT"})

    assert answer.status_code == 201
    assert answer.json()["responses"] == [{"webhook_id": made["id"], "endpoint": made["endpoint"], "status": "204"}]
    (body,) = received_webhooks.bodies
    assert body["hwi_device_id"] == "12345678-abcd-1234-abcd-1234567890ab"
    assert (body["patient_id"], body["value_1"], body["filter_params"]) == ("54321", "100.00", None)
    assert body["created"] == body["timestamp"]


def test_simulator_test_webhook_accepts_overrides(vendor_api, register_webhook, received_webhooks):
    register_webhook("FULFILLMENT")
    vendor_api.post(
        "test-webhooks/", json={"event": "FULFILLMENT", "status": "Replaced", "device_id": "AA", "patient_id": "p"}
    )

    (body,) = received_webhooks.bodies
    assert (body["status"], body["device_id"], body["patient_id"]) == ("Replaced", "AA", "p")


def test_simulator_resend_webhooks_resends_a_reading_by_its_internal_number(
    vendor_api, register_webhook, take_and_send_readings, received_webhooks
):
    register_webhook()
    take_and_send_readings()
    answer = vendor_api.post("resend-webhooks/", json={"measurement_id": "1"})

    assert (answer.status_code, answer.json()["all_failed"]) == (201, False)
    assert received_webhooks.bodies[0] == received_webhooks.bodies[1]
    assert vendor_api.post("resend-webhooks/", json={"measurement_id": "99"}).status_code == 400

"""Webhook self-test: what differs at the vendor, its repair, and test messages of no patient."""

import datetime as dt
import json
import uuid

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from devices import device_issues
from devices.models import WebhookSelfTest
from devices.models.webhook_self_test import SelfTestKind
from devices.webhooks import registration, self_test
from measurements.ingest.pipeline import ingest_waiting_deliveries
from measurements.models import Measurement
from tests.factories import DeviceFactory, SyncRunFactory, WebhookSelfTestFactory
from tests.page_texts import strip_markup
from tests.simulated_vendor import client, no_retry_delays, sim

__all__ = ["client", "no_retry_delays", "sim"]

SITE = "https://rpm.example"
MEASUREMENTS = f"{SITE}/hooks/tenovi/measurements/"
PAGE = "admin:devices_webhook_self_test"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site_url(settings):
    settings.SITE_URL = SITE


@pytest.fixture
def registered(client):
    registration.register_webhooks(client, site_url=SITE)


@pytest.fixture
def send_step(client, ada, django_capture_on_commit_callbacks):
    """Request one step and have the worker do it."""

    def send(kind, by=ada, device=None):
        step = self_test.request_step(SelfTestKind(kind), by=by, device=device)
        step.next_attempt_at = timezone.now()
        self_test.run_step(step, client=client, site_url=SITE)
        step.refresh_from_db()
        return step

    return send


def measurement_problems(step):
    return next(each["problems"] for each in step.findings["expected"] if each["event"] == "MEASUREMENT")


def change_measurement_hook(sim, **changes):
    hook = next(each for each in sim.state.store.all("webhook") if each["endpoint"] == MEASUREMENTS)
    sim.state.store.put("webhook", hook["id"], hook | changes)


def test_comparison_names_hooks_that_are_not_registered_and_repair_registers_them(send_step):
    assert measurement_problems(send_step("check")) == [self_test.NOT_REGISTERED]
    assert "Not registered" in self_test.check_registration()

    assert measurement_problems(send_step("repair")) == []
    assert self_test.check_registration() is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"event": "FULFILLMENT"}, "event FULFILLMENT"),
        ({"auth_key": "X-Other"}, "another header"),
        ({"auth_header": "Bearer leaked-and-old"}, "secret is another one"),
        ({"auth_header": None}, "secret is another one"),
        ({"post_as_array": False}, "not as a list"),
        ({"enabled_by_default": False}, "Switched off"),
    ],
)
def test_comparison_names_what_differs_and_repair_sets_it(send_step, sim, registered, changes, words):
    change_measurement_hook(sim, **changes)

    step = send_step("check")

    assert words in " ".join(measurement_problems(step))
    assert "leaked" not in json.dumps(step.findings)
    assert measurement_problems(send_step("repair")) == []


def test_comparison_accepts_each_secret_of_a_rotation(send_step, registered, settings):
    settings.TENOVI_WEBHOOK_SECRETS = ["Bearer the-new-one", *settings.TENOVI_WEBHOOK_SECRETS]

    assert measurement_problems(send_step("check")) == []


def test_hook_of_another_system_is_listed_without_its_secret_and_never_changed(send_step, client, sim, registered):
    other = client.create_webhook(
        endpoint="https://other.example/in/?token=s3cret", event="MEASUREMENT", header="X-Key", secret="Token other"
    )
    before = sim.state.store.get("webhook", str(other.id))

    step = send_step("repair")

    assert step.findings["others"] == [{"event": "MEASUREMENT", "endpoint": "https://other.example/in/"}]
    assert sim.state.store.get("webhook", str(other.id)) == before


def test_hook_registered_twice_is_named(send_step, client, registered):
    client.create_webhook(endpoint=MEASUREMENTS, event="MEASUREMENT", header="Authorization", secret="x")

    assert "Registered 2 times" in measurement_problems(send_step("check"))[0]


def receive_by(django_client, sim):
    """The simulator's messages go into our own endpoint, without a socket."""

    def post(endpoint, headers, body):
        names = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        path = endpoint.removeprefix(SITE)
        return django_client.post(path, body, content_type="application/json", **names).status_code

    sim.webhooks.sender = post


def test_test_message_goes_to_the_own_hook_only_and_reaches_no_patient(send_step, client, sim, registered, settings):
    from django.test import Client

    posted = []
    receive_by(Client(), sim)
    send_on = sim.webhooks.sender
    sim.webhooks.sender = lambda endpoint, *rest: (posted.append(endpoint), send_on(endpoint, *rest))[1]
    client.create_webhook(endpoint="https://other.example/in/", event="MEASUREMENT", header="X", secret="y")

    step = send_step("measurement")
    ingest_waiting_deliveries()
    assert step.is_awaited
    assert self_test.recognise_arrivals() == 1

    step.refresh_from_db()
    assert posted == [MEASUREMENTS]
    assert step.result.startswith("Arrived")
    assert not Measurement.objects.exists()
    assert self_test.recognise_arrivals() == 0


def test_test_message_without_a_registered_hook_says_so(send_step):
    step = send_step("fulfillment")

    assert step.result == "Not registered at the vendor. Repair it first."


def test_test_message_is_not_arrived_after_three_minutes():
    now = timezone.now()
    step = WebhookSelfTestFactory(kind="measurement", finished_at=now)

    with time_machine.travel(now + dt.timedelta(minutes=3), tick=False):
        assert step.result == "Sent, not arrived yet."
    with time_machine.travel(now + dt.timedelta(minutes=3, seconds=1), tick=False):
        assert step.result == "Not arrived within 3 minutes."


def test_step_is_tried_again_after_a_vendor_error_and_given_up_after_three(send_step, sim, client, ada):
    for attempt in (1, 2, 3):
        sim.faults.add("status", status=503, match={"path_contains": "webhooks"}, times=20)
        step = send_step("check")
        assert step.attempts == attempt

    assert step.finished_at
    assert "could not be asked" in self_test.check_registration()


def test_daily_check_is_requested_once_a_day():
    for _ in range(2):
        self_test.request_daily_check()
    assert WebhookSelfTest.objects.count() == 1

    with time_machine.travel(timezone.now() + dt.timedelta(hours=25), tick=False):
        WebhookSelfTest.objects.update(finished_at=timezone.now())
        self_test.request_daily_check()
    assert WebhookSelfTest.objects.count() == 2


def test_self_test_page_requests_a_step_once_and_refreshes_while_it_waits(client_of, ada):
    page = client_of(ada)

    for _ in range(2):
        assert page.post(reverse(PAGE), {"step": "check"}).status_code == 302

    assert WebhookSelfTest.objects.get().requested_by == ada
    assert page.get(reverse(PAGE))["Refresh"] == "5"
    assert page.post(reverse(PAGE), {"step": "delete_all"}).status_code == 400


def test_self_test_page_shows_comparison_and_loss_and_is_for_administrators(client_of, ada, nadia, send_step):
    send_step("check")
    SyncRunFactory(kind="measurements", finished_at=timezone.now(), totals={"missed": 7})

    page = client_of(ada).get(reverse(PAGE))

    said = strip_markup(page.content.decode())
    assert MEASUREMENTS in said
    assert "Not registered at the vendor." in said
    assert [day["missed"] for day in page.context["loss"]] == [7]
    assert "Refresh" not in page
    assert client_of(nadia).get(reverse(PAGE)).status_code == 403


def test_loss_has_a_place_for_each_day_until_today_and_none_outside_of_the_chart():
    now = dt.datetime(2026, 11, 30, 17, tzinfo=dt.UTC)
    for days, missed in ((29.9, 2), (3, 4), (3, 4), (0, 0)):
        SyncRunFactory(kind="measurements", finished_at=now - dt.timedelta(days=days), totals={"missed": missed})

    loss = self_test.loss_by_day(now)

    assert (loss[0]["missed"], loss[0]["height"]) == (2, 25)
    assert [(day["day"].day, day["missed"]) for day in loss[-5:]] == [
        (26, None),
        (27, 8),
        (28, None),
        (29, None),
        (30, 0),
    ]
    assert loss[-1]["x"] < 372  # the width of the chart
    assert self_test.loss_by_day(now + dt.timedelta(days=90)) == []


@pytest.fixture
def pinned(sim, rosa):
    """A device of Rosa that the vendor sends to another system's hook only."""
    document = sim.add_device(hardware_uuid="A1B2C3D4E5F6")
    document["properties"].append({"id": str(uuid.uuid4()), "key": self_test.PIN_KEY, "value": str(uuid.uuid4())})
    sim.state.store.put("device", document["id"], document)
    return DeviceFactory(patient=rosa, hwi_id=document["id"])


def test_pin_is_read_shown_as_cause_of_silence_and_ended_by_an_administrator(
    send_step, sim, client_of, ada, nadia, pinned
):
    send_step("pin_check", device=pinned)
    pinned.refresh_from_db()
    assert pinned.pinned_webhook_id
    page = strip_markup(client_of(nadia).get(reverse("devices:page", args=[pinned.hwi_id])).content.decode())
    assert device_issues.PINNED_ELSEWHERE.meaning.partition("'")[0] in page

    action = {"action": "unpin", "_selected_action": [pinned.pk], "confirmed": "1"}
    assert client_of(ada).post(reverse("admin:devices_device_changelist"), action).status_code == 302
    step = WebhookSelfTest.objects.get(kind="unpin")
    assert (step.device, step.requested_by) == (pinned, ada)
    WebhookSelfTest.objects.filter(pk=step.pk).delete()
    send_step("unpin", device=pinned)

    pinned.refresh_from_db()
    assert pinned.pinned_webhook_id == ""
    assert sim.device(str(pinned.hwi_id))["properties"] == []


def test_device_that_is_pinned_to_our_own_hook_has_no_issue(send_step, client, sim, registered, pinned):
    own = next(str(hook.id) for hook in client.list_webhooks().rows if hook.endpoint == MEASUREMENTS)
    document = sim.device(str(pinned.hwi_id))
    document["properties"][0]["value"] = own
    sim.state.store.put("device", document["id"], document)

    send_step("pin_check", device=pinned)

    pinned.refresh_from_db()
    assert pinned.pinned_webhook_id == ""


def test_refresh_of_a_device_asks_whether_it_is_pinned(client_of, nadia, pinned):
    client_of(nadia).post(reverse("devices:refresh", args=[pinned.hwi_id]))

    assert WebhookSelfTest.objects.get().device == pinned

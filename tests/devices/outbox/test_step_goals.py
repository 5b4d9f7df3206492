"""Step goal of a watch: asked for on its page, sent as the newest only, read back from the vendor."""

import pytest
from django.urls import reverse
from django.utils import timezone

from devices import step_goals
from devices.models import Device, VendorCall, WebhookSelfTest
from devices.models.vendor_call import CallState
from devices.outbox import sending
from devices.webhooks import self_test
from patients.models import AuditEvent
from tests.devices.outbox.call_states import end_settle_time
from tests.factories import DeviceFactory
from tests.page_texts import strip_markup

pytestmark = pytest.mark.django_db
POSTS = {"method": "POST", "path_contains": "properties"}


@pytest.fixture
def watch(sim, rosa):
    theirs = sim.add_device(name="Tenovi Watch", external_id=rosa.external_id, hardware_uuid="A1B2C3D4E5F6")
    return DeviceFactory(patient=rosa, hwi_id=theirs["id"], name="Tenovi Watch", sensor_code="15", device_type=None)


@pytest.fixture
def post_goal(client_of, cora, watch):
    """Type a goal on the device's page; the text of the page that follows."""

    def posted(steps, by=cora):
        answer = client_of(by).post(reverse("devices:step_goal", args=[watch.hwi_id]), {"steps": steps}, follow=True)
        return strip_markup(answer.content.decode())

    return posted


def goals(**lookup):
    return [
        (call.payload["steps"], call.state)
        for call in VendorCall.objects.filter(kind="set_step_goal", **lookup).order_by("created_at")
    ]


def vendor_goal(sim, watch):
    return [each["value"] for each in sim.device(str(watch.hwi_id))["properties"] if each["key"] == "step_goal"]


def test_step_goal_is_set_at_the_vendor_shown_and_read_back_once_the_watch_has_it(
    post_goal, client, sim, watch, nadia, client_of, settings
):
    assert "8,000 steps a day: on its way" in post_goal("8,000", by=nadia)
    sending.send_due_calls(client)

    assert vendor_goal(sim, watch) == ["8000"]
    page = reverse("devices:page", args=[watch.hwi_id])
    assert "takes it over with its next upload" in client_of(nadia).get(page).content.decode()
    assert AuditEvent.objects.filter(action="step_goal", actor_id=nadia.pk, patient_ids=[watch.patient_id]).exists()

    sim.add_readings([{"hwi_device_id": str(watch.hwi_id), "metric": "steps", "value_1": 641}])
    read_at = timezone.now() - 2 * step_goals.REREAD_INTERVAL
    Device.objects.update(step_goal_read_at=read_at, last_seen_at=timezone.now())
    self_test.request_goal_rereads()
    self_test.run_step(WebhookSelfTest.objects.due().claim().get(), client=client, site_url="https://rpm.example")
    assert "8,000 steps a day, on the watch." in client_of(nadia).get(page).content.decode()
    self_test.request_goal_rereads()
    assert not WebhookSelfTest.objects.due().exists()


@pytest.mark.parametrize("typed", ["", "many", "499", "50001", "8000.5", "-8000", "٨٠٠٠"])
def test_step_goal_that_is_none_is_refused_and_stays_typed(post_goal, typed, watch):
    text = post_goal(typed)

    assert "Please enter a whole number from 500 to 50,000." in text
    assert goals() == []


def test_step_goal_that_the_vendor_refuses_is_shown_with_its_words(post_goal, client, sim):
    refusal = {"value": ["Ensure this value is less than 30000."]}
    sim.faults.add("status", status=400, body=refusal, match=POSTS)
    post_goal("40000")
    sending.send_due_calls(client)

    assert goals() == [(40000, CallState.REJECTED)]
    assert "Tenovi has refused 40,000 steps: Ensure this value is less than 30000." in post_goal("none")


def test_only_the_newest_goal_waits(post_goal, client, sim, watch):
    post_goal("6000")
    post_goal("7000")

    assert goals() == [(7000, CallState.QUEUED)]
    sending.send_due_calls(client)
    assert vendor_goal(sim, watch) == ["7000"]


@pytest.mark.parametrize("fault", ["reset_before", "reset_after"])
def test_goal_after_an_unclear_one_is_sent_when_that_has_settled(post_goal, client, sim, watch, fault):
    post_goal("6000")
    sim.faults.add(fault, match=POSTS)
    sending.send_due_calls(client)
    post_goal("7000")
    sending.send_due_calls(client)
    assert goals() == [(7000, CallState.QUEUED)]

    end_settle_time()
    VendorCall.objects.update(next_attempt_at=timezone.now())
    sending.send_due_calls(client)

    assert goals() == [(7000, CallState.CONFIRMED)]
    assert vendor_goal(sim, watch) == ["7000"]


def test_goal_that_is_being_sent_holds_back_the_newer_one_and_gives_way_to_it(post_goal, client, watch):
    post_goal("6000")
    claimed = sending.claim_next_call()
    post_goal("7000")

    assert sending.claim_next_call() is None
    sending.handle_unclear_answer(claimed)

    assert goals() == [(6000, CallState.CANCELLED), (7000, CallState.QUEUED)]
    assert VendorCall.objects.get(state=CallState.QUEUED).next_attempt_at > timezone.now()


def test_goal_changed_in_the_vendors_web_app_is_named_beside_ours(post_goal, client, sim, watch):
    post_goal("6000")
    sending.send_due_calls(client)
    Device.objects.update(step_goal="9000")

    watch.refresh_from_db()
    state = step_goals.find_step_goal_state(watch)
    assert state.text.startswith("9,000 steps a day")
    assert state.text.endswith("6,000 were set here.")


def test_device_that_counts_no_steps_has_no_goal(post_goal, watch):
    Device.objects.update(sensor_code="13")

    text = post_goal("6000")

    assert "Only a linked device that counts steps has a step goal." in text
    assert "Set the step goal" not in text
    assert goals() == []

"""Manual resolution of calls that need review: confirm, send again, abandon; decided once."""

import threading
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.outbox import manual_resolution, sending
from fulfillment import call_resolution, tracking
from fulfillment.models import LineStatus
from patients.models import AuditEvent, Role
from tests.factories import PatientFactory, UserFactory
from tests.fulfillment.call_resolution_steps import get_call_page, post_resolution, rename_vendor_devices, run_lookup
from tests.simulated_vendor import device_posts

State = VendorCall.State


def test_call_page_shows_request_time_and_requester(call_needing_review, as_cora, cora):
    call = call_needing_review("reset_before")
    shown = get_call_page(as_cora, call)

    assert all(word in shown for word in ("Tenovi Scale", call.reference, cora.name, "Rosa Delgado", "Not checked yet"))
    assert AuditEvent.objects.filter(action="view", actor_id=cora.pk).exists()


def test_call_page_is_linked_from_order_and_order_list(call_needing_review, as_cora):
    call = call_needing_review("reset_before")
    address = reverse("orders:call", args=[call.pk])

    assert address in as_cora.get(reverse("orders:page", args=[call.line.order_id])).content.decode()
    assert address in as_cora.get(reverse("orders:list")).content.decode()


@pytest.mark.parametrize(("typed", "state"), [("VWRONG", State.NEEDS_REVIEW), ("", State.NEEDS_REVIEW)])
def test_call_resolution_send_again_with_wrong_reference_changes_nothing(call_needing_review, as_cora, typed, state):
    call = call_needing_review("reset_before")

    answer = post_resolution(as_cora, call, "send_again", typed_reference=typed)

    assert call.state == state
    assert "Nothing proves that it isn" in answer.content.decode()


@pytest.mark.parametrize("typed", ["VWRONG", "V234567892345678923"])
def test_call_resolution_form_shows_wrong_reference_with_visible_error(call_needing_review, as_cora, typed):
    """A section that is closed would hide both."""
    page = post_resolution(
        as_cora, call_needing_review("reset_before"), "send_again", typed_reference=typed
    ).content.decode()

    assert f'value="{typed}"' in page
    assert '<details id="call-insist" open>' in page
    assert 'class="errorlist"' in page


def test_call_resolution_send_again_with_typed_reference_writes_audit(call_needing_review, as_cora):
    call = call_needing_review("reset_before")

    post_resolution(as_cora, call, "send_again", typed_reference=f" {call.reference.lower()} ")

    assert call.state == State.QUEUED
    assert AuditEvent.objects.get(action="resolve_call").details == {"choice": "send_again", "proved": False}
    assert call.line.order.events.filter(text__contains="without a proof").exists()


def test_call_resolution_adopts_device_listed_by_vendor(call_needing_review, client, sim, as_cora, cora):
    call = call_needing_review("reset_after")
    rename_vendor_devices(sim, "Tenovi Scale, refurbished")
    run_lookup(call, client)
    assert "It is this one" in get_call_page(as_cora, call)

    post_resolution(as_cora, call, "confirm", hwi_id=sim.devices()[0]["id"])
    tracking.update_order_lines()

    assert (call.state, call.resolved_by) == (State.CONFIRMED, cora)
    assert call.line.status == LineStatus.REQUESTED
    assert call.device.refresh_due_at is not None
    assert len(device_posts(sim)) == 1


def test_call_resolution_refuses_device_of_another_call(call_needing_review, place_one_line, client, sim, as_cora):
    other = place_one_line()
    sending.send_due_calls(client)
    other.call.refresh_from_db()
    VendorCall.objects.filter(pk=other.call_id).update(state="confirmed")
    other.closed_at = timezone.now()
    other.save(update_fields=["closed_at"])
    call = run_lookup(call_needing_review("reset_before"), client)
    assert f"belongs to request {other.call.reference}" in get_call_page(as_cora, call)

    answer = post_resolution(as_cora, call, "confirm", hwi_id=sim.devices()[0]["id"])

    assert call.state == State.NEEDS_REVIEW
    assert "belongs to another request" in answer.content.decode()


def test_call_resolution_refuses_device_of_another_patient(call_needing_review, client, as_cora, elm):
    call = run_lookup(call_needing_review("reset_before"), client)
    theirs = Device.objects.create(hwi_id=uuid.uuid4(), name="Tenovi Scale", patient=PatientFactory(clinic=elm))

    post_resolution(as_cora, call, "confirm", hwi_id=theirs.hwi_id)

    assert (call.state, call.device) == (State.NEEDS_REVIEW, None)


def test_call_resolution_abandon_needs_reason_closes_line_and_sends_nothing(
    call_needing_review, client, sim, as_cora, cora
):
    call = call_needing_review("reset_before")
    answer = post_resolution(as_cora, call, "abandon")
    assert "Say why" in answer.content.decode()

    post_resolution(as_cora, call, "abandon", reason="The clinic hands one over")
    sending.send_due_calls(client)

    line = call.line
    line.refresh_from_db()
    assert (call.state, line.status, line.closed_by) == (State.ABANDONED, LineStatus.ABANDONED, cora)
    assert len(device_posts(sim)) == 1


def test_settled_call_offers_no_choice_on_a_page_that_is_still_open(call_needing_review, as_cora):
    call = call_needing_review("reset_before")
    live = reverse("orders:call_live", args=[call.pk])
    assert "Give up</button>" in as_cora.get(live).content.decode()

    post_resolution(as_cora, call, "abandon", reason="The clinic hands one over")

    fragment = as_cora.get(live).content.decode()
    assert 'id="call-choices" data-live-part' in fragment
    assert "has decided:" in fragment
    assert "<form" not in fragment
    assert "Not checked yet" not in fragment


def test_call_resolution_by_second_user_names_first_user(call_needing_review, client, as_cora, elm):
    call = run_lookup(call_needing_review("reset_before"), client)
    maya = UserFactory(name="Maya Torres", role=Role.COORDINATOR, clinics=[elm])
    call_resolution.abandon_call(call=call, by=maya, reason="Rosa has one")

    answer = post_resolution(as_cora, call, "send_again", typed_reference=call.reference)

    assert call.state == State.ABANDONED
    assert "Maya Torres has decided in the meantime: given up" in answer.content.decode()


def test_call_resolution_of_resolved_call_changes_nothing(place_one_line, client, as_cora):
    line = place_one_line()
    sending.send_due_calls(client)

    for choice in ("lookup", "send_again", "confirm", "abandon"):
        post_resolution(
            as_cora,
            line.call,
            choice,
            reason="x",
            hwi_id=Device.objects.get().hwi_id,
            typed_reference=line.call.reference,
        )

    line.call.refresh_from_db()
    assert line.call.state == State.CONFIRMED
    assert line.call.lookup_requested_at is None


def test_call_resolution_is_forbidden_and_hidden_for_clinician(call_needing_review, nadia):
    call = call_needing_review("reset_before")
    browser = Client()
    browser.force_login(nadia)

    assert browser.get(reverse("orders:call", args=[call.pk])).status_code == 403
    assert reverse("orders:call", args=[call.pk]) not in browser.get(reverse("orders:list")).content.decode()


@pytest.mark.django_db(transaction=True)
def test_call_resolution_by_five_concurrent_users_succeeds_once(rosa, scale, elm, cora, client):
    call = VendorCall.objects.create(
        kind="order", patient=rosa, state="needs_review", payload={"name": "Tenovi Scale"}, lookup_at=timezone.now()
    )
    results, ready = [], threading.Barrier(5)

    def choose(n):
        ready.wait()
        try:
            if n % 2:
                call_resolution.send_call_again(call=call, by=cora)
            else:
                call_resolution.abandon_call(call=call, by=cora, reason="n")
            results.append("resolved")
        except manual_resolution.CannotResolve:
            results.append("refused")
        finally:
            connection.close()

    people = [threading.Thread(target=choose, args=(n,)) for n in range(5)]
    [each.start() for each in people]
    [each.join() for each in people]

    assert sorted(results) == ["refused"] * 4 + ["resolved"]
    assert AuditEvent.objects.filter(action="resolve_call").count() == 1

"""Manual lookup at the vendor: what it proves about a call, and what it does not."""

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind
from devices.outbox import manual_lookup, recovery, sending, unlinking
from patients.models import AuditEvent
from tests.fulfillment.call_resolution_steps import DEVICE_READS, get_call_page, post_resolution, run_lookup
from tests.simulated_vendor import DEVICE_POSTS, clear_client_notes, device_posts

State = VendorCall.State


def test_manual_lookup_that_finds_our_reference_confirms_call(call_needing_review, client, as_cora, sim):
    call = run_lookup(call_needing_review("reset_after"), client)

    assert call.state == State.CONFIRMED
    assert len(device_posts(sim)) == 1


def test_manual_lookup_that_finds_nothing_allows_sending_again(call_needing_review, client, as_cora, sim, cora):
    call = run_lookup(call_needing_review("reset_before"), client)
    assert "Send again</button>" in get_call_page(as_cora, call)

    post_resolution(as_cora, call, "send_again")
    sending.send_due_calls(client)

    call.refresh_from_db()
    assert (call.state, call.resolved_by) == (State.CONFIRMED, cora)
    assert len(sim.devices()) == 1
    event = AuditEvent.objects.get(action="resolve_call")
    assert (event.target, event.details) == (f"call:{call.pk}", {"choice": "send_again", "proved": True})


def test_call_resolution_send_again_requires_manual_lookup(call_needing_review, as_cora):
    call = call_needing_review("reset_before")

    answer = post_resolution(as_cora, call, "send_again")

    assert call.state == State.NEEDS_REVIEW
    assert "Nothing proves" in answer.content.decode()
    assert not AuditEvent.objects.filter(action="resolve_call").exists()


def test_manual_lookup_that_is_too_old_does_not_allow_sending_again(call_needing_review, client, as_cora):
    call = run_lookup(call_needing_review("reset_before"), client)
    VendorCall.objects.filter(pk=call.pk).update(
        lookup_at=timezone.now() - manual_lookup.LOOKUP_VALIDITY - dt.timedelta(seconds=1)
    )

    post_resolution(as_cora, call, "send_again")

    assert call.state == State.NEEDS_REVIEW


def test_manual_lookup_without_answer_invalidates_previous_lookup(call_needing_review, client, sim, as_cora):
    call = run_lookup(call_needing_review("reset_before"), client)
    sim.faults.add("status", status=500, match=DEVICE_READS, times=None)
    run_lookup(call, client)

    post_resolution(as_cora, call, "send_again")

    assert call.state == State.NEEDS_REVIEW
    assert "no answer" in call.lookup_problem


def test_manual_lookup_with_unreadable_rows_does_not_prove_absence(call_needing_review, client, sim, as_cora):
    call = call_needing_review("reset_after")
    clear_client_notes(sim)
    with sim.state.transaction():
        document = sim.devices()[0]
        document["connected_on"] = "no time at all"
        sim.state.store.put("device", document["id"], document)
    run_lookup(call, client)

    post_resolution(as_cora, call, "send_again")

    assert call.lookup_problem == manual_lookup.UNREADABLE_ROWS
    assert call.state == State.NEEDS_REVIEW


def test_manual_lookup_with_refused_api_key_reports_our_access(call_needing_review, client, sim, as_cora, caplog):
    call = call_needing_review("reset_before")
    sim.faults.add("status", status=401, times=None)

    run_lookup(call, client)

    assert call.state == State.NEEDS_REVIEW
    assert call.lookup_problem == manual_lookup.VENDOR_ACCESS_PROBLEM
    assert "operator" in caplog.text


def test_search_with_refused_api_key_does_not_escalate_call_to_review(place_one_line, client, sim):
    line = place_one_line()
    sim.faults.add("reset_before", match=DEVICE_POSTS)
    sending.send_due_calls(client)
    sim.faults.add("status", status=403, times=None)
    long_ago = timezone.now() - 4 * sending.settle_time()
    VendorCall.objects.update(unknown_since=long_ago, search_after=long_ago)

    recovery.search_unknown_calls(client)

    line.call.refresh_from_db()
    assert line.call.state == State.UNKNOWN
    assert line.call.unknown_since > long_ago


def test_manual_lookup_confirms_unlink_call(place_one_line, client, sim, cora, as_cora):
    line = place_one_line()
    sending.send_due_calls(client)
    device = Device.objects.get()
    call = unlinking.request_unlink_or_delete(CallKind.UNLINK, device=device, by=cora)
    VendorCall.objects.filter(pk=call.pk).update(state="needs_review", unknown_since=timezone.now())
    run_lookup(call, client)
    assert "has not been done" in get_call_page(as_cora, call)
    client.unlink_device(device.hwi_id)

    run_lookup(call, client)

    device.refresh_from_db()
    assert (call.state, device.state) == (State.CONFIRMED, "unlinked")
    assert line.call.pk != call.pk


def test_call_page_live_update_shows_lookup_result(call_needing_review, client, as_cora, rosa):
    call = call_needing_review("reset_before")
    rosa.refresh_from_db()
    live = reverse("orders:call_live", args=[call.pk])
    assert as_cora.get(live, {"v": rosa.live_version}).status_code == 204

    run_lookup(call, client)

    assert "has nothing of this request" in as_cora.get(live, {"v": rosa.live_version}).content.decode()

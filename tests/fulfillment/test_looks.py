"""What a look at the vendor proves about a call, and what it does not."""

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind
from devices.outbox import manual_lookup, recovery, sending, unlinking
from patients.models import AuditEvent
from tests.fulfillment.undecided import READS, decide, look, page
from tests.vendor import NEW_DEVICE, forget_notes, posts

State = VendorCall.State


def test_a_look_that_finds_our_reference_settles_it_by_itself(stuck, client, as_cora, sim):
    call = look(stuck("reset_after"), client)

    assert call.state == State.CONFIRMED
    assert len(posts(sim)) == 1


def test_a_look_that_finds_nothing_opens_the_door_and_it_is_sent_once_more(stuck, client, as_cora, sim, cora):
    call = look(stuck("reset_before"), client)
    assert "Send again</button>" in page(as_cora, call)

    decide(as_cora, call, "send_again")
    sending.drain(client)

    call.refresh_from_db()
    assert (call.state, call.decided_by) == (State.CONFIRMED, cora)
    assert len(sim.devices()) == 1
    told = AuditEvent.objects.get(action="vendor_call")
    assert (told.target, told.details) == (f"call:{call.pk}", {"choice": "send_again", "proved": True})


def test_without_a_look_nothing_is_sent_again(stuck, as_cora):
    call = stuck("reset_before")

    answer = decide(as_cora, call, "send_again")

    assert call.state == State.NEEDS_HUMAN
    assert "Nothing proves" in answer.content.decode()
    assert not AuditEvent.objects.filter(action="vendor_call").exists()


def test_an_old_look_proves_nothing(stuck, client, as_cora):
    call = look(stuck("reset_before"), client)
    VendorCall.objects.filter(pk=call.pk).update(
        looked_at=timezone.now() - manual_lookup.FRESH_FOR - dt.timedelta(seconds=1)
    )

    decide(as_cora, call, "send_again")

    assert call.state == State.NEEDS_HUMAN


def test_a_look_without_an_answer_takes_the_proof_of_the_one_before_away(stuck, client, sim, as_cora):
    call = look(stuck("reset_before"), client)
    sim.faults.add("status", status=500, match=READS, times=None)
    look(call, client)

    decide(as_cora, call, "send_again")

    assert call.state == State.NEEDS_HUMAN
    assert "no answer" in call.look_problem


def test_a_list_with_rows_that_can_not_be_read_proves_nothing_absent(stuck, client, sim, as_cora):
    call = stuck("reset_after")
    forget_notes(sim)
    with sim.world.change():
        document = sim.devices()[0]
        document["connected_on"] = "no time at all"
        sim.world.store.put("device", document["id"], document)
    look(call, client)

    decide(as_cora, call, "send_again")

    assert call.look_problem == manual_lookup.UNREADABLE
    assert call.state == State.NEEDS_HUMAN


def test_a_refused_key_blames_neither_the_order_nor_the_vendor(stuck, client, sim, as_cora, caplog):
    call = stuck("reset_before")
    sim.faults.add("status", status=401, times=None)

    look(call, client)

    assert call.state == State.NEEDS_HUMAN
    assert call.look_problem == manual_lookup.OUR_ACCESS
    assert "operator" in caplog.text


def test_a_key_that_is_refused_for_hours_sends_no_call_to_a_person(place_one, client, sim):
    line = place_one()
    sim.faults.add("reset_before", match=NEW_DEVICE)
    sending.drain(client)
    sim.faults.add("status", status=403, times=None)
    long_ago = timezone.now() - 4 * sending.settle_time()
    VendorCall.objects.update(unknown_since=long_ago, search_after=long_ago)

    recovery.search_unknown(client)

    line.call.refresh_from_db()
    assert line.call.state == State.UNKNOWN
    assert line.call.unknown_since > long_ago


def test_an_unlink_that_nobody_could_follow_is_settled_by_a_look(place_one, client, sim, cora, as_cora):
    line = place_one()
    sending.drain(client)
    device = Device.objects.get()
    call = unlinking.request(CallKind.UNLINK, device=device, by=cora)
    VendorCall.objects.filter(pk=call.pk).update(state="needs_human", unknown_since=timezone.now())
    look(call, client)
    assert "has not been done" in page(as_cora, call)
    client.unlink_device(device.hwi_id)

    look(call, client)

    device.refresh_from_db()
    assert (call.state, device.state) == (State.CONFIRMED, "unlinked")
    assert line.call.pk != call.pk


def test_the_page_hears_of_the_look_by_itself(stuck, client, as_cora, rosa):
    call = stuck("reset_before")
    rosa.refresh_from_db()
    live = reverse("orders:call_live", args=[call.pk])
    assert as_cora.get(live, {"v": rosa.version}).status_code == 204

    look(call, client)

    assert "holds nothing of this request" in as_cora.get(live, {"v": rosa.version}).content.decode()

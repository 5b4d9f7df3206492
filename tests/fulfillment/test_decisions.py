"""Nobody could tell what became of a call: a person looks at the vendor with us, and decides once."""

import datetime as dt
import threading
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices import calls, endings, looks, search
from devices.models import Device, VendorCall
from devices.models.call import CallKind
from devices.tenovi import ShipTo
from fulfillment import decisions, orders, tracking
from fulfillment.models import LineStatus
from patients.models import AuditEvent, Role
from tests.factories import KitFactory, PatientFactory, UserFactory
from tests.vendor import posts

State = VendorCall.State
HOME = ShipTo(name="Rosa Delgado", address="12 Alder Street", city="Concord", state="NH", zip_code="03301")
NEW_DEVICE = {"method": "POST", "path_contains": "hwi-devices"}
READS = {"method": "GET", "path_contains": "hwi-devices"}


@pytest.fixture
def place(rosa, elm, scale, cora):
    def placed(**changes):
        kit = KitFactory(clinic=elm, items=[(scale, 1)])
        said = {"patient": rosa, "kit": kit, "ship_to": HOME, "by": cora, "submission_id": uuid.uuid4()} | changes
        return orders.place(**said).lines.get()

    return placed


@pytest.fixture
def stuck(place, client, sim):
    """Sent with a lost answer, then silence for four settle times: a person must look."""

    def after(fault):
        line = place()
        sim.faults.add(fault, match=NEW_DEVICE)
        calls.drain(client)
        sim.faults.add("status", status=500, match=READS, times=None)
        long_ago = timezone.now() - 4 * calls.settle_time()
        VendorCall.objects.filter(pk=line.call_id).update(unknown_since=long_ago, search_after=long_ago)
        search.search_unknown(client)
        sim.faults.clear()
        tracking.catch_up()
        line.refresh_from_db()
        assert line.status == LineStatus.NEEDS_HUMAN
        return line.call

    return after


@pytest.fixture
def as_cora(cora):
    browser = Client()
    browser.force_login(cora)
    return browser


def look(call, client):
    looks.ask(call)
    looks.carry_out(client)
    call.refresh_from_db()
    return call


def decide(browser, call, choice, **said):
    answer = browser.post(reverse("orders:decide", args=[call.pk]), {"choice": choice, **said}, follow=True)
    call.refresh_from_db()
    return answer


def page(browser, call):
    return browser.get(reverse("orders:call", args=[call.pk])).content.decode()


def forget_notes(sim):
    with sim.world.change():
        for document in sim.devices():
            document["device"]["fulfillment_request"]["client_notes"] = ""
            sim.world.store.put("device", document["id"], document)


def rename(sim, name):
    """As when somebody at the vendor has touched the order: nothing of ours fits it by itself any more."""
    forget_notes(sim)
    with sim.world.change():
        for document in sim.devices():
            document["device"]["name"] = name
            sim.world.store.put("device", document["id"], document)


def test_the_page_tells_what_was_asked_when_and_by_whom(stuck, as_cora, cora):
    call = stuck("reset_before")
    shown = page(as_cora, call)

    assert all(word in shown for word in ("Tenovi Scale", call.reference, cora.name, "Rosa Delgado", "Not looked yet"))
    assert AuditEvent.objects.filter(action="view", actor_id=cora.pk).exists()


def test_the_order_and_the_list_lead_to_it(stuck, as_cora):
    call = stuck("reset_before")
    address = reverse("orders:call", args=[call.pk])

    assert address in as_cora.get(reverse("orders:page", args=[call.line.order_id])).content.decode()
    assert address in as_cora.get(reverse("orders:list")).content.decode()


def test_a_look_that_finds_our_reference_settles_it_by_itself(stuck, client, as_cora, sim):
    call = look(stuck("reset_after"), client)

    assert call.state == State.CONFIRMED
    assert len(posts(sim)) == 1


def test_a_look_that_finds_nothing_opens_the_door_and_it_is_sent_once_more(stuck, client, as_cora, sim, cora):
    call = look(stuck("reset_before"), client)
    assert "Send again</button>" in page(as_cora, call)

    decide(as_cora, call, "send_again")
    calls.drain(client)

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
    VendorCall.objects.filter(pk=call.pk).update(looked_at=timezone.now() - looks.FRESH_FOR - dt.timedelta(seconds=1))

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

    assert call.look_problem == looks.UNREADABLE
    assert call.state == State.NEEDS_HUMAN


@pytest.mark.parametrize(("typed", "state"), [("VWRONG", State.NEEDS_HUMAN), ("", State.NEEDS_HUMAN)])
def test_a_wrong_reference_insists_on_nothing(stuck, as_cora, typed, state):
    call = stuck("reset_before")

    decide(as_cora, call, "send_again", typed=typed)

    assert call.state == state


def test_who_types_the_reference_may_insist_and_that_is_written_down(stuck, as_cora):
    call = stuck("reset_before")

    decide(as_cora, call, "send_again", typed=f" {call.reference.lower()} ")

    assert call.state == State.INTENT
    assert AuditEvent.objects.get(action="vendor_call").details == {"choice": "send_again", "proved": False}
    assert call.line.order.events.filter(text__contains="without a proof").exists()


def test_a_device_that_is_listed_can_be_taken(stuck, client, sim, as_cora, cora):
    call = stuck("reset_after")
    rename(sim, "Tenovi Scale, refurbished")
    look(call, client)
    assert "It is this one" in page(as_cora, call)

    decide(as_cora, call, "adopt", hwi_id=sim.devices()[0]["id"])
    tracking.catch_up()

    assert (call.state, call.decided_by) == (State.CONFIRMED, cora)
    assert call.line.status == LineStatus.REQUESTED
    assert call.device.reread_at is not None
    assert len(posts(sim)) == 1


def test_a_device_that_another_request_made_can_not_be_taken(stuck, place, client, sim, as_cora):
    other = place()
    calls.drain(client)
    other.call.refresh_from_db()
    VendorCall.objects.filter(pk=other.call_id).update(state="confirmed")
    other.closed_at = timezone.now()
    other.save(update_fields=["closed_at"])
    call = look(stuck("reset_before"), client)
    assert f"belongs to request {other.call.reference}" in page(as_cora, call)

    answer = decide(as_cora, call, "adopt", hwi_id=sim.devices()[0]["id"])

    assert call.state == State.NEEDS_HUMAN
    assert "belongs to another request" in answer.content.decode()


def test_a_strangers_device_can_not_be_taken(stuck, client, as_cora, elm):
    call = look(stuck("reset_before"), client)
    theirs = Device.objects.create(hwi_id=uuid.uuid4(), name="Tenovi Scale", patient=PatientFactory(clinic=elm))

    decide(as_cora, call, "adopt", hwi_id=theirs.hwi_id)

    assert (call.state, call.device) == (State.NEEDS_HUMAN, None)


def test_giving_up_needs_a_reason_closes_the_line_and_sends_nothing(stuck, client, sim, as_cora, cora):
    call = stuck("reset_before")
    answer = decide(as_cora, call, "give_up")
    assert "Say why" in answer.content.decode()

    decide(as_cora, call, "give_up", reason="The clinic hands one over")
    calls.drain(client)

    line = call.line
    line.refresh_from_db()
    assert (call.state, line.status, line.closed_by) == (State.GIVEN_UP, LineStatus.GIVEN_UP, cora)
    assert len(posts(sim)) == 1


def test_who_decides_second_is_told_who_was_first(stuck, client, as_cora, elm):
    call = look(stuck("reset_before"), client)
    maya = UserFactory(name="Maya Torres", role=Role.COORDINATOR, clinics=[elm])
    decisions.give_up(call=call, by=maya, reason="Rosa has one")

    answer = decide(as_cora, call, "send_again", typed=call.reference)

    assert call.state == State.GIVEN_UP
    assert "Maya Torres has decided in the meantime: given up" in answer.content.decode()


def test_nobody_decides_about_a_call_that_is_settled(place, client, as_cora):
    line = place()
    calls.drain(client)

    for choice in ("look", "send_again", "adopt", "give_up"):
        decide(as_cora, line.call, choice, reason="x", hwi_id=Device.objects.get().hwi_id, typed=line.call.reference)

    line.call.refresh_from_db()
    assert line.call.state == State.CONFIRMED
    assert line.call.look_asked_at is None


def test_a_clinician_sees_no_decision_to_make(stuck, nadia):
    call = stuck("reset_before")
    browser = Client()
    browser.force_login(nadia)

    assert browser.get(reverse("orders:call", args=[call.pk])).status_code == 403
    assert reverse("orders:call", args=[call.pk]) not in browser.get(reverse("orders:list")).content.decode()


def test_a_refused_key_blames_neither_the_order_nor_the_vendor(stuck, client, sim, as_cora, caplog):
    call = stuck("reset_before")
    sim.faults.add("status", status=401, times=None)

    look(call, client)

    assert call.state == State.NEEDS_HUMAN
    assert call.look_problem == looks.OUR_ACCESS
    assert "operator" in caplog.text


def test_a_key_that_is_refused_for_hours_sends_no_call_to_a_person(place, client, sim):
    line = place()
    sim.faults.add("reset_before", match=NEW_DEVICE)
    calls.drain(client)
    sim.faults.add("status", status=403, times=None)
    long_ago = timezone.now() - 4 * calls.settle_time()
    VendorCall.objects.update(unknown_since=long_ago, search_after=long_ago)

    search.search_unknown(client)

    line.call.refresh_from_db()
    assert line.call.state == State.UNKNOWN
    assert line.call.unknown_since > long_ago


def test_an_unlink_that_nobody_could_follow_is_settled_by_a_look(place, client, sim, cora, as_cora):
    line = place()
    calls.drain(client)
    device = Device.objects.get()
    call = endings.request(CallKind.UNLINK, device=device, by=cora)
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


@pytest.mark.django_db(transaction=True)
def test_of_five_who_decide_at_once_one_wins(rosa, scale, elm, cora, client):
    call = VendorCall.objects.create(
        kind="order", patient=rosa, state="needs_human", payload={"name": "Tenovi Scale"}, looked_at=timezone.now()
    )
    told, ready = [], threading.Barrier(5)

    def choose(n):
        ready.wait()
        try:
            if n % 2:
                decisions.send_again(call=call, by=cora)
            else:
                decisions.give_up(call=call, by=cora, reason="n")
            told.append("won")
        except decisions.CantDecide:
            told.append("told")
        finally:
            connection.close()

    people = [threading.Thread(target=choose, args=(n,)) for n in range(5)]
    [each.start() for each in people]
    [each.join() for each in people]

    assert sorted(told) == ["told"] * 4 + ["won"]
    assert AuditEvent.objects.filter(action="vendor_call").count() == 1

"""Nobody could tell what became of a call: a person looks at the vendor with us, and decides once."""

import threading
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.outbox import sending
from fulfillment import call_resolution, tracking
from fulfillment.models import LineStatus
from patients.models import AuditEvent, Role
from tests.factories import PatientFactory, UserFactory
from tests.fulfillment.undecided import decide, look, page, rename
from tests.vendor import posts

State = VendorCall.State


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


@pytest.mark.parametrize(("typed", "state"), [("VWRONG", State.NEEDS_HUMAN), ("", State.NEEDS_HUMAN)])
def test_a_wrong_reference_insists_on_nothing(stuck, as_cora, typed, state):
    call = stuck("reset_before")

    answer = decide(as_cora, call, "send_again", typed=typed)

    assert call.state == state
    assert "Nothing proves that it isn" in answer.content.decode()


@pytest.mark.parametrize("typed", ["VWRONG", "V234567892345678923"])
def test_a_wrong_reference_is_kept_with_the_reason_beside_it_in_sight(stuck, as_cora, typed):
    """A section that is closed would hide both."""
    page = decide(as_cora, stuck("reset_before"), "send_again", typed=typed).content.decode()

    assert f'value="{typed}"' in page
    assert '<details id="call-insist" open>' in page
    assert 'class="errorlist"' in page


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


def test_a_device_that_another_request_made_can_not_be_taken(stuck, place_one, client, sim, as_cora):
    other = place_one()
    sending.drain(client)
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
    sending.drain(client)

    line = call.line
    line.refresh_from_db()
    assert (call.state, line.status, line.closed_by) == (State.GIVEN_UP, LineStatus.GIVEN_UP, cora)
    assert len(posts(sim)) == 1


def test_who_decides_second_is_told_who_was_first(stuck, client, as_cora, elm):
    call = look(stuck("reset_before"), client)
    maya = UserFactory(name="Maya Torres", role=Role.COORDINATOR, clinics=[elm])
    call_resolution.give_up(call=call, by=maya, reason="Rosa has one")

    answer = decide(as_cora, call, "send_again", typed=call.reference)

    assert call.state == State.GIVEN_UP
    assert "Maya Torres has decided in the meantime: given up" in answer.content.decode()


def test_nobody_decides_about_a_call_that_is_settled(place_one, client, as_cora):
    line = place_one()
    sending.drain(client)

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
                call_resolution.send_again(call=call, by=cora)
            else:
                call_resolution.give_up(call=call, by=cora, reason="n")
            told.append("won")
        except call_resolution.CantDecide:
            told.append("told")
        finally:
            connection.close()

    people = [threading.Thread(target=choose, args=(n,)) for n in range(5)]
    [each.start() for each in people]
    [each.join() for each in people]

    assert sorted(told) == ["told"] * 4 + ["won"]
    assert AuditEvent.objects.filter(action="vendor_call").count() == 1

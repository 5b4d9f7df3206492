"""Cancelling, correcting and closing a line."""

import pytest

from devices.models import VendorCall
from devices.tenovi import ShipTo
from fulfillment import tracking
from fulfillment.models import LineStatus, Order
from fulfillment.ordering import order_lines
from tests.fulfillment.steps import a_line, hinted, send, statuses
from tests.vendor import HOME, posts


def test_what_was_not_sent_is_cancelled_at_once(place, client, sim, cora):
    order = place()

    for line in order.lines.all():
        order_lines.cancel(line=line, by=cora)
    send(client)

    assert statuses(order) == ["cancelled", "cancelled"]
    assert posts(sim) == []


def test_what_has_not_shipped_is_cancelled_at_the_vendor(place, client, sim, cora):
    order = place()
    send(client)

    order_lines.cancel(line=a_line(order), by=cora)
    send(client)

    assert statuses(order) == ["cancelled", "requested"]
    assert len(sim.devices()) == 1


def test_what_has_shipped_is_not_cancelled_but_unlinked(place, client, sim, cora):
    order = place()
    send(client)
    sim.advance(45)
    hinted(order)
    tracking.reread_due(client)
    tracking.catch_up()

    with pytest.raises(order_lines.TooLate, match="End its monitoring"):
        order_lines.cancel(line=a_line(order), by=cora)


def test_what_is_unclear_is_not_cancelled(place, client, sim, cora):
    order = place()
    sim.faults.add("reset_after", match={"method": "POST"}, times=None)
    send(client)

    with pytest.raises(order_lines.TooLate, match="not clear"):
        order_lines.cancel(line=a_line(order), by=cora)


def test_a_refused_line_frees_its_place_and_can_be_corrected(place, client, sim, cora):
    order = place()
    body = {"device": {"fulfillment_request": {"shipping_zip_code": ["No such ZIP code."]}}}
    sim.faults.add("status", status=400, body=body, match={"method": "POST"}, times=2)
    send(client)
    line = a_line(order)
    assert (line.status, line.closed_at is None) == (LineStatus.REJECTED, False)

    corrected = order_lines.correct(line=line, by=cora, ship_to=ShipTo(**{**as_dict(HOME), "zip_code": "03302"}))
    send(client)

    corrected.refresh_from_db()
    assert corrected.status == LineStatus.REQUESTED
    assert corrected.call.payload["ship_to"]["zip_code"] == "03302"
    assert "No such ZIP code" in order.events.filter(line=line, status="rejected").get().text


def test_of_several_refused_lines_all_are_corrected_or_none(place, client, sim, cora):
    order = place()
    sim.faults.add("status", status=400, match={"method": "POST"}, times=None)
    send(client)
    refused = order.lines.select_related("call__device", "patient", "order", "device_type").order_by("nth")
    *others, closed = refused
    order_lines.close(line=closed, by=cora, reason="Patient moved abroad")
    better = {"by": cora, "ship_to": ShipTo(**{**as_dict(HOME), "zip_code": "03302"})}

    with pytest.raises(order_lines.TooLate, match="nothing to correct"):
        order_lines.correct_all(refused.all(), **better)
    assert not order.lines.filter(corrects__isnull=False).exists()

    made = order_lines.correct_all(refused.all()[: len(others)], **better)
    assert [line.corrects for line in made] == others != []


def test_a_person_closes_a_line_with_a_reason(place, client, sim, cora):
    order = place()
    sim.faults.add("status", status=400, match={"method": "POST"}, times=None)
    send(client)

    for line in order.lines.select_related("call__device", "patient", "order"):
        order_lines.close(line=line, by=cora, reason="Patient moved abroad")

    assert not Order.objects.get(pk=order.pk).stuck
    assert order.events.filter(text__contains="moved abroad").count() == 2


def test_a_line_that_may_still_ship_is_not_closed(place, cora):
    with pytest.raises(order_lines.TooLate):
        order_lines.close(line=a_line(place()), by=cora, reason="Enough")


def test_closing_a_line_that_needs_a_person_gives_its_call_up_for_good(place, client, sim, cora):
    line = a_line(place())
    VendorCall.objects.filter(pk=line.call_id).update(state="needs_human")
    line.call.refresh_from_db()

    order_lines.close(line=line, by=cora, reason="The vendor never got it")
    send(client)

    line.refresh_from_db()
    line.call.refresh_from_db()
    assert (line.status, line.call.state) == (LineStatus.GIVEN_UP, "given_up")
    assert len(posts(sim)) == 1  # the other line's


def as_dict(ship_to):
    return {name: getattr(ship_to, name) for name in ("name", "address", "city", "state", "zip_code")}

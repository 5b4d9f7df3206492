"""Cancelling, correcting and closing a line."""

import pytest

from devices.models import VendorCall
from devices.tenovi import ShipTo
from fulfillment import tracking
from fulfillment.models import LineStatus
from fulfillment.ordering import order_lines
from tests.fulfillment.order_steps import first_line, line_statuses, mark_refresh_due, send_calls
from tests.simulated_vendor import SHIPPING_ADDRESS, device_posts


def test_cancel_line_not_yet_sent_is_immediate(place_order, client, sim, cora):
    order = place_order()

    for line in order.lines.all():
        order_lines.cancel_line(line=line, by=cora)
    send_calls(client)

    assert line_statuses(order) == ["cancelled", "cancelled"]
    assert device_posts(sim) == []


def test_cancelled_device_is_shown_as_cancelled_and_not_with_its_last_status(place_one_line, client, cora):
    line = place_one_line()
    send_calls(client)

    order_lines.cancel_line(line=first_line(line.order), by=cora)
    send_calls(client)

    event = line.events.get(status="cancelled")
    assert (event.text, event.source) == ("", "refresh")


def test_cancel_line_not_yet_shipped_is_sent_to_vendor(place_order, client, sim, cora):
    order = place_order()
    send_calls(client)

    order_lines.cancel_line(line=first_line(order), by=cora)
    send_calls(client)

    assert line_statuses(order) == ["cancelled", "requested"]
    assert len(sim.devices()) == 1


def test_cancel_line_shipped_is_refused_with_hint_to_end_monitoring(place_order, client, sim, cora):
    order = place_order()
    send_calls(client)
    sim.advance(45)
    mark_refresh_due(order)
    tracking.refresh_due_devices(client)
    tracking.update_order_lines()

    with pytest.raises(order_lines.OrderLineActionError, match="End monitoring instead"):
        order_lines.cancel_line(line=first_line(order), by=cora)


def test_cancel_line_with_unclear_call_is_refused(place_order, client, sim, cora):
    order = place_order()
    sim.faults.add("reset_after", match={"method": "POST"}, times=None)
    send_calls(client)

    with pytest.raises(order_lines.OrderLineActionError, match="not clear"):
        order_lines.cancel_line(line=first_line(order), by=cora)


def test_correct_line_rejected_by_vendor_sends_new_line(place_order, client, sim, cora):
    order = place_order()
    body = {"device": {"fulfillment_request": {"shipping_zip_code": ["No such ZIP code."]}}}
    sim.faults.add("status", status=400, body=body, match={"method": "POST"}, times=2)
    send_calls(client)
    line = first_line(order)
    assert (line.status, line.closed_at is None) == (LineStatus.REJECTED, False)

    corrected = order_lines.correct_line(
        line=line, by=cora, ship_to=ShipTo(**{**ship_to_fields(SHIPPING_ADDRESS), "zip_code": "03302"})
    )
    send_calls(client)

    corrected.refresh_from_db()
    assert corrected.status == LineStatus.REQUESTED
    assert corrected.call.payload["ship_to"]["zip_code"] == "03302"
    assert "No such ZIP code" in order.events.filter(line=line, status="rejected").get().text


def test_correct_lines_corrects_all_or_none(place_order, client, sim, cora):
    order = place_order()
    sim.faults.add("status", status=400, match={"method": "POST"}, times=None)
    send_calls(client)
    refused = order.lines.select_related("call__device", "patient", "order", "device_type").order_by("nth")
    *others, closed = refused
    order_lines.close_line(line=closed, by=cora, reason="Patient moved abroad")
    better = {"by": cora, "ship_to": ShipTo(**{**ship_to_fields(SHIPPING_ADDRESS), "zip_code": "03302"})}

    with pytest.raises(order_lines.OrderLineActionError, match="nothing to correct"):
        order_lines.correct_lines(refused.all(), **better)
    assert not order.lines.filter(corrects__isnull=False).exists()

    made = order_lines.correct_lines(refused.all()[: len(others)], **better)
    assert [line.corrects for line in made] == others != []


def test_close_line_records_reason(place_order, client, sim, cora):
    order = place_order()
    sim.faults.add("status", status=400, match={"method": "POST"}, times=None)
    send_calls(client)

    for line in order.lines.select_related("call__device", "patient", "order"):
        order_lines.close_line(line=line, by=cora, reason="Patient moved abroad")

    assert not order.lines.stuck().exists()
    assert order.events.filter(text__contains="moved abroad").count() == 2


def test_close_line_that_may_still_ship_is_refused(place_order, cora):
    with pytest.raises(order_lines.OrderLineActionError):
        order_lines.close_line(line=first_line(place_order()), by=cora, reason="Enough")


def test_close_line_needing_review_abandons_its_call(place_order, client, sim, cora):
    line = first_line(place_order())
    VendorCall.objects.filter(pk=line.call_id).update(state="needs_review")
    line.call.refresh_from_db()

    order_lines.close_line(line=line, by=cora, reason="The vendor never got it")
    send_calls(client)

    line.refresh_from_db()
    line.call.refresh_from_db()
    assert (line.status, line.call.state) == (LineStatus.ABANDONED, "abandoned")
    assert len(device_posts(sim)) == 1  # the other line's


def ship_to_fields(ship_to):
    return {name: getattr(ship_to, name) for name in ("name", "address", "city", "state", "zip_code")}

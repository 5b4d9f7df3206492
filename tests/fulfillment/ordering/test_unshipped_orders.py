"""A changed name or address mentions each order that has not shipped: at the edit, on order and patient page."""

import pytest
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.models import Device, VendorCall
from devices.models.vendor_call import CallState
from devices.statuses import DeviceState
from fulfillment.models import OrderLine
from fulfillment.ordering import order_lines
from fulfillment.ordering.unshipped_orders import has_not_shipped, outdated_orders, unshipped_orders
from patients.models import Patient
from tests.factories import DeviceFactory, KitFactory
from tests.fulfillment.order_steps import send_calls
from tests.fulfillment.pages import order_url
from tests.page_texts import page_text


@pytest.fixture
def order(place_order, rosa):
    """To the patient's own address, not sent yet."""
    Patient.objects.filter(pk=rosa.pk).update(
        given_name="Rosa", family_name="Delgado", street="12 Alder Street", street_2="", city="Concord", state="NH",
        zip_code="03301", phone="+16035550142", sms_consent=True,
    )  # fmt: skip
    rosa.refresh_from_db()
    return place_order()


def differences(rosa, **changes):
    """Between the patient's orders and the record after a change."""
    Patient.objects.filter(pk=rosa.pk).update(**changes)
    rosa.refresh_from_db()
    return [each.differences for each in outdated_orders(rosa)]


def edit(browser, patient, **changes):
    """Through the form, as a browser posts it."""
    url = reverse("enrollment:edit", args=[patient.pk])
    form = browser.get(url).context["form"]
    posted = {}
    for field in form:
        value = field.value()
        if value not in (None, False, ""):
            posted[field.html_name] = value
            posted[field.html_initial_name] = value
    return browser.post(url, posted | changes, follow=True)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"street": "9 Birch Road"}, ["address"]),
        ({"street_2": "Apt 4"}, ["address"]),
        ({"city": "Manchester"}, ["address"]),
        ({"state": "VT"}, ["address"]),
        ({"zip_code": "03302"}, ["address"]),
        ({"phone": "+16035550177"}, None),
        ({"sms_consent": False}, None),
        ({"family_name": "Delgado Ruiz"}, ["name"]),
        ({"city": "Manchester", "phone": "+16035550177", "given_name": "R."}, ["name", "address"]),
        ({"street": "12  alder street"}, None),
        ({"mrn": "X-1", "time_zone": "America/Chicago"}, None),
    ],
)
def test_outdated_orders_names_what_the_order_does_not_have(order, rosa, changes, found):
    assert differences(rosa, **changes) == ([found] if found else [])


@pytest.mark.parametrize("state", [str(state) for state in DeviceState])
def test_order_has_not_shipped_while_the_vendor_would_cancel_it(rosa, place_one_line, state):
    line = place_one_line()
    VendorCall.objects.filter(pk=line.call_id).update(
        state="confirmed", device=DeviceFactory(patient=rosa, state=state)
    )
    before = ("pending", "requested", "action_required", "on_hold", "ready")

    assert bool(unshipped_orders(rosa)) == (state in before)

    Device.objects.update(fulfilled=True)
    assert not unshipped_orders(rosa)


@pytest.mark.parametrize(
    ("state", "waits"),
    [("queued", True), ("unknown", True), ("needs_review", True), ("rejected", True), ("cancelled", False),
     ("abandoned", False)],
)  # fmt: skip
def test_order_without_a_device_has_not_shipped_while_it_may_be_sent(rosa, place_one_line, state, waits):
    VendorCall.objects.filter(pk=place_one_line().call_id).update(state=state)

    assert bool(unshipped_orders(rosa)) == waits


def test_refused_line_that_was_corrected_or_closed_is_not_waiting(place_order, client, sim, cora, rosa):
    sim.faults.add("status", status=400, match={"method": "POST"}, times=2)
    order = place_order()
    send_calls(client)
    first, second = order.lines.select_related("call__device", "device_type", "patient__clinic", "order")
    order_lines.close_line(line=first, by=cora, reason="Enough")
    corrected = order_lines.correct_line(line=second, by=cora)

    (waiting,) = unshipped_orders(rosa).values()

    assert waiting == [corrected]


def test_activation_on_site_ships_nothing(place_activation, rosa):
    place_activation()

    assert unshipped_orders(rosa) == {}


def test_edit_of_the_address_mentions_each_order_that_has_not_shipped(as_cora, order, rosa, place_order, elm, scale):
    place_order(kit=KitFactory(clinic=elm, name="Second kit", items=[(scale, 1)]), override_reason="again")

    page = page_text(edit(as_cora, rosa, street="9 Birch Road")).replace("&#x27;", "'")

    for kit in ("Heart failure kit", "Second kit"):
        assert f"{kit}, ordered" in page
        assert f"{kit} (ordered" in page, "on the patient's page, with a link"
    assert "has not shipped and still has the address from before." in page
    assert "The vendor does not have it yet: cancel it and order again." in page


@pytest.mark.parametrize(
    ("states", "advice"),
    [
        (["queued", "queued"], "cancel it and order again"),
        (["rejected", "rejected"], "Correct it here and ask again"),
        (["queued", "rejected"], "Correct it in the vendor's web app, or cancel it"),
        (["unknown", "unknown"], "Correct it in the vendor's web app, or cancel it"),
    ],
)
def test_advice_about_an_outdated_order_depends_on_what_the_vendor_has(order, rosa, states, advice):
    for line, state in zip(order.lines.all(), states, strict=True):
        VendorCall.objects.filter(pk=line.call_id).update(state=state)
    differences(rosa, city="Manchester")

    (outdated,) = outdated_orders(rosa)

    assert advice in outdated.advice


def test_edit_of_something_else_mentions_no_order(as_cora, order, rosa):
    assert "has not shipped" not in page_text(edit(as_cora, rosa, mrn="X-99"))


def test_edit_form_says_before_which_orders_a_change_does_not_reach(as_cora, order, rosa):
    page = as_cora.get(reverse("enrollment:edit", args=[rosa.pk]))

    assert "Not shipped yet, and a change here does not reach Heart failure kit" in page_text(page)
    assert order_url(order) in page.content.decode()


def test_order_page_says_that_it_has_another_address_until_it_has_shipped(as_cora, order, rosa, client):
    send_calls(client)
    assert "The patient's record has another" not in read(as_cora, order)

    differences(rosa, city="Manchester")
    page = read(as_cora, order)
    assert "The patient's record has another address now" in page
    assert "Tenovi BPM - L, Tenovi Scale have not shipped" in page

    Device.objects.update(state="shipped")
    assert "The patient's record has another" not in read(as_cora, order)


def read(browser, order):
    return page_text(browser.get(order_url(order))).replace("&#x27;", "'")


@given(call=st.sampled_from(list(CallState)), state=st.sampled_from([None, *DeviceState]), fulfilled=st.booleans())
@settings(max_examples=60)
def test_has_not_shipped_is_false_once_the_vendor_has_shipped_or_ended_it(call, state, fulfilled):
    device = Device(state=state, fulfilled=fulfilled) if state else None
    line = OrderLine(call=VendorCall(state=call, device=device))

    waits = has_not_shipped(line)

    if call == CallState.CONFIRMED:
        assert waits == (device is not None and not fulfilled and state in DeviceState.before_shipping())
    else:
        assert waits == (call in (*CallState.unresolved(), CallState.REJECTED))

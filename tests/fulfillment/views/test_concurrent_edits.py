"""Concurrent edits of an order by two coordinators: the second is notified, and no change is lost silently."""

import pytest
from django.test import Client
from django.urls import reverse

from devices.models import VendorCall
from fulfillment.models import OrderLine
from fulfillment.ordering import order_lines
from fulfillment.views import order_line
from patients.models import Role
from tests.factories import KitFactory, OrderFactory, OrderLineFactory, UserFactory

TYPED = {"name": "Rosa Delgado", "street": "12 Alder Street", "city": "Concord", "state": "NH", "zip_code": "03301"}


@pytest.fixture
def colleague(elm):
    return UserFactory(name="Carl Osei", role=Role.COORDINATOR, clinics=[elm])


@pytest.fixture
def rejected_line(rosa, cora, elm):
    order = OrderFactory(patient=rosa, kit=KitFactory(clinic=elm), lines=0, placed_by=cora)
    line = OrderLineFactory(order=order, status="rejected")
    errors = {"device.fulfillment_request.shipping_zip_code": ["No such ZIP code."]}
    VendorCall.objects.filter(pk=line.call_id).update(state="rejected", errors=errors, requested_by=cora)
    return line


def signed_in_client(user):
    browser = Client()
    browser.force_login(user)
    return browser


def shown_messages(response):
    return [str(message) for message in response.context["messages"]]


def test_order_correction_by_second_user_reports_that_it_was_not_sent(rejected_line, cora, colleague):
    address = reverse("orders:correct", args=[rejected_line.pk])
    first, second = signed_in_client(cora), signed_in_client(colleague)
    second.get(address)

    first.post(address, TYPED)
    answer = second.post(address, TYPED | {"zip_code": "03302"}, follow=True)

    assert shown_messages(answer) == [order_line.CORRECTED_BY_OTHER_MESSAGE.format(cora.name)]
    assert OrderLine.objects.filter(corrects=rejected_line).count() == 1


def test_order_correction_submitted_twice_by_one_user_is_no_conflict(rejected_line, cora):
    address, browser = reverse("orders:correct", args=[rejected_line.pk]), signed_in_client(cora)

    answers = [browser.post(address, TYPED, follow=True) for _ in range(2)]

    assert shown_messages(answers[1]) == [order_line.CORRECTED_MESSAGE]


def test_order_correction_form_of_corrected_line_redirects_to_order(rejected_line, cora, colleague):
    address = reverse("orders:correct", args=[rejected_line.pk])
    signed_in_client(cora).post(address, TYPED)

    answer = signed_in_client(colleague).get(address, follow=True)

    assert answer.redirect_chain == [(reverse("orders:page", args=[rejected_line.order_id]), 302)]
    assert shown_messages(answer) == [order_lines.NOTHING_TO_CORRECT]


def test_order_line_close_by_second_user_reports_it_is_finished(rejected_line, cora, colleague):
    address = reverse("orders:close", args=[rejected_line.pk])
    signed_in_client(cora).post(address, {"reason": "Moved abroad"})

    answer = signed_in_client(colleague).post(address, {"reason": "Not needed"}, follow=True)

    assert shown_messages(answer) == [order_lines.NOTHING_TO_CLOSE]
    rejected_line.refresh_from_db()
    assert rejected_line.closed_by == cora

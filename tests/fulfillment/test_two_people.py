"""Two coordinators at the same order: the second is told, and nobody's change is lost silently."""

import pytest
from django.test import Client
from django.urls import reverse

from devices.models import VendorCall
from fulfillment.models import OrderLine
from patients.models import Role
from tests.factories import KitFactory, OrderFactory, OrderLineFactory, UserFactory

TYPED = {"name": "Rosa Delgado", "street": "12 Alder Street", "city": "Concord", "state": "NH", "zip_code": "03301"}


@pytest.fixture
def colleague(elm):
    return UserFactory(name="Carl Osei", role=Role.COORDINATOR, clinics=[elm])


@pytest.fixture
def refused(rosa, cora, elm):
    order = OrderFactory(patient=rosa, kit=KitFactory(clinic=elm), lines=0, placed_by=cora)
    line = OrderLineFactory(order=order, status="rejected")
    errors = {"device.fulfillment_request.shipping_zip_code": ["No such ZIP code."]}
    VendorCall.objects.filter(pk=line.call_id).update(state="rejected", errors=errors, requested_by=cora)
    return line


def signed_in(user):
    browser = Client()
    browser.force_login(user)
    return browser


def said(response):
    return [str(message) for message in response.context["messages"]]


def test_who_corrects_second_hears_that_theirs_was_not_sent(refused, cora, colleague):
    address = reverse("orders:correct", args=[refused.pk])
    first, second = signed_in(cora), signed_in(colleague)
    second.get(address)

    first.post(address, TYPED)
    answer = second.post(address, TYPED | {"zip_code": "03302"}, follow=True)

    assert said(answer) == ["Cora Lindqvist was faster and has corrected it. What you typed was not sent: please look."]
    assert OrderLine.objects.filter(corrects=refused).count() == 1


def test_a_double_click_of_one_person_is_no_clash(refused, cora):
    address, browser = reverse("orders:correct", args=[refused.pk]), signed_in(cora)

    answers = [browser.post(address, TYPED, follow=True) for _ in range(2)]

    assert said(answers[1]) == ["Corrected and asked again."]


def test_what_is_corrected_already_offers_no_form(refused, cora, colleague):
    address = reverse("orders:correct", args=[refused.pk])
    signed_in(cora).post(address, TYPED)

    answer = signed_in(colleague).get(address, follow=True)

    assert answer.redirect_chain == [(reverse("orders:page", args=[refused.order_id]), 302)]
    assert "nothing to correct here any more" in said(answer)[0]


def test_who_closes_second_is_told(refused, cora, colleague):
    address = reverse("orders:close", args=[refused.pk])
    signed_in(cora).post(address, {"reason": "Moved abroad"})

    answer = signed_in(colleague).post(address, {"reason": "Not needed"}, follow=True)

    assert said(answer) == ["This line can't be closed: it is finished, or its call to the vendor is not settled yet."]
    refused.refresh_from_db()
    assert refused.closed_by == cora

"""Markup in every field that the vendor or a person fills: a real browser runs none of it, on any page."""

import pytest
from django.contrib import admin
from django.db import models
from django.urls import reverse

from devices.models import Delivery, Device
from fulfillment.models import Kit, Order, OrderLine
from fulfillment.special_orders.models import SpecialOrder
from measurements.models import Metric
from patients.models import Clinic, Patient, User
from tests.browsers import session_cookie_for
from tests.factories import OrderEventFactory
from tests.hostile import webhook_scenario as w

pytestmark = pytest.mark.django_db(transaction=True)

# What runs is noticed three ways: by a dialog, by a request to a foreign host, by the console (the CSP speaks there).
CANARY = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>"
MODELS = (Clinic, User, Patient, Device, Kit, Order, OrderLine, SpecialOrder, Metric)
UNTOUCHED_FIELDS = {
    "email",
    "password",
    "time_zone",
    "preferences",
    "color",
    "slug",
}  # of a form that the database or the code relies on


@pytest.fixture
def scenario(rosa, nadia, cora, ada):
    world = w.create_scenario(rosa, nadia, cora, ada)
    for kind, usual in w.VALID_BODIES.items():
        texts = {
            name: CANARY
            for name, value in usual(world).items()
            if isinstance(value, str) and name not in REQUIRED_FIELDS
        }
        w.receive_delivery(world, kind, usual(world, **texts))
        w.receive_delivery(world, kind, [usual(world, **{name: CANARY}) for name in usual(world)])
    w.receive_delivery(
        world, "measurement", w.measurement_body(world, metric=CANARY[:60], filter_params={CANARY: CANARY})
    )
    w.receive_delivery(
        world,
        "measurement",
        w.measurement_body(
            world, hwi_device_id="12345678-abcd-1234-abcd-1234567890ab", metric=CANARY[:60], device_name=CANARY
        ),
    )
    OrderEventFactory(
        order=world.order, line=world.line, source="webhook", text=CANARY, tracking_link=CANARY
    )  # never changed later
    for model in MODELS:
        fill_text_fields(model)
    return world


REQUIRED_FIELDS = {
    "hwi_device_id",
    "patient_id",
    "timestamp",
    "created",
    "updated_on",
    "value_1",
    "value_2",
    "request_id",
}


def fill_text_fields(model):
    """Every free text of every row, as long as it may be."""
    texts = [field for field in model._meta.concrete_fields if is_free_text(field)]
    for row in model._default_manager.all():
        values = {field.name: CANARY[: field.max_length or len(CANARY)] for field in texts}
        unique = {name: f"{CANARY[:40]}{row.pk}"[:80] for name in values if model._meta.get_field(name).unique}
        model._default_manager.filter(pk=row.pk).update(**{**values, **unique})


def is_free_text(field):
    is_text = isinstance(field, models.CharField | models.TextField) and not field.choices and not field.primary_key
    return (
        is_text
        and field.name not in UNTOUCHED_FIELDS
        and field.name not in CONSTRAINED_FIELDS
        and (field.max_length or 99) > 16
    )


# Held to a form by the database itself, so no canary can be in them.
CONSTRAINED_FIELDS = {"external_id", "phone", "zip_code", "code", "reference", "raw_metric"}


@pytest.fixture
def open_browser_as(open_browser_page, live_server, page_errors):
    def sign_in(user):
        page = open_browser_page(base_url=live_server.url)
        page.context.add_cookies([{"name": "sessionid", "value": session_cookie_for(user), "url": live_server.url}])
        page.on("dialog", lambda dialog: (page_errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        return page

    return sign_in


def open_without_running_markup(page, paths):
    for path in paths:
        answer = page.goto(path)
        assert answer.status < 400, f"{path}: {answer.status}"
        assert page.locator("img[src=x]").count() == 0, f"{path}: markup became an element"
    return len(paths)


def test_clinic_pages_run_no_markup_from_vendor_or_users(open_browser_as, scenario, nadia, cora):
    patient, order = f"/patients/{scenario.rosa.pk}/", f"/orders/{scenario.order.pk}/"
    seen = open_without_running_markup(
        open_browser_as(nadia), ["/patients/", f"{patient}?days=0", "/orders/", order, "/devices/"]
    )
    seen += open_without_running_markup(
        open_browser_as(cora), [f"{patient}edit/", f"/orders/new/?patient={scenario.rosa.pk}", order]
    )

    assert seen == 8


def test_admin_pages_run_no_markup_from_vendor_or_users(open_browser_as, scenario, ada):
    paths = [reverse("admin:index"), reverse("admin:devices_unknown_device_list")]
    paths += [reverse("admin:devices_unknown_device", args=["12345678-abcd-1234-abcd-1234567890ab"])]
    for model in (*MODELS, Delivery):
        if model in admin.site._registry:
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            paths.append(reverse(f"{name}_changelist"))
    paths += [
        reverse("admin:devices_delivery_change", args=[pk]) for pk in Delivery.objects.values_list("pk", flat=True)
    ]
    paths.append(reverse("admin:patients_patient_change", args=[scenario.rosa.pk]))
    paths.append(reverse("admin:devices_device_change", args=[scenario.cuff.pk]))

    assert open_without_running_markup(open_browser_as(ada), paths) > 20

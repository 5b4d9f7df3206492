"""A patient with one of everything; a delivery posted as the vendor does, worked on; then every page that shows it."""

import csv
import io
import json
import re
from types import SimpleNamespace

from django.contrib import admin
from django.test import Client
from django.urls import reverse

from devices.inbox import processing
from devices.models import Delivery
from fulfillment import status_webhooks
from fulfillment.special_orders import processing as special_orders
from measurements.ingest import pipeline
from tests import factories
from tests.measurements.webhook_items import SECRET, measurement_item

WEBHOOK_PATHS = {
    Delivery.Kind.MEASUREMENT: "/hooks/tenovi/measurements/",
    Delivery.Kind.FULFILLMENT: "/hooks/tenovi/fulfillment/",
    Delivery.Kind.SPECIAL_ORDER: "/hooks/tenovi/orders/",
}
RANGES = (7, 30, 365, 0)
MAX_DETAILS = 2  # of one model: the newest
MAX_DELIVERIES = 60


def create_scenario(rosa, nadia, cora, ada):
    """Rosa with an ordered cuff, and three users who open her pages."""
    cuff = factories.DeviceFactory(patient=rosa)
    order = factories.OrderFactory(patient=rosa, placed_by=cora, lines=1)
    line = order.lines.get()
    line.call.device = cuff
    line.call.save()
    factories.LatestReadingFactory(measurement=factories.MeasurementFactory(device=cuff, code="weight"))
    people = {user.role: signed_in_client(user) for user in (nadia, cora, ada)}
    return SimpleNamespace(rosa=rosa, cuff=cuff, order=order, line=line, people=people, vendor=Client())


def signed_in_client(user):
    client = Client()
    client.force_login(user)
    return client


def measurement_body(world, **changes):
    return measurement_item(world.cuff, **({"metric": "weight", "value_1": "171.20", "value_2": None} | changes))


def fulfillment_body(world, **changes):
    fields = {"hwi_device_id": str(world.cuff.hwi_id), "status": "Shipped", "tracking_link": "https://ups.com/1Z9"}
    return fields | changes


def special_order_body(world, **changes):
    fields = {
        "request_id": "req-1", "order_number": "SO-1", "order_type": "Supplies", "status": "Requested",
        "patient_id": world.rosa.external_id, "contents": [{"name": "Test strips", "quantity": 2}],
        "updated_on": "2026-11-01T10:00:00Z",
    }  # fmt: skip
    return fields | changes


VALID_BODIES = {
    Delivery.Kind.MEASUREMENT: measurement_body,
    Delivery.Kind.FULFILLMENT: fulfillment_body,
    Delivery.Kind.SPECIAL_ORDER: special_order_body,
}


def post_webhook(world, kind, body, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode("utf-8", "surrogatepass")
    return world.vendor.generic("POST", WEBHOOK_PATHS[kind], raw, **({"HTTP_AUTHORIZATION": SECRET} | headers))


def process_queues():
    """All three queues until nothing is due, as the workers do."""
    pipeline.ingest_waiting_deliveries()
    for _ in range(2):  # items of a list become deliveries of their own
        processing.process_due_deliveries(Delivery.Kind.FULFILLMENT, status_webhooks.process_status_deliveries)
        processing.process_due_deliveries(Delivery.Kind.SPECIAL_ORDER, special_orders.process_special_order_deliveries)


def receive_delivery(world, kind, body):
    """The delivery, posted and worked on."""
    assert post_webhook(world, kind, body).status_code == 204
    delivery = Delivery.objects.filter(parent=None).latest("pk")
    process_queues()
    delivery.refresh_from_db()
    return delivery


def pages_showing_data(world):
    """Address and answer of each page and fragment that could show what came in."""
    patient, order = f"/patients/{world.rosa.pk}/", f"/orders/{world.order.pk}/"
    for path in ("/patients/", "/patients/live/?v=0", "/devices/", f"{patient}live/?v=x", f"{patient}?table=2", order,
                 f"{patient}readings.csv",
                 f"{order}live/", "/orders/", *(f"{patient}?days={days}" for days in RANGES)):  # fmt: skip
        yield path, world.people["clinician"].get(path)
    for path in (f"/orders/new/?patient={world.rosa.pk}", order, f"{patient}edit/", f"/orders/end/{world.rosa.pk}/"):
        yield path, world.people["coordinator"].get(path)
    yield from admin_pages(world.people["administrator"])


def admin_pages(client):
    for model in admin.site._registry:
        if model is not Delivery:
            yield from model_admin_pages(client, model, newest=MAX_DETAILS)
    yield from delivery_pages(client)


def model_admin_pages(client, model, *, newest):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    yield name, client.get(reverse(f"{name}_changelist"))
    for pk in model._default_manager.order_by("-pk").values_list("pk", flat=True)[:newest]:
        yield f"{name} {pk}", client.get(reverse(f"{name}_change", args=[pk]))


def delivery_pages(client):
    """All that shows what was put aside: it is a row of the inbox and nothing else."""
    yield "/admin/", client.get("/admin/")
    yield from model_admin_pages(client, Delivery, newest=MAX_DELIVERIES)
    yield "unknown-devices", client.get(reverse("admin:devices_unknown_device_list"))
    for hwi_id in set(Delivery.objects.exclude(hwi_id=None).values_list("hwi_id", flat=True)[:MAX_DETAILS]):
        yield f"unknown {hwi_id}", client.get(reverse("admin:devices_unknown_device", args=[hwi_id]))


def find_formulas(table):
    """Cells that a spreadsheet would run. A negative number is a number."""
    cells = (cell for row in csv.reader(io.StringIO(table)) for cell in row)
    return [cell for cell in cells if cell[:1] in tuple("=+-@\t\r") and not re.fullmatch(r"-\d+(\.\d+)?", cell)]


def check_every_page(world, *, never=()):
    """Each page opens and holds none of `never`. For rows of other clinics the admin redirects."""
    assert check_responses(pages_showing_data(world), never=never) > 40


def check_delivery_pages(world):
    assert check_responses(delivery_pages(world.people["administrator"])) > 10


def check_responses(pages, *, never=()):
    """How many."""
    count = 0
    for what, answer in pages:
        assert answer.status_code in (200, 204, 302, 404), f"{what}: {answer.status_code}"
        if " " not in what:  # a list or one of Rosa's own pages
            assert answer.status_code in (200, 204), f"{what}: {answer.status_code}"
        shown = answer.content.decode("utf-8")
        if what.endswith(".csv"):  # text for a spreadsheet, where tags are only letters and formulas are not
            assert "text/csv" in answer["Content-Type"]
            assert "attachment" in answer["Content-Disposition"]
            assert not find_formulas(shown)
            count += 1
            continue
        for bad in ("\x00", *never):
            assert bad not in shown, f"{what} holds {bad!r}"
        count += 1
    return count

"""Words as long as they get, in every text of the database, and pages that they make wider than their window."""

import pgtrigger
from django.db.models import CharField, F, TextField, Value
from django.db.models.functions import Cast, Concat, Substr

from devices.models import Delivery, Device, DeviceType, Gateway, SyncRow, SyncRun, VendorCall
from fulfillment.models import Kit, Order, OrderEvent, OrderLine
from measurements.models import Measurement, Metric
from patients.models import Clinic, Patient, Practitioner, User
from tests import factories

SMALL_PHONE = {"width": 320, "height": 700}
LONG_WORD = "Wolfeschlegelsteinhausenbergerdorfian"
LONG_TEXTS = {
    Clinic: ["name"],
    User: ["name", "email"],
    Practitioner: ["name"],
    Patient: ["given_name", "family_name", "mrn", "street", "street_2", "city"],
    Device: [
        "name",
        "sensor_id",
        "sensor_code",
        "vendor_status",
        "client_notes",
        "unconfirmed_status",
        "tracking_link",
    ],
    DeviceType: ["name"],
    Gateway: ["firmware_version", "status_problem"],
    VendorCall: ["reason", "lookup_problem"],
    Kit: ["name", "description"],
    Order: ["ship_name", "ship_street", "ship_city"],
    OrderLine: ["override_reason"],
    OrderEvent: ["text", "tracking_link"],
    Measurement: ["excluded_reason", "sensor_code", "hardware_uuid"],
    Metric: ["label"],
    Delivery: ["reason"],
    SyncRun: ["problem"],
    SyncRow: ["problem"],
}
WIDE_ELEMENTS = """() => [...document.querySelectorAll("body *")]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".scroll, .results, .skip"))
  .map((each) => each.outerHTML.slice(0, 160)).slice(0, 3)"""


def lengthen_texts():
    """Ends with the key, because some are unique. Kinds of readings that the product knows have short labels."""
    for model, names in LONG_TEXTS.items():
        for name in names:
            ending = Concat(Value(LONG_WORD), Cast(F("pk"), TextField()), output_field=CharField())
            length = model._meta.get_field(name).max_length or 200
            rows = model.objects.filter(known=False) if model is Metric else model.objects.all()
            rows.update(**{name: Substr(ending, 1, min(length, 60))})


def fill_with_long_words(world):
    unknown = factories.MeasurementFactory(
        device=world.device, metric=factories.MetricFactory(code="x" * 40, label="x" * 40)
    )
    factories.LatestReadingFactory(measurement=unknown)
    with pgtrigger.ignore():
        lengthen_texts()


def find_wide_pages(page, addresses):
    found = []
    for address in addresses:
        page.goto(address)
        found += find_width_beyond_window(page, address)
    return found


def find_width_beyond_window(page, name):
    """Of the open page with all its details open: nothing, or its width and the first elements beyond the window."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        return [(name, page.evaluate("document.documentElement.scrollWidth"), page.evaluate(WIDE_ELEMENTS))]
    return []

"""No page gets wider than its window of 320 pixels, however long the words in it are."""

import pgtrigger
import pytest
from django.db.models import CharField, F, TextField, Value
from django.db.models.functions import Cast, Concat, Substr

from devices.models import Delivery, Device, DeviceType, Gateway, SyncRow, SyncRun, VendorCall
from fulfillment.models import Kit, Order, OrderEvent, OrderLine
from measurements.models import Measurement, Metric
from patients.models import Clinic, Patient, Practitioner, User
from tests import factories
from tests.browser.page_addresses import page_addresses

pytestmark = pytest.mark.django_db(transaction=True)

SMALL_PHONE = {"width": 320, "height": 700}
LETTER_WIDTH = {"width": 720, "height": 960}  # of US letter between its margins
LANDSCAPE_WIDTH = {"width": 979, "height": 700}
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


def find_wide_pages(page, addresses):
    found = []
    for address in addresses:
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append((address, page.evaluate("document.documentElement.scrollWidth"), page.evaluate(WIDE_ELEMENTS)))
    return found


@pytest.fixture
def clinic_with_long_words(clinic_with_readings):
    unknown = factories.MeasurementFactory(
        device=clinic_with_readings.device, metric=factories.MetricFactory(code="x" * 40, label="x" * 40)
    )
    factories.LatestReadingFactory(measurement=unknown)
    with pgtrigger.ignore():
        lengthen_texts()
    return clinic_with_readings


def test_page_with_long_words_is_not_wider_than_a_small_phone(clinic_with_long_words, browser_for):
    """Pages open to both roles are measured as the coordinator, who has more buttons there."""
    shown = set()
    for who in ("coordinator here", "clinician here"):
        page = browser_for(clinic_with_long_words.people[who])
        fresh = set(page_addresses(clinic_with_long_words, who, besides=shown))
        page.set_viewport_size(SMALL_PHONE)
        assert find_wide_pages(page, fresh) == []
        shown |= fresh

    assert len(shown) >= 12


def test_admin_page_with_long_words_is_not_wider_than_a_small_phone(clinic_with_long_words, browser_for):
    who = "administrator here"
    page = browser_for(clinic_with_long_words.people[who])
    page.set_viewport_size(SMALL_PHONE)

    assert find_wide_pages(page, page_addresses(clinic_with_long_words, who, below="/admin/")) == []


def test_printed_page_with_long_words_is_not_wider_than_its_paper(clinic_with_long_words, browser_for):
    page, rosa = browser_for(clinic_with_long_words.people["clinician here"]), clinic_with_long_words.rosa
    page.set_viewport_size(LETTER_WIDTH)
    page.emulate_media(media="print")
    order = clinic_with_long_words.order.pk

    own = (f"/patients/{rosa.pk}/print/", f"/patients/{rosa.pk}/", f"/orders/{order}/", "/orders/", "/devices/")
    assert find_wide_pages(page, own) == []
    page.set_viewport_size(LANDSCAPE_WIDTH)
    assert find_wide_pages(page, ["/patients/"]) == []

"""axe and width of an open page in both themes at both widths; a clinic with rows for each page."""

import datetime as dt

from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from devices.models import VendorCall
from measurements.models import Measurement
from tests import factories
from tests.browser.page_helpers import build_reading
from tests.browsers import DESKTOP, PHONE, wait_until_painted
from tests.sample_clinics import SampleClinics

SERIOUS_IMPACTS = {"moderate", "serious", "critical"}
# All rules once, then those that another width or theme can break. Elements that only a phone shows have their colours
# measured in dark mode; in light mode they have the colours of the wide page.
COLOURS = ["color-contrast", "link-in-text-block"]
NARROW = ["scrollable-region-focusable", "target-size", "aria-hidden-focus", "empty-table-header"]
THEMES_AND_WIDTHS = [
    (DESKTOP, "light", None),
    (DESKTOP, "dark", COLOURS),
    (PHONE, "light", NARROW),
    (PHONE, "dark", COLOURS),
]
IS_WIDE = "document.documentElement.scrollWidth > innerWidth"
AXE, RUN = Axe().axe_script, "options => axe.run(options).then((found) => found.violations)"
# Pairs of text style and background that no wider page has shown yet; those are measured.
SHADES = """() => [...new Set([...document.querySelectorAll("body *")].filter((el) => el.checkVisibility() &&
    (el.matches("input, select, textarea") || [...el.childNodes].some((each) => (each.data ?? "").trim())))
  .map((el) => {
    const { color, fontSize, fontWeight, textDecorationLine } = getComputedStyle(el), behind = [];
    for (let each = el; each; each = each.parentElement) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(each);
      behind.push(backgroundColor, backgroundImage, opacity);
    }
    const plain = ["rgba(0, 0, 0, 0)", "none", "1"];
    return [color, fontSize, fontWeight, textDecorationLine, ...behind.filter((each) => !plain.includes(each))].join();
  }))]"""
STILL = "* { transition: none !important; animation: none !important; }"  # the admin's colours fade


def find_axe_violations(page, name):
    """Violations on the open page: one line per rule, element and theme, and where it is wider than its window."""
    page.add_style_tag(content=STILL)
    page.evaluate(AXE)
    page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
    found, shades = [], set()
    for viewport, theme, rules in THEMES_AND_WIDTHS:
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=theme)
        wait_until_painted(page)  # charts follow the width of the window
        if page.evaluate(IS_WIDE):
            found.append(f"{name}, {viewport['width']}: the page is wider than its window")
        if rules is COLOURS:
            shown = set(page.evaluate(SHADES))
            if shown <= shades:
                continue
            shades |= shown
        options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
        seen = f"{name}, {viewport['width']} {theme}"
        found += [format_violation(seen, rule) for rule in page.evaluate(RUN, options) if is_serious(rule)]
    return found


def is_serious(rule):
    return rule["impact"] in SERIOUS_IMPACTS


def format_violation(seen, rule):
    where = rule["nodes"][0]
    said = where["failureSummary"].replace("\n", " ")
    return f"{seen}: {rule['id']} ({rule['impact']}), {len(rule['nodes'])} times, first {where['target'][0]}: {said}"


class ClinicWithReadings(SampleClinics):
    """The clinics of the access tests with enough data to fill a page."""

    def __init__(self):
        super().__init__()
        now, cuff = timezone.now(), factories.DeviceFactory(patient=self.rosa, state="connected")
        rows = []
        for day in range(12):
            at = now - dt.timedelta(days=day, hours=1)
            rows += [build_reading(cuff, "blood_pressure", at, 150 + day % 7, 88, index=day, estimated=day == 3)]
            rows += [build_reading(cuff, "glucose", at, 60 + 15 * day), build_reading(cuff, "spO2", at, 91 + day % 6)]
        Measurement.objects.bulk_create(rows)
        for code in ("blood_pressure", "glucose", "spO2"):
            factories.LatestReadingFactory(measurement=self.rosa.measurements.filter(metric=code).first())
        errors = {"device.fulfillment_request.shipping_city": ["No such city."]}
        self.refused = self.order_in("rejected", 2, errors=errors, reason="The vendor refused it.")
        self.undecided = self.order_in(
            "needs_review", 3, reason="Several devices fit.", payload={"name": "Tenovi Scale"}, sent_at=now, attempts=1
        )

    def order_in(self, state, nth, **call):
        order = factories.OrderFactory(patient=self.rosa, kit=self.kit, lines=0, placed_by=self.order.placed_by)
        line = factories.OrderLineFactory(order=order, status=state, nth=nth)
        VendorCall.objects.filter(pk=line.call_id).update(state=state, **call)
        return line

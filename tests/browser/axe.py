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
WIDTHS_AND_THEMES = [
    (DESKTOP, [("light", None), ("dark", COLOURS)]),
    (PHONE, [("dark", COLOURS), ("light", NARROW)]),
]
IS_WIDE = "document.documentElement.scrollWidth > innerWidth"
AXE = Axe().axe_script
# Pairs of text style and background: all that contrast depends on. Of a link also the colour of the text around it;
# disabled fields have no contrast to keep.
SHADES = """(unclear) => [...new Set([...document.querySelectorAll("body *")]
  .filter((el) => !unclear.includes(el) && el.checkVisibility() &&
    (el.matches("input, select, textarea") || [...el.childNodes].some((each) => (each.data ?? "").trim())))
  .map((el) => {
    const { color, fontSize, fontWeight, textDecorationLine } = getComputedStyle(el), behind = [];
    for (let each = el; each; each = each.parentElement) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(each);
      behind.push(backgroundColor, backgroundImage, opacity);
    }
    const plain = ["rgba(0, 0, 0, 0)", "none", "1"];
    const around = el.matches("a") && getComputedStyle(el.parentElement).color;
    return [color, around, el.matches(":disabled"), fontSize, fontWeight, textDecorationLine,
      ...behind.filter((each) => !plain.includes(each))].join();
  }))]"""
# Violations, and the pairs that were measured: not those of elements that another element covers.
RUN = f"""async (options) => {{
  const {{ violations, incomplete }} = await axe.run(document, options);
  const unclear = incomplete.flatMap((rule) => rule.nodes.map((node) => document.querySelector(node.target)));
  return {{ violations, measured: ({SHADES})(unclear) }};
}}"""
STILL = "* { transition: none !important; animation: none !important; }"  # the admin's colours fade


def find_axe_violations(page, name, measured=None):
    """Violations on the open page: one line per rule, element and theme, and where it is wider than its window.

    `measured`: the set of pairs of text style and background on earlier pages. The dark colours of a page that shows no
    others are not measured again.
    """
    measured, found = set() if measured is None else measured, []
    page.wait_for_load_state()  # a link may just have been followed
    page.add_style_tag(content=STILL)
    page.evaluate(AXE)
    page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
    for viewport, themes in WIDTHS_AND_THEMES:
        page.set_viewport_size(viewport)
        wait_until_painted(page)  # charts follow the width of the window
        if page.evaluate(IS_WIDE):
            found.append(f"{name}, {viewport['width']}: the page is wider than its window")
        for theme, rules in themes:
            page.emulate_media(color_scheme=theme)
            seen = f"{name}, {viewport['width']} {theme}"
            found += [format_violation(seen, rule) for rule in run_axe(page, rules, measured) if is_serious(rule)]
    return found


def run_axe(page, rules, measured):
    """Colours only where the page shows a pair that is not among the measured ones."""
    if rules is COLOURS and measured.issuperset(page.evaluate(SHADES, [])):
        return []
    result = page.evaluate(RUN, {"resultTypes": ["violations", "incomplete"], **({"runOnly": rules} if rules else {})})
    if rules is not NARROW:
        measured |= set(result["measured"])
    return result["violations"]


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

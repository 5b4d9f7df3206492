"""axe over every page that a person can open, in both themes at both widths: nothing serious, nothing critical.

The pages are found by walking the URLconf with the world of `tests/world.py`, so that a new page is looked at
without anybody thinking of it. What an address alone doesn't show (errors, open panels) stands in `STATES`.
"""

import datetime as dt

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from devices.models import VendorCall
from measurements.models import Measurement
from patients import accounts
from patients.access import ACTS_OF_ROLE, Act
from patients.models import Role
from tests import factories
from tests.browser.pages import reading
from tests.browsers import DESKTOP, PHONE
from tests.routes import routes
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

GRAVE = {"moderate", "serious", "critical"}
# Once all rules, then those that another width or theme can break. What shows on a phone alone has its colours measured
# in the dark, when it has any of its own there; in the light they are the wide page's.
COLOURS = ["color-contrast", "link-in-text-block"]
NARROW = ["scrollable-region-focusable", "target-size", "aria-hidden-focus", "empty-table-header"]
LOOKS = [(DESKTOP, "light", None), (DESKTOP, "dark", COLOURS), (PHONE, "light", NARROW), (PHONE, "dark", COLOURS)]
AXE, RUN = Axe().axe_script, "options => axe.run(options).then((found) => found.violations)"
# Every pair of a text's colour, size and weight with what lies behind it: what no wider page has shown is measured.
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
ADMIN = [
    "/admin/",
    "/admin/patients/user/",
    "/admin/patients/user/add/",
    "/admin/patients/auditevent/",
    "/admin/devices/delivery/",
    "/admin/devices/vendorcall/",
    "/admin/fulfillment/order/",
    "/admin/fulfillment/kit/add/",
    "/admin/measurements/threshold/",
]
SIGNS_OUT = "accounts/logout/"


class FurnishedWorld(World):
    """The world of the access tests with enough in it to fill a page."""

    def __init__(self):
        super().__init__()
        now, cuff = timezone.now(), factories.DeviceFactory(patient=self.rosa, state="connected")
        rows = []
        for day in range(12):
            at = now - dt.timedelta(days=day, hours=1)
            rows += [reading(cuff, "blood_pressure", at, 150 + day % 7, 88, index=day, estimated=day == 3)]
            rows += [reading(cuff, "glucose", at, 60 + 15 * day), reading(cuff, "spO2", at, 91 + day % 6)]
        Measurement.objects.bulk_create(rows)
        for code in ("blood_pressure", "glucose", "spO2"):
            factories.LatestReadingFactory(measurement=self.rosa.measurements.filter(metric=code).first())
        errors = {"device.fulfillment_request.shipping_city": ["No such city."]}
        self.refused = self.order_in("rejected", 2, errors=errors, reason="The vendor refused it.")
        self.undecided = self.order_in(
            "needs_human", 3, reason="Several devices fit.", payload={"name": "Tenovi Scale"}, sent_at=now, attempts=1
        )

    def order_in(self, state, nth, **call):
        order = factories.OrderFactory(patient=self.rosa, kit=self.kit, lines=0, placed_by=self.order.placed_by)
        line = factories.OrderLineFactory(order=order, status=state, nth=nth)
        VendorCall.objects.filter(pk=line.call_id).update(state=state, **call)
        return line


@pytest.fixture
def world(vocabulary):
    return FurnishedWorld()


@pytest.fixture
def browser_of(opened, live_server):
    """One browser per person. The policy of the pages would refuse what a test puts into them."""

    def open_as(user):
        tab = opened(base_url=live_server.url, bypass_csp=True)
        if user:
            client = Client()
            client.force_login(user)
            cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
            tab.context.add_cookies([cookie])
        return tab

    return open_as


def look(page, name):
    """What axe finds now: one line per rule, place and look."""
    page.add_style_tag(content=STILL)
    page.evaluate(AXE)
    page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
    found, shades = [], set()
    for viewport, theme, rules in LOOKS:
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=theme)
        if rules is COLOURS:
            shown = set(page.evaluate(SHADES))
            if shown <= shades:
                continue
            shades |= shown
        options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
        seen = f"{name}, {viewport['width']} {theme}"
        found += [told(seen, rule) for rule in page.evaluate(RUN, options) if grave(rule)]
    return found


def grave(rule):
    return rule["impact"] in GRAVE


def told(seen, rule):
    where = rule["nodes"][0]
    said = where["failureSummary"].replace("\n", " ")
    return f"{seen}: {rule['id']} ({rule['impact']}), {len(rule['nodes'])} times, first {where['target'][0]}: {said}"


def may(role, policy):
    return policy == "signed_in" or (isinstance(policy, Act) and policy in ACTS_OF_ROLE[role])


def pages_of(world, who):
    """Addresses that answer this person's GET with a whole page."""
    client, role = world.clients[who], who.split()[0]
    for route in routes():
        open_to = route.policy == "public" if who == "anonymous" else may(role, route.policy)
        if not open_to or route.pattern == SIGNS_OUT:
            continue
        address = f"{route.address(world.values(route))}?patient={world.rosa.pk}"
        answer = client.get(address)
        if answer.status_code == 200 and not answer.streaming and b"<html" in answer.content:
            yield address


# --- what an address alone doesn't show -----------------------------------------------------------------------------


def refused_form(page, address):
    """As a browser without its own checks sends it: empty but for what was prefilled."""
    page.goto(address)
    page.evaluate("document.querySelector('main form.form').noValidate = true")
    page.evaluate(
        "document.querySelectorAll('main form.form input[type=text]').forEach((each) => { each.value = ''; })"
    )
    page.locator("main form.form button[type=submit]").first.click()
    page.locator(".errorlist").first.wait_for()


def the_peek(page, world):
    page.goto("/patients/")
    page.keyboard.press("j")
    page.keyboard.press("p")
    page.locator("#peek h2").wait_for()


def what_was_found(page, world):
    page.goto("/patients/")
    page.get_by_label("Find by name, MRN or birth date").fill("canary")
    page.keyboard.press("Enter")
    page.get_by_text("1 found for").wait_for()


def the_drawn_charts(page, world):
    page.goto(f"/patients/{world.rosa.pk}/?days=90&excluded=1")
    page.locator("#plot-blood_pressure canvas").wait_for()
    page.focus("#plot-blood_pressure")
    page.keyboard.press("ArrowLeft")
    page.locator("#plot-blood_pressure .tip").wait_for()


def the_hours_of_the_day(page, world):
    page.goto(f"/patients/{world.rosa.pk}/?days=90&view=clock")
    page.locator("#plot-blood_pressure canvas").wait_for()


def a_reading_beside_the_charts(page, world):
    page.goto(f"/patients/{world.rosa.pk}/?days=90&view=time")
    page.locator("#plot-blood_pressure canvas").wait_for()
    page.focus("#plot-blood_pressure")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.locator("#panel").get_by_text("Received here").first.wait_for()


def the_menu(page, world):
    page.goto("/orders/?show=finished")
    page.locator("#account-menu summary").click()


def an_enrolment_refused(page, world):
    refused_form(page, "/patients/new/")


def an_order_refused(page, world):
    refused_form(page, f"/orders/new/?patient={world.rosa.pk}")


def an_activation_refused(page, world):
    refused_form(page, f"/orders/new/?patient={world.rosa.pk}&how=activate")


def the_vendors_refusal(page, world):
    page.goto(f"/orders/lines/{world.refused.pk}/correct/")


def the_refused_order(page, world):
    page.goto(f"/orders/{world.refused.order_id}/")


def the_lost_answer(page, world):
    page.goto(f"/orders/calls/{world.undecided.call_id}/")


STATES = {
    "clinician": [
        the_peek, what_was_found, the_drawn_charts, the_hours_of_the_day, a_reading_beside_the_charts, the_menu,
    ],
    "coordinator": [
        an_enrolment_refused, an_order_refused, an_activation_refused, the_vendors_refusal, the_refused_order,
        the_lost_answer,
    ],
}  # fmt: skip
ERRORS = ["400", "403", "403_csrf", "404", "429", "500", "503"]


def test_axe_finds_nothing_without_an_account(world, browser_of, live_server, settings):
    settings.SITE_URL = live_server.url
    addresses, page, found = list(pages_of(world, "anonymous")), browser_of(None), []
    for address in [*addresses, accounts.invitation_link(invited(world))]:
        page.goto(address)
        found += look(page, address)

    assert found == []
    assert len(addresses) >= 5


def invited(world):
    return accounts.invite(
        email="nils@example.org",
        name="Nils Berg",
        role=Role.CLINICIAN,
        clinics=[world.elm],
        by=world.people["administrator here"],
    )


def test_axe_finds_nothing_where_clinicians_and_coordinators_work(world, browser_of):
    """What both may open is looked at as the coordinator, who has more buttons there."""
    shown, found = set(), []
    for who in ("coordinator here", "clinician here"):
        page, fresh = browser_of(world.people[who]), set(pages_of(world, who)) - shown
        for address in fresh:
            page.goto(address)
            found += look(page, address)
        shown |= fresh

    assert found == []
    assert len(shown) >= 12


@pytest.mark.parametrize("role", ["clinician", "coordinator"])
def test_axe_finds_nothing_in_what_opens_on_a_page_and_in_forms_that_were_refused(world, browser_of, role):
    page, found = browser_of(world.people[f"{role} here"]), []
    for state in STATES[role]:
        state(page, world)
        found += look(page, state.__name__)

    assert found == []


def test_axe_finds_nothing_in_pages_with_nothing_to_show(world, browser_of):
    nobodys = factories.UserFactory(name="Noor Ali", role=Role.COORDINATOR, clinics=[factories.ClinicFactory()])
    page, found = browser_of(nobodys), []
    for address in ("/patients/", "/orders/", "/devices/"):
        page.goto(address)
        found += look(page, address)

    assert found == []


def test_axe_finds_nothing_on_the_pages_that_say_what_went_wrong(browser_of, live_server):
    page, found = browser_of(None), []
    page.route("**/error/*", lambda route: route.fulfill(body=error(route.request.url), content_type="text/html"))
    for code in ERRORS:
        page.goto(f"/error/{code}")
        found += look(page, code)

    assert found == []


def error(url):
    return render_to_string(f"{url.rpartition('/')[2]}.html")


def test_axe_finds_nothing_in_the_administration(world, browser_of):
    page, found = browser_of(world.people["administrator here"]), []
    for address in ADMIN:
        page.goto(address)
        found += look(page, address)

    assert found == []


SMALL = """() => [...document.querySelectorAll(".btn, .chip, .top-nav a, main select, main input:not([type=hidden])")]
  .filter((el) => el.checkVisibility() && !["checkbox", "radio"].includes(el.type))
  .filter((el) => el.getBoundingClientRect().height < 44).map((el) => el.outerHTML.slice(0, 120))"""


def test_thumbs_find_what_they_aim_at(world, browser_of):
    page, found = browser_of(world.people["coordinator here"]), []
    page.set_viewport_size(PHONE)
    for address in ("/patients/", f"/patients/{world.rosa.pk}/", f"/orders/new/?patient={world.rosa.pk}", "/devices/"):
        page.goto(address)
        found += page.evaluate(SMALL)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address

    assert found == []


def test_axe_does_see_what_is_wrong(browser_of):
    page = browser_of(None)
    page.set_content("<html lang='en'><title>t</title><main><h1>t</h1><p style='color: #ccc'>pale</p><input></main>")

    found = look(page, "a bad page")

    assert [line for line in found if "1280 light: label (critical)" in line]
    assert len([line for line in found if "color-contrast" in line]) >= 2


def test_axe_does_see_what_a_phone_alone_shows(browser_of):
    page = browser_of(None)
    style = "<style>b { display: none; color: #ccc } @media (max-width: 600px) { b { display: inline } }</style>"
    page.set_content(f"<html lang='en'><title>t</title>{style}<main><h1>t</h1><p>dark <b>pale</b></p></main>")

    assert [line.partition(" (")[0] for line in look(page, "a page")] == ["a page, 390 dark: color-contrast"]

"""axe on every page of the URLconf, in both themes at both widths: no serious and no critical violation.

The product's own pages hold long words and are measured at the width of a small phone too, on the same visit.

Pages are found through the URLconf with the data of `tests/sample_clinics.py`, so that new pages are included. States
that an address alone doesn't show (errors, open panels) are in `test_accessibility_states.py`.
"""

import pytest
from django.template.loader import render_to_string

from patients.accounts import invitations
from patients.models import Role
from tests import factories
from tests.browser.axe import find_axe_violations
from tests.browser.long_words import SMALL_PHONE, find_width_beyond_window
from tests.browser.page_addresses import page_addresses
from tests.browsers import PHONE, wait_until_painted

pytestmark = pytest.mark.django_db(transaction=True)

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
ERRORS = ["400", "403", "403_csrf", "404", "429", "500", "503"]


def open_and_find_violations(page, addresses, measured=None):
    measured, found = set() if measured is None else measured, []
    for address in addresses:
        page.goto(address)
        found += find_axe_violations(page, address, measured)
    return found


def test_axe_finds_no_violations_on_anonymous_pages(clinic_with_readings, browser_for, live_server, settings):
    settings.SITE_URL = live_server.url
    addresses = list(page_addresses(clinic_with_readings, "anonymous"))
    invited = invitations.invitation_url(invite_clinician(clinic_with_readings))

    assert open_and_find_violations(browser_for(None), [*addresses, invited]) == []
    assert len(addresses) >= 5


def invite_clinician(world):
    return invitations.invite_user(
        email="nils@example.org",
        name="Nils Berg",
        role=Role.CLINICIAN,
        clinics=[world.elm],
        by=world.people["administrator here"],
    )


def test_pages_with_long_words_have_no_violations_and_fit_a_small_phone(clinic_with_long_words, browser_for):
    """Pages open to both roles are checked as the coordinator, who has more buttons there."""
    world, shown, found, measured = clinic_with_long_words, set(), [], set()
    for who in ("coordinator here", "clinician here"):
        page = browser_for(world.people[who])
        fresh = set(page_addresses(world, who, besides=shown))
        for address in fresh:
            found += open_and_find_violations(page, [address], measured)
            page.set_viewport_size(SMALL_PHONE)
            wait_until_painted(page)
            found += find_width_beyond_window(page, address)
        shown |= fresh

    assert found == []
    assert len(shown) >= 12


def test_axe_finds_no_violations_on_empty_pages(clinic_with_readings, browser_for):
    nobodys = factories.UserFactory(name="Noor Ali", role=Role.COORDINATOR, clinics=[factories.ClinicFactory()])

    assert open_and_find_violations(browser_for(nobodys), ("/patients/", "/orders/", "/devices/")) == []


def test_axe_finds_no_violations_on_error_pages(browser_for, live_server):
    page = browser_for(None)
    page.route(
        "**/error/*", lambda route: route.fulfill(body=error_page_html(route.request.url), content_type="text/html")
    )

    assert open_and_find_violations(page, [f"/error/{code}" for code in ERRORS]) == []


def error_page_html(url):
    return render_to_string(f"{url.rpartition('/')[2]}.html")


def test_axe_finds_no_violations_on_admin_pages(clinic_with_readings, browser_for):
    page = browser_for(clinic_with_readings.people["administrator here"])

    assert open_and_find_violations(page, ADMIN) == []


SMALL_TOUCH_TARGETS = """() => [...document.querySelectorAll(
    ".btn, .chip, .top-nav a, main select, main input:not([type=hidden])")]
  .filter((el) => el.checkVisibility() && !["checkbox", "radio"].includes(el.type))
  .filter((el) => el.getBoundingClientRect().height < 44).map((el) => el.outerHTML.slice(0, 120))"""


def test_touch_targets_on_phone_are_at_least_44_pixels_high(clinic_with_readings, browser_for):
    page, found = browser_for(clinic_with_readings.people["coordinator here"]), []
    page.set_viewport_size(PHONE)
    for address in (
        "/patients/",
        f"/patients/{clinic_with_readings.rosa.pk}/",
        f"/orders/new/?patient={clinic_with_readings.rosa.pk}",
        "/devices/",
    ):
        page.goto(address)
        found += page.evaluate(SMALL_TOUCH_TARGETS)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address

    assert found == []

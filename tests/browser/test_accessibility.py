"""axe over every page that a person can open, in both themes at both widths: nothing serious, nothing critical.

The pages are found by walking the URLconf with the world of `tests/world.py`, so that a new page is looked at
without anybody thinking of it. What an address alone doesn't show (errors, open panels) stands in
`test_accessible_states.py`.
"""

import pytest
from django.template.loader import render_to_string

from patients.accounts import invitations
from patients.models import Role
from patients.permissions import ACTS_OF_ROLE, Act
from tests import factories
from tests.browser.axe import look
from tests.browsers import PHONE
from tests.routes import routes

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
SIGNS_OUT = "accounts/logout/"


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


ERRORS = ["400", "403", "403_csrf", "404", "429", "500", "503"]


def test_axe_finds_nothing_without_an_account(world, browser_of, live_server, settings):
    settings.SITE_URL = live_server.url
    addresses, page, found = list(pages_of(world, "anonymous")), browser_of(None), []
    for address in [*addresses, invitations.invitation_link(invited(world))]:
        page.goto(address)
        found += look(page, address)

    assert found == []
    assert len(addresses) >= 5


def invited(world):
    return invitations.invite(
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

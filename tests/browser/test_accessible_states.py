"""axe over what an address alone doesn't show: open panels, menus, drawn charts, and forms that were refused."""

import pytest

from tests.browser.axe import look

pytestmark = pytest.mark.django_db(transaction=True)


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


def at_the_newest_pressure(page, world, look):
    page.goto(f"/patients/{world.rosa.pk}/?days=90&{look}")
    page.locator("#plot-blood_pressure canvas").wait_for()
    page.focus("#plot-blood_pressure")
    page.keyboard.press("ArrowLeft")


def the_drawn_charts(page, world):
    at_the_newest_pressure(page, world, "excluded=1")
    page.locator("#plot-blood_pressure .tip").wait_for()


def the_hours_of_the_day(page, world):
    page.goto(f"/patients/{world.rosa.pk}/?days=90&view=clock")
    page.locator("#plot-blood_pressure canvas").wait_for()


def a_reading_beside_the_charts(page, world):
    at_the_newest_pressure(page, world, "view=time")
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


@pytest.mark.parametrize("role", ["clinician", "coordinator"])
def test_axe_finds_nothing_in_what_opens_on_a_page_and_in_forms_that_were_refused(world, browser_of, role):
    page, found = browser_of(world.people[f"{role} here"]), []
    for state in STATES[role]:
        state(page, world)
        found += look(page, state.__name__)

    assert found == []

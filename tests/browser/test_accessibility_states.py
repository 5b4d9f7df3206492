"""axe on states that an address alone doesn't show: open panels, menus, drawn charts, and forms with errors."""

import pytest

from fulfillment.models import Order
from fulfillment.worklist import items
from tests.browser.axe import find_axe_violations

pytestmark = pytest.mark.django_db(transaction=True)


def submit_empty_form(page, address):
    """Submits a form as a browser without validation does: empty except for initial values."""
    page.goto(address)
    page.evaluate("document.querySelector('main form.form').noValidate = true")
    page.evaluate(
        "document.querySelectorAll('main form.form input[type=text]').forEach((each) => { each.value = ''; })"
    )
    page.locator("main form.form button[type=submit]:not([aria-hidden])").first.click()
    page.locator(".errorlist").first.wait_for()


def open_patient_preview(page, world):
    page.goto("/patients/")
    page.keyboard.press("j")
    page.keyboard.press("p")
    page.locator("#preview h2").wait_for()


def search_patient(page, world):
    page.goto("/patients/")
    page.get_by_role("searchbox").fill("canary")
    page.keyboard.press("Enter")
    page.get_by_text("1 found for").wait_for()


def focus_newest_blood_pressure(page, world, look):
    page.goto(f"/patients/{world.rosa.pk}/?days=90&{look}")
    page.locator("#plot-blood_pressure canvas").wait_for()
    page.focus("#plot-blood_pressure")
    page.keyboard.press("ArrowLeft")


def show_chart_tooltip(page, world):
    focus_newest_blood_pressure(page, world, "excluded=1")
    page.locator("#plot-blood_pressure .tip").wait_for()


def choose_free_dates(page, world):
    """The button of the chosen dates, and a table with chosen filters."""
    page.goto(f"/patients/{world.rosa.pk}/?metric=glucose&shown=out")
    page.locator("#dates-menu summary").click()
    page.get_by_role("button", name="Show these days").click()
    page.locator("#dates-menu summary[aria-current]").wait_for()


def open_time_of_day_view(page, world):
    page.goto(f"/patients/{world.rosa.pk}/?days=90&view=clock")
    page.locator("#plot-blood_pressure canvas").wait_for()


def open_reading_panel(page, world):
    focus_newest_blood_pressure(page, world, "view=time")
    page.keyboard.press("Enter")
    page.locator("#panel").get_by_text("Received here").first.wait_for()


def open_account_menu(page, world):
    page.goto("/orders/?show=finished")
    page.locator("#account-menu summary").click()


def submit_invalid_enrollment(page, world):
    submit_empty_form(page, "/patients/new/")


def submit_invalid_order(page, world):
    submit_empty_form(page, f"/orders/new/?patient={world.rosa.pk}")


def submit_invalid_activation(page, world):
    submit_empty_form(page, f"/orders/new/?patient={world.rosa.pk}&how=activate")


def open_rejected_line_correction(page, world):
    page.goto(f"/orders/lines/{world.refused.pk}/correct/")


def open_rejected_order(page, world):
    page.goto(f"/orders/{world.refused.order_id}/")


def open_call_resolution(page, world):
    page.goto(f"/orders/calls/{world.undecided.call_id}/")


def open_parcel_note(page, world):
    Order.objects.filter(pk=world.order.pk).update(kind="clinic", shipped_by_clinic=True)
    page.goto(f"/orders/{world.order.pk}/parcel/")


def open_dismissed_exception(page, world):
    item = world.item
    items.dismiss_item(item, reason="Known", by=world.people["coordinator here"], live_version=item.live_version)
    page.goto(f"/exceptions/{item.pk}/")


def choose_client_shipment(page, world):
    page.goto(f"/orders/new/?patient={world.rosa.pk}&how=clinic")


def submit_invalid_gateway_order(page, world):
    submit_empty_form(page, f"/orders/new/?patient={world.rosa.pk}&how=gateway")


def submit_invalid_batch(page, world):
    page.goto("/orders/batches/new/?devices=all")
    page.get_by_role("button", name="Check before ordering").click()
    page.locator(".errorlist").first.wait_for()


def submit_invalid_note(page, world):
    submit_empty_form(page, f"/patients/{world.rosa.pk}/notes/new/")


def submit_invalid_replacement(page, world):
    submit_empty_form(page, f"/replacements/new/{world.rosa.pk}/{world.device.hwi_id}/")


def submit_invalid_stock_item(page, world):
    submit_empty_form(page, "/special-orders/stock/add/")


STATES = {
    "clinician": [
        open_patient_preview, search_patient, show_chart_tooltip, choose_free_dates, open_time_of_day_view,
        open_reading_panel, open_account_menu,
    ],
    "coordinator": [
        submit_invalid_enrollment, submit_invalid_order, submit_invalid_activation, open_rejected_line_correction,
        open_rejected_order, open_call_resolution, open_parcel_note, open_dismissed_exception, choose_client_shipment,
        submit_invalid_gateway_order, submit_invalid_batch, submit_invalid_note, submit_invalid_replacement,
        submit_invalid_stock_item,
    ],
}  # fmt: skip


@pytest.mark.parametrize("role", ["clinician", "coordinator"])
def test_axe_finds_no_violations_in_opened_panels_and_rejected_forms(clinic_with_readings, browser_for, role):
    page, found, measured = browser_for(clinic_with_readings.people[f"{role} here"]), [], set()
    for state in STATES[role]:
        state(page, clinic_with_readings)
        found += find_axe_violations(page, state.__name__, measured)

    assert found == []

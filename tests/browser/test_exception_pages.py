"""Exceptions in a browser at both widths and in both themes: filter, owner, snooze, dismissal, live arrival, keys."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from fulfillment.worklist.models import WorklistItem
from tests.browser.axe import find_axe_violations
from tests.browser.page_helpers import POLL_NOW, fits_viewport_width
from tests.browsers import LIGHT_THEN_DARK, save_screenshot
from tests.factories import DeviceFactory, PatientFactory, WorklistItemFactory

pytestmark = pytest.mark.django_db(transaction=True)
FOCUSED_ROW = "document.activeElement.closest('tr')?.innerText ?? ''"


@pytest.fixture
def exceptions(elm):
    """Two silent devices and a low battery, of three patients."""
    names = ("Alvarez", "Berger", "Castro")
    devices = [
        DeviceFactory(patient=PatientFactory(clinic=elm, family_name=name), name="Tenovi Scale") for name in names
    ]
    kinds = ("silent_device", "silent_device", "low_battery")
    return [WorklistItemFactory(device=device, kind=kind) for device, kind in zip(devices, kinds, strict=True)]


def open_item(page, patient):
    page.goto(reverse("exceptions:list"))
    page.get_by_role("link", name=patient).first.click()


@LIGHT_THEN_DARK
def test_exception_is_filtered_assigned_snoozed_and_dismissed(browser_for, cora, exceptions, viewport, theme):
    page = browser_for(cora)
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=theme)
    page.goto(reverse("exceptions:list"))
    save_screenshot(page, "exceptions")
    page.locator(".chip", has_text="Battery low").click()
    page.get_by_role("link", name="Alvarez").first.wait_for(state="detached")
    page.get_by_role("link", name="Castro").first.wait_for()

    open_item(page, "Alvarez")
    page.get_by_label("Owner").select_option(label=cora.name)
    page.get_by_role("button", name="Assign", exact=True).click()
    page.get_by_text(f"Assigned to {cora.name}.").wait_for()

    open_item(page, "Alvarez")
    snooze = page.locator("#snooze")
    snooze.get_by_label("What is being waited for").fill("Back from her holiday")
    snooze.get_by_role("button", name="Snooze").click()
    snooze.locator(".errorlist").wait_for()
    assert snooze.get_by_label("What is being waited for").input_value() == "Back from her holiday"
    save_screenshot(page, "exception-error")
    assert fits_viewport_width(page)
    snooze.get_by_label("Back on").fill((timezone.localdate() + dt.timedelta(days=9)).isoformat())
    snooze.get_by_role("button", name="Snooze").click()
    page.get_by_text("Snoozed until").first.wait_for()
    page.locator(".chip", has_text="Snoozed").click()
    page.get_by_text("Back from her holiday").wait_for()

    open_item(page, "Berger")
    dismissal = page.locator("#dismiss")
    dismissal.get_by_role("button", name="Dismiss").click()
    dismissal.locator(".errorlist").wait_for()
    dismissal.get_by_label("Reason").fill("She weighs herself at the pharmacy")
    dismissal.get_by_role("button", name="Dismiss").click()
    page.get_by_text("Dismissed. It comes back if its facts change.").wait_for()
    page.locator(".chip", has_text="Dismissed").click()
    page.get_by_text("She weighs herself at the pharmacy").wait_for()
    page.get_by_role("link", name="Berger").first.click()
    page.locator("#dismiss").wait_for()
    assert find_axe_violations(page, "dismissed exception") == []
    first, second, _ = WorklistItem.objects.order_by("patient__family_name")
    assert (first.owner, first.is_snoozed, second.dismissed_by) == (cora, True, cora)


@LIGHT_THEN_DARK
def test_exception_arrives_live_and_keys_act_on_the_focused_row_only(
    browser_for, cora, elm, exceptions, viewport, theme
):
    page = browser_for(cora)
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=theme)
    page.goto(reverse("exceptions:list"))
    page.keyboard.press("a")  # the focus is in no row
    row = page.locator("tbody tr", has_text="Berger")
    row.locator("a[data-exception]").focus()
    top = row.bounding_box()["y"]

    urgent = PatientFactory(clinic=elm, family_name="Dietrich")
    WorklistItemFactory(device=DeviceFactory(patient=urgent), kind="action_required")
    page.evaluate(POLL_NOW)
    page.get_by_role("button", name="1 row moved: show").wait_for()
    assert "Berger" in page.evaluate(FOCUSED_ROW)
    assert abs(row.bounding_box()["y"] - top) <= 1
    assert page.get_by_text("Dietrich").count() == 0
    save_screenshot(page, "exceptions-arrived")
    assert fits_viewport_width(page)

    page.get_by_role("button", name="1 row moved: show").click()
    assert "Dietrich" in page.locator("tbody tr").first.inner_text()
    assert not WorklistItem.objects.filter(owner=cora).exists()
    page.locator("tbody tr").first.locator("a[data-exception]").focus()
    page.keyboard.press("j")
    assert "Alvarez" in page.evaluate(FOCUSED_ROW)
    page.keyboard.press("a")
    page.get_by_text("Assigned to you.").wait_for()
    assert WorklistItem.objects.get(owner=cora).patient.family_name == "Alvarez"

    row = page.locator("tbody tr", has_text="Castro")
    target = row.locator("a[data-next]").get_attribute("href")
    row.locator("a[data-exception]").focus()
    page.keyboard.press("o")
    page.wait_for_url(f"**{target}")
    page.get_by_role("heading", name="Tenovi Scale").first.wait_for()

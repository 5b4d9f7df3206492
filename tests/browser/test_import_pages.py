"""Import of a list in a browser at both widths and in both themes: from the file over its problems to the undo."""

import csv
from pathlib import Path

import pytest
from django.urls import reverse

from patients.imports import runs
from patients.models import Patient
from tests.browser.axe import find_axe_violations
from tests.browser.page_helpers import POLL_NOW, fits_viewport_width
from tests.browsers import LIGHT_THEN_DARK, save_screenshot

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = """Last name,First name,Born on,Phone,State,ZIP
Delgado,Rosa,03/04/1951,,NH,3301
Osei,Ama,03/05/1951,555-01,Ontario,3301
"""


@LIGHT_THEN_DARK
def test_import_with_problems_is_mapped_checked_run_and_undone(browser_for, cora, viewport, theme):
    def in_view():
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=theme)

    page = browser_for(cora)
    in_view()
    page.goto(reverse("imports:list"))
    page.set_input_files("input[type=file]", {"name": "old.xls", "mimeType": "x/x", "buffer": b"\xd0\xcf\x11\xe0 old"})
    page.get_by_role("button", name="Read the file").click()
    page.locator(".errorlist").wait_for()
    assert fits_viewport_width(page)
    page.set_input_files("input[type=file]", {"name": "list.csv", "mimeType": "text/csv", "buffer": ROWS.encode()})
    page.get_by_role("button", name="Read the file").click()

    page.get_by_label("Born on").select_option(label="Date of birth")
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_label("Which comes first").select_option("month_first")
    save_screenshot(page, "import-columns")
    assert fits_viewport_width(page)
    assert find_axe_violations(page, "import, columns") == []
    in_view()
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_text("Checking").first.wait_for()
    runs.process_due_imports()
    page.evaluate(POLL_NOW)

    page.get_by_role("button", name="Enrol 1 patient").wait_for()
    save_screenshot(page, "import-checked")
    assert fits_viewport_width(page)
    ontario = page.locator("td", has_text="Ontario")
    assert ontario.get_by_text("This is no state of the United States.").is_visible()
    assert not Patient.objects.exists()
    assert find_axe_violations(page, "import, problems") == []
    in_view()
    page.get_by_role("button", name="Enrol 1 patient").click()
    page.get_by_text("Importing").first.wait_for()
    runs.process_due_imports()
    page.evaluate(POLL_NOW)

    page.get_by_text("1 patient enrolled.").wait_for()
    assert Patient.objects.get().name == "Rosa Delgado"
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Result file").click()
    text = Path(downloading.value.path()).read_text(encoding="utf-8-sig")
    fates = {row["Last name"]: (row["Result"], row["Problems"]) for row in csv.DictReader(text.splitlines())}
    assert fates["Delgado"] == ("Enrolled", "")
    assert "This is no state of the United States." in fates["Osei"][1]
    page.get_by_text("Undo this import…").click()
    assert fits_viewport_width(page)
    page.get_by_role("button", name="Delete 1 patient").click()
    page.get_by_text("Undone").first.wait_for()
    assert not Patient.objects.exists()

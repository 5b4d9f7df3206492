"""Import of a list in a browser at both widths: from the file to the enrolled patient, live, without overflow."""

import pytest
from django.urls import reverse

from patients.imports import runs
from patients.models import Patient
from tests.browser.page_helpers import fits_viewport_width
from tests.browsers import save_screenshot

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = """Last name,First name,DOB,Phone,State,ZIP
Delgado,Rosa,03/04/1951,,NH,3301
Osei,Ama,03/05/1951,555-01,Ontario,3301
"""


def test_import_from_file_to_enrolled_patient(open_at_viewport, cora):
    page = open_at_viewport(reverse("imports:list"), user=cora)
    page.set_input_files("input[type=file]", {"name": "list.csv", "mimeType": "text/csv", "buffer": ROWS.encode()})
    page.get_by_role("button", name="Read the file").click()
    assert fits_viewport_width(page)
    page.get_by_label("Which comes first").select_option("month_first")
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_text("Checking").first.wait_for()
    runs.process_due_imports()

    page.get_by_role("button", name="Enrol 1 patient").wait_for()  # by the live update
    save_screenshot(page, "import-checked")
    assert fits_viewport_width(page)
    assert page.get_by_text("This is no state of the United States.").is_visible()
    page.get_by_role("button", name="Enrol 1 patient").click()
    runs.process_due_imports()

    page.get_by_text("1 patient enrolled.").wait_for()
    assert Patient.objects.get().name == "Rosa Delgado"

"""Notes, next steps and care teams in a browser at both widths, without console errors."""

import pytest
from django.urls import reverse

from patients.care import team
from patients.care.models import NoteVersion
from tests.browser.page_helpers import fits_viewport_width
from tests.browsers import save_screenshot

pytestmark = pytest.mark.django_db(transaction=True)


def test_note_form_shows_fields_of_a_contact_and_preserves_what_was_typed(open_at_viewport, nadia, rosa):
    page = open_at_viewport(f"/patients/{rosa.pk}/", user=nadia)
    page.get_by_role("link", name="Add a note or contact").click()
    page.get_by_label("What was said or seen").wait_for()
    assert page.get_by_label("Outcome").is_hidden()

    page.get_by_label("Call").check()
    page.get_by_label("What was said or seen").fill("Feels dizzy in the morning")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Choose what came of it.").wait_for()
    save_screenshot(page, "note-error")
    assert fits_viewport_width(page)

    page.get_by_label("Outcome").select_option("reached")
    page.get_by_label("Live: we spoke with each other").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The note is saved.").wait_for()

    page.get_by_text("Feels dizzy in the morning").wait_for()
    assert fits_viewport_width(page)
    assert NoteVersion.objects.get().is_live


def test_care_team_page_gives_ticked_patients_to_a_clinician(open_at_viewport, cora, nadia, rosa):
    page = open_at_viewport(reverse("care:team"), user=cora)
    page.get_by_label(rosa.name).check()
    page.get_by_label("Responsible clinician", exact=True).select_option(str(nadia.pk))
    save_screenshot(page, "care-team")
    assert fits_viewport_width(page)
    page.get_by_role("button", name="Make responsible").click()

    page.get_by_text("Every patient under care has a responsible clinician today.").wait_for()
    assert team.team_of(rosa).responsible == nadia

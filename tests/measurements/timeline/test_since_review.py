"""What is new since the last review: on the patient's page and as marks of the timeline."""

import datetime as dt

import pytest

from tests import factories
from tests.measurements.page_setup import NOW, add_reading
from tests.page_texts import page_text

pytestmark = pytest.mark.usefixtures("clock_at_noon")
HOUR = dt.timedelta(hours=1)


def test_patient_page_counts_what_is_new_since_own_review_and_timeline_marks_it(clock_at_noon, client_of, rosa, nadia):
    cuff = factories.DeviceFactory(patient=rosa)
    for hours_ago, received in ((20, NOW - 18 * HOUR), (19, NOW - 2 * HOUR), (2, NOW - 2 * HOUR)):
        add_reading(cuff, "blood_pressure", 130, 80, hours_ago=hours_ago, latest=False, received_at=received)
    colleague = factories.UserFactory(clinics=[rosa.clinic], name="Omar Reyes")
    own = factories.PatientReviewFactory(patient=rosa, by=nadia, at=NOW - 10 * HOUR)
    factories.PatientReviewFactory(patient=rosa, by=nadia, at=NOW - HOUR, undone_at=NOW - HOUR, undone_by=nadia)
    factories.PatientReviewFactory(patient=rosa, by=colleague, at=NOW - 3 * HOUR)
    factories.AlertEpisodeFactory(patient=rosa, first_known_at=NOW - 2 * HOUR)
    factories.AlertEpisodeFactory(patient=rosa, state="closed", section="", closed_by="readings",
                                  closed_at=NOW - 12 * HOUR, first_known_at=NOW - 14 * HOUR)  # fmt: skip
    factories.NoteFactory(patient=rosa, created_by=colleague)
    factories.NoteFactory(patient=rosa, created_by=nadia)
    client = client_of(nadia)

    page = client.get(f"/patients/{rosa.pk}/")

    assert "New since your review of Nov 21, 2026, 2:00 AM: 2 readings, 1 alert, 1 note ." in page_text(page)
    assert f"/timeline/#review-{own.pk}" in page.content.decode()
    timeline = client.get(f"/patients/{rosa.pk}/timeline/")
    assert f'id="review-{own.pk}"' in timeline.content.decode()
    text = page_text(timeline)
    assert "Note new Omar Reyes" in text
    assert "Note Nadia Haddad" in text
    assert "Reviewed new Omar Reyes" in text
    assert text.count("Warning: high average blood pressure Open new") == 1


def test_patient_page_names_the_colleague_whose_review_it_counts_from(clock_at_noon, client_of, rosa, nadia, cora):
    assert "Nobody has reviewed this patient yet." in page_text(client_of(nadia).get(f"/patients/{rosa.pk}/"))
    factories.PatientReviewFactory(
        patient=rosa, by=factories.UserFactory(clinics=[rosa.clinic], name="Omar Reyes"), at=NOW - HOUR
    )

    assert "New since the review by Omar Reyes of Nov 21, 2026, 11:00 AM: nothing ." in page_text(
        client_of(nadia).get(f"/patients/{rosa.pk}/")
    )
    assert "New since" not in page_text(client_of(cora).get(f"/patients/{rosa.pk}/"))

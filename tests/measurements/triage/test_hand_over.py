"""Hand-over: open items of the triage list on paper, for one's own patients or all, audited for each."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from patients.models import AuditEvent
from tests import factories
from tests.measurements.triage.clinic_morning import add_patient, severe_pressure
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.django_db
ADDRESS = "/triage/hand-over/"


@pytest.fixture
def shift(elm, harbor, nadia):
    """Two patients of Nadia with open items and one without, one of a colleague, one of another clinic."""
    severe = add_patient(elm, "Abbott", "critical", mrn="MRN-A")
    severe_pressure(severe, assigned_to=nadia)
    snoozed = add_patient(elm, "Baker", "snoozed", checks={"this_reading": [1], "beyond_meter": [2]})
    factories.AlertEpisodeFactory(patient=snoozed, state="snoozed", section="", is_acknowledged=True)
    fine = add_patient(elm, "Carver", "on_target")
    for patient in (severe, snoozed, fine):
        factories.CareTeamMemberFactory(patient=patient, user=nadia, is_responsible=True)
    factories.NoteFactory(patient=severe, created_by=nadia, created_at=timezone.now() - dt.timedelta(days=3))
    last = factories.NoteFactory(patient=severe, created_by=nadia, versions=None, due_on=dt.date(2026, 11, 5))
    factories.NoteVersionFactory(note=last, text="Repeats it at noon")
    add_patient(elm, "Dorsey", "warning")
    add_patient(harbor, "Foreign", "critical")
    factories.LatestReadingFactory(measurement=factories.MeasurementFactory(device__patient=severe, code="weight"))
    return severe, snoozed


def test_hand_over_says_why_state_last_note_next_step_and_who_and_is_audited(client_of, shift, nadia):
    severe, snoozed = shift

    page = client_of(nadia).get(ADDRESS)

    assert missing_words(
        page,
        "2 patients : patients of Nadia Haddad",
        "Critical: Severe blood pressure : 192/124 mmHg",
        "not confirmed yet, not acknowledged, assigned to Nadia Haddad",
        "Responsible Nadia Haddad Last note Repeats it at noon Nadia Haddad",
        "Next step Call again due Nov 5, 2026",
        "snoozed, acknowledged",
        "no emergency service",
        "2 readings to be checked, one of them at once: beyond the meter or a critical limit",
    ) == []  # fmt: skip
    text = page_text(page)
    assert text.index("Abbott") < text.index("Baker")
    for absent in ("Carver", "Dorsey", "Foreign", "Asked about dizziness", "180.4"):
        assert absent not in text
    assert AuditEvent.objects.get(action="print").patient_ids == [severe.pk, snoozed.pk]


def test_hand_over_of_the_clinic_has_patients_of_colleagues_in_as_many_queries(client_of, shift, elm, cora, harbor):
    client = client_of(cora)
    with CaptureQueriesContext(connection) as few:
        text = page_text(client.get(f"{ADDRESS}?whose=clinic"))
    for n in range(3):
        patient = add_patient(elm, f"More {n}", "warning")
        factories.AlertEpisodeFactory(patient=patient)
        factories.NoteFactory(patient=patient, due_on=dt.date(2026, 11, 5))

    with CaptureQueriesContext(connection) as many:
        more = page_text(client.get(f"{ADDRESS}?whose=clinic"))

    assert "3 patients" in text
    assert "Dorsey" in text
    assert "Foreign" not in text
    assert "6 patients" in more
    assert len(many) <= len(few)
    assert "Nothing is open" in page_text(client.get(ADDRESS))

"""Preview of one patient beside the list, audited like the patient page."""

import pytest
from django.utils import timezone

from patients.models import AuditEvent
from tests.measurements.patient_list.list_page import add_reading
from tests.page_texts import missing_words

pytestmark = pytest.mark.django_db


def test_patient_preview_shows_latest_readings_and_writes_audit(as_nadia, rosa):
    add_reading(rosa, "blood_pressure", 163)

    response = as_nadia.get(f"/patients/{rosa.pk}/preview/")

    assert not missing_words(
        response, "Rosa Delgado", "Blood pressure 163/80 mmHg 5 h above goal", "Days measured 1 of"
    )
    event = AuditEvent.objects.get(route="patients:preview")
    assert (event.action, event.patient_ids) == ("view", [rosa.pk])


def test_patient_preview_of_another_clinic_returns_404_without_audit(client, olaf, rosa):
    client.force_login(olaf)

    assert client.get(f"/patients/{rosa.pk}/preview/").status_code == 404
    assert not AuditEvent.objects.filter(patient_ids__contains=[rosa.pk]).exists()


def test_patient_preview_shows_patient_local_time(as_nadia, rosa):
    before = timezone.now()

    response = as_nadia.get(f"/patients/{rosa.pk}/preview/")

    around = [f"local time {at.astimezone(rosa.zone):%-I:%M %p}" for at in (before, timezone.now())]
    assert any(words in response.content.decode() for words in around)

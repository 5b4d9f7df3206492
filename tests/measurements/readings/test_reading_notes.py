"""Notes on a reading: written from its page, shown there, in the patient's panel and in the timeline."""

import pytest

from measurements.models import ReadingNote
from tests.factories import DeviceFactory, MeasurementFactory, PatientFactory
from tests.page_texts import missing_words

pytestmark = pytest.mark.django_db


def test_note_on_a_reading_is_on_its_page_and_leads_back_to_it(client_of, rosa, nadia):
    reading = MeasurementFactory(device=DeviceFactory(patient=rosa), code="blood_pressure")
    address, client = f"/patients/{rosa.pk}/readings/{reading.pk}/", client_of(nadia)
    note = {"kind": "note", "happened_at": "2026-11-02T11:30", "text": "Cuff over the sleeve"}

    saved = client.post(f"{address}note/", note)

    assert saved.url == address
    assert ReadingNote.objects.get().measurement == reading
    assert missing_words(client.get(address), "Cuff over the sleeve") == []
    panel = client.get(f"/patients/{rosa.pk}/").content.decode()
    assert f'<a href="{address}">reading of blood pressure</a>' in panel
    timeline = client.get(f"/patients/{rosa.pk}/timeline/?length=0")
    assert missing_words(timeline, "Cuff over the sleeve about reading of blood pressure") == []


def test_note_on_a_reading_of_another_patient_is_not_found(client_of, rosa, nadia):
    foreign = MeasurementFactory(device=DeviceFactory(patient=PatientFactory(clinic=rosa.clinic)))

    assert client_of(nadia).get(f"/patients/{rosa.pk}/readings/{foreign.pk}/note/").status_code == 404

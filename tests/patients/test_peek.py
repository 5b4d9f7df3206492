"""A look at one patient from the list, as much a read as the page."""

import pytest
from django.utils import timezone

from patients.models import AuditEvent
from tests.patients.lists import read
from tests.texts import unsaid

pytestmark = pytest.mark.django_db


def test_a_look_at_one_patient_is_written_down(as_nadia, rosa):
    read(rosa, "blood_pressure", 163)

    response = as_nadia.get(f"/patients/{rosa.pk}/peek/")

    assert not unsaid(response, "Rosa Delgado", "Blood pressure 163/80 mmHg 5 h above goal", "1 of 30")
    event = AuditEvent.objects.get(route="patients:peek")
    assert (event.action, event.patient_ids) == ("view", [rosa.pk])


def test_a_look_at_a_stranger_finds_nobody(client, olaf, rosa):
    client.force_login(olaf)

    assert client.get(f"/patients/{rosa.pk}/peek/").status_code == 404
    assert not AuditEvent.objects.filter(patient_ids__contains=[rosa.pk]).exists()


def test_a_look_says_the_patients_own_time_of_day(as_nadia, rosa):
    before = timezone.now()

    response = as_nadia.get(f"/patients/{rosa.pk}/peek/")

    around = [f"{at.astimezone(rosa.zone):%-I:%M %p} there" for at in (before, timezone.now())]
    assert any(words in response.content.decode() for words in around)

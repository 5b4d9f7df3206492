"""An edit that changes the time zone asks whether the patient has moved or the zone was wrong all along."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from patients.enrollment.zone_alignment import align_time_zones
from patients.programmes.models import BillingFactsVersion, zones_in_force
from tests.factories import PatientFactory
from tests.form_fields import FormFieldParser
from tests.page_texts import missing_words

pytestmark = pytest.mark.django_db
MOVED_ON = dt.datetime(2026, 3, 1, tzinfo=ZoneInfo("America/Denver"))


def save_zone(client, patient, **typed):
    address = f"/patients/{patient.pk}/edit/"
    data = FormFieldParser(client.get(address).content.decode()).data
    return client.post(address, data | {"time_zone": ["America/Denver"]} | typed)


def zones(patient):
    return zones_in_force(patient.zone_changes.all())


def test_edit_of_zone_asks_and_retains_what_was_typed(as_cora, rosa):
    tomorrow = (timezone.now() + dt.timedelta(days=2)).date().isoformat()

    asked = save_zone(as_cora, rosa, phone=["(603) 555-0177"])
    undated = save_zone(as_cora, rosa, zone_change=["moved"])
    ahead = save_zone(as_cora, rosa, zone_change=["moved"], moved_on=[tomorrow])

    assert missing_words(asked, "Why does the time zone change?", "Choose why") == []
    assert "(603) 555-0177" in asked.content.decode()
    assert missing_words(undated, "The first day in the new time zone is missing.") == []
    assert missing_words(ahead, "This date is in the future.") == []
    rosa.refresh_from_db()
    assert rosa.time_zone == "America/New_York"
    assert zones(rosa) == [("America/New_York", None)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            {"zone_change": ["moved"], "moved_on": ["2026-03-01"]},
            [("America/New_York", None), ("America/Denver", MOVED_ON)],
        ),
        ({"zone_change": ["wrong"], "moved_on": ["2026-03-01"]}, [("America/Denver", None)]),
    ],
    ids=["moved", "wrong"],
)
def test_edit_of_zone_is_recorded_in_the_history(as_cora, cora, rosa, typed, expected):
    assert save_zone(as_cora, rosa, **typed).status_code == 302

    assert zones(rosa) == expected
    assert rosa.zone_changes.last().recorded_by == cora
    assert BillingFactsVersion.objects.get(patient=rosa).version == 1


def test_alignment_of_guessed_zones_corrects_them_from_the_beginning(elm):
    guessed = PatientFactory(
        clinic=elm, time_zone="America/Indiana/Indianapolis", zip_code="46402", state="IN", city="Gary"
    )

    align_time_zones(None)

    assert zones(guessed) == [("America/Chicago", None)]

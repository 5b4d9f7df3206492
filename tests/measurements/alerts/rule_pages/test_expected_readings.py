"""What a patient is expected to measure, named on the page of alert rules: of nothing else a reading is missed."""

import datetime as dt

import pytest
from django.utils import timezone

from measurements.alerts import assessment
from measurements.alerts.facts import stored_facts
from measurements.alerts.models import AlertEpisode, ExpectedReadings
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.django_db


def page_of(patient):
    return f"/patients/{patient.pk}/alert-rules/"


def measured(patient, *codes):
    """Once each, ten days ago: the shipped rule misses them."""
    device, taken_at = DeviceFactory(patient=patient), timezone.now() - dt.timedelta(days=10)
    for code in codes:
        row = MeasurementFactory(device=device, code=code, value_1=100, taken_at=taken_at, received_at=taken_at)
        LatestReadingFactory(measurement=row)


def silent_metrics(patient):
    assessment.assess_patient(patient.pk)
    return {row.metric for row in AlertEpisode.objects.open().filter(patient=patient, rule="silence")}


def test_only_named_readings_are_missed_until_devices_decide_again(as_cora, cora, rosa):
    measured(rosa, "weight", "glucose")
    assert silent_metrics(rosa) == {"weight", "glucose"}

    saved = as_cora.post(f"{page_of(rosa)}expected/", {"metrics": ["weight"]}, follow=True)

    assert missing_words(saved, "What the patient is expected to measure is saved.", "Set by Cora Lindqvist") == []
    row = ExpectedReadings.objects.get()
    assert (row.metrics, row.by) == (["weight"], cora)
    assert silent_metrics(rosa) == {"weight"}
    facts = stored_facts.load_facts([rosa], timezone.now(), as_of=row.at - dt.timedelta(seconds=1))[rosa.pk]
    assert facts.expected_metrics is None

    as_cora.post(f"{page_of(rosa)}expected/", {"action": "by_devices"})
    assert ExpectedReadings.objects.first().metrics is None
    assert silent_metrics(rosa) == {"weight", "glucose"}


@pytest.mark.parametrize(
    ("typed", "words"),
    [({}, "Choose at least one reading of the list."), ({"metrics": ["pulse"]}, "Choose readings of the list.")],
)
def test_expected_readings_are_refused_in_words(as_cora, rosa, typed, words):
    assert words in page_text(as_cora.post(f"{page_of(rosa)}expected/", typed))
    assert not ExpectedReadings.objects.exists()

"""Goals that loosen rules on SpO2 ask about critical episodes without acknowledgement, as loosened rules do."""

import datetime as dt

import pytest
from django.utils import timezone

from measurements.alerts import assessment, steps
from measurements.alerts.models import AlertStep
from measurements.alerts.rule_changes import change_rule
from measurements.models import ThresholdChange
from tests.factories import AlertEpisodeFactory, DeviceFactory, MeasurementFactory, PatientFactory
from tests.measurements.alerts.stored import only_episode
from tests.measurements.thresholds.threshold_form import save_thresholds, threshold_form_data
from tests.page_texts import page_text

pytestmark = pytest.mark.django_db
TARGET = "spO2-1-low"


@pytest.fixture
def rosa(rosa):
    rosa.conditions = ["copd"]
    rosa.save(update_fields=["conditions"])
    return rosa


def very_low(patient, **columns):
    values = {"rule": "spo2_very_low", "metric": "spO2", "kind": "limit", "severity": "critical"}
    return AlertEpisodeFactory(patient=patient, **{**values, "peak_1": 87.0, "peak_2": None, **columns})


def test_loosened_target_of_a_patient_asks_about_each_unseen_critical_episode(as_nadia, rosa, nadia):
    oximeter, now = DeviceFactory(patient=rosa), timezone.now()
    for minutes in (10, 5):
        MeasurementFactory(device=oximeter, code="spO2", value_1=87, taken_at=now - dt.timedelta(minutes=minutes))
    assessment.assess_patient(rosa.pk)
    episode, data = only_episode(rosa, "spo2_very_low"), threshold_form_data(as_nadia, rosa)

    asked = page_text(save_thresholds(as_nadia, rosa, data, **{TARGET: "90"}))
    assert "This change would end 1 of them" in asked
    assert not ThresholdChange.objects.exists()
    changes = {TARGET: "90", f"episode-{episode.pk}": "acknowledge"}
    assert "The goals are saved." in page_text(save_thresholds(as_nadia, rosa, data, **changes))

    assert [(step.kind, step.by) for step in AlertStep.objects.all()] == [("acknowledge", nadia)]
    assert ThresholdChange.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        ({TARGET: "93"}, {}),
        ({TARGET: "90"}, {"peak_1": 83.0}),
        ({TARGET: "90"}, {"is_acknowledged": True}),
        ({TARGET: "90"}, {"rule": "spo2_low", "severity": "warning"}),
        ({"pulse-1-high": "120"}, {}),
    ],
    ids=["tightened", "still fed", "acknowledged", "warning", "another goal"],
)
def test_goal_that_ends_no_unseen_critical_episode_is_saved_at_once(as_nadia, rosa, changes, columns):
    very_low(rosa, **columns)

    saved = save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **changes)

    assert "The goals are saved." in page_text(saved)


def test_episode_worked_on_meanwhile_saves_no_goal(as_nadia, rosa, monkeypatch):
    def refuse(*_, **__):
        raise steps.StepConflict([])

    episode, data = very_low(rosa), threshold_form_data(as_nadia, rosa)
    monkeypatch.setattr(steps, "acknowledge_episodes", refuse)

    said = page_text(save_thresholds(as_nadia, rosa, data, **{TARGET: "90", f"episode-{episode.pk}": "acknowledge"}))

    assert "An alert was worked on meanwhile" in said
    assert not ThresholdChange.objects.exists()


def test_loosened_target_of_a_clinic_names_no_patient_to_administrators(client, ada, nadia, rosa):
    own = PatientFactory(clinic=rosa.clinic, conditions=["copd"])
    limit = {"below": {"value_1": 88}}
    change_rule(scope=own, code="spo2_very_low", by=nadia, last_seen_change_id=0, values=limit)
    for patient in (rosa, own):
        very_low(patient)
    client.force_login(ada)
    address = f"/admin/measurements/threshold/clinic/{rosa.clinic_id}/"
    form = client.get(address).context["form"]
    data = {field.html_name: "" if field.value() is None else field.value() for field in form} | {TARGET: "90"}

    asked = page_text(client.post(address, data))
    assert own.family_name not in asked
    assert "This change would end 1 of them" in asked
    assert "Delgado" not in asked
    saved = page_text(client.post(address, data | {"episodes": "keep", "episode_count": "1"}, follow=True))

    assert "The goals are saved." in saved
    assert not AlertStep.objects.exists()

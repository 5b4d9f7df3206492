"""Threshold editing: validation, history, and two users who edit at once."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import ProgrammingError, transaction

from measurements.models import Metric, Threshold, ThresholdChange
from measurements.thresholds import editing, evaluation
from measurements.thresholds.editing import Bounds
from patients.models import AuditEvent
from tests.factories import PatientFactory

SYSTOLIC, DIASTOLIC = ("blood_pressure", 1, ""), ("blood_pressure", 2, "")
OXYGEN, GAIN = ("spO2", 1, ""), ("weight", 1, "gain")


def upper_bound(high):
    return Bounds(high=Decimal(high))


def change_thresholds(scope, by, wanted, seen=0):
    return editing.change_thresholds(scope=scope, new_bounds=wanted, last_seen_change_id=seen, by=by)


def upper_threshold_of(patient, key=SYSTOLIC):
    return evaluation.thresholds_for(patient).find_threshold(*key).high


def test_threshold_of_patient_is_set_with_history_and_removed(rosa, nadia):
    change_thresholds(rosa, nadia, {SYSTOLIC: upper_bound(150)})
    assert (upper_threshold_of(rosa), evaluation.thresholds_for(rosa).find_threshold(*SYSTOLIC).source) == (
        150,
        "Set by Nadia Haddad",
    )

    change_thresholds(rosa, nadia, {SYSTOLIC: None}, seen=ThresholdChange.objects.get().pk)

    assert upper_threshold_of(rosa) == 130
    taken_back, done = editing.threshold_history(rosa)
    assert (done.before, done.after, done.by) == (None, [None, None, 150, None], nadia)
    assert (taken_back.before, taken_back.after) == ([None, None, 150, None], None)


def test_threshold_of_clinic_applies_to_its_patients_without_own_threshold(rosa, ada, nadia, harbor):
    elsewhere, other = PatientFactory(clinic=harbor), PatientFactory(clinic=rosa.clinic)
    change_thresholds(other, nadia, {SYSTOLIC: upper_bound(150)})

    change_thresholds(rosa.clinic, ada, {SYSTOLIC: upper_bound(140)})

    assert [upper_threshold_of(patient) for patient in (rosa, other, elsewhere)] == [140, 150, 130]


def test_threshold_change_increases_live_version(rosa, ada, nadia):
    change_thresholds(rosa, nadia, {SYSTOLIC: upper_bound(150)})
    change_thresholds(rosa.clinic, ada, {SYSTOLIC: upper_bound(140)})

    version = rosa.live_version
    rosa.refresh_from_db()
    assert rosa.live_version == version + 2


def test_threshold_change_audit_names_thresholds_without_values(rosa, nadia):
    change_thresholds(rosa, nadia, {SYSTOLIC: upper_bound(150), GAIN: upper_bound(5)})

    event = AuditEvent.objects.get(action="thresholds")
    assert (event.patient_ids, event.details) == ([rosa.pk], {"goals": ["blood_pressure 1", "weight 1 gain"]})


def test_threshold_change_with_same_values_saves_nothing(rosa, nadia):
    change_thresholds(rosa, nadia, {SYSTOLIC: upper_bound(150)})

    assert (
        change_thresholds(rosa, nadia, {SYSTOLIC: upper_bound(150), DIASTOLIC: None}, ThresholdChange.objects.get().pk)
        == 0
    )
    assert ThresholdChange.objects.count() == 1


def test_threshold_change_by_second_user_is_refused_and_saves_nothing(rosa, nadia, cora):
    change_thresholds(rosa, nadia, {SYSTOLIC: upper_bound(150)})

    with pytest.raises(editing.ConcurrentThresholdChange) as raised:
        change_thresholds(rosa, cora, {SYSTOLIC: upper_bound(160), OXYGEN: Bounds(low=Decimal(88))})

    assert [row.by for row in raised.value.changes] == [nadia]
    assert (upper_threshold_of(rosa), ThresholdChange.objects.count()) == (150, 1)


@pytest.mark.parametrize(
    ("key", "bounds", "field", "words"),
    [
        (SYSTOLIC, Bounds(), "high", "Give a lower or an upper bound"),
        (SYSTOLIC, Bounds(very_high=Decimal(180)), "high", "Give a lower or an upper bound"),
        (SYSTOLIC, Bounds(low=Decimal(130), high=Decimal(130)), "high", "Must be above the lower bound, 130."),
        (OXYGEN, Bounds(very_low=Decimal(93), low=Decimal(92)), "low", "Must be above the far below goal, 93."),
        (SYSTOLIC, upper_bound(301), "high", "Between 40 and 300 mmHg"),
        (DIASTOLIC, upper_bound(201), "high", "Between 20 and 200 mmHg"),
        (GAIN, upper_bound(101), "high", "Between -100 and 100 lb"),
    ],
)
@pytest.mark.django_db
def test_threshold_validation_rejects_inconsistent_bounds_with_message(key, bounds, field, words):
    with pytest.raises(ValidationError) as refused:
        editing.validate_bounds(Metric.objects.get(pk=key[0]), key, bounds)

    assert words in refused.value.message_dict[field][0]


def test_threshold_history_cannot_be_updated_or_deleted(rosa, nadia):
    change_thresholds(rosa, nadia, {SYSTOLIC: upper_bound(150)})

    for rewrite in (ThresholdChange.objects.all().delete, lambda: ThresholdChange.objects.update(component=2)):
        with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
            rewrite()


def test_threshold_form_offers_every_default_with_inherited_value(rosa, ada, nadia):
    change_thresholds(rosa, nadia, {DIASTOLIC: upper_bound(90)})
    change_thresholds(rosa.clinic, ada, {SYSTOLIC: upper_bound(140)})

    found = {offer.key: offer for offer in editing.editable_thresholds(rosa)}

    shipped = Threshold.objects.filter(patient=None, clinic=None).count()
    assert len(found) == shipped + len(editing.METRICS_WITHOUT_DEFAULT)
    assert found[SYSTOLIC].fallback_text == "the clinic's goal, below 140"
    assert (found[DIASTOLIC].own_threshold.high, found[DIASTOLIC].fallback_text) == (
        90,
        "the default, below 80 (far above goal over 120)",
    )
    assert {offer.own_threshold for offer in found.values()} == {None, found[DIASTOLIC].own_threshold}


@pytest.mark.parametrize(
    ("wanted", "field", "words"),
    [
        ({SYSTOLIC: upper_bound(80), DIASTOLIC: upper_bound(110)}, "high", "diastolic upper bound, 110."),
        ({SYSTOLIC: upper_bound(80)}, "high", "diastolic upper bound, 80."),
        ({DIASTOLIC: upper_bound(130)}, "high", "diastolic upper bound, 130."),
        ({SYSTOLIC: Bounds(Decimal(60), Decimal(90)), DIASTOLIC: Bounds(Decimal(60), Decimal(70))}, "very_low", "60."),
        (
            {SYSTOLIC: Bounds(None, Decimal(60)), DIASTOLIC: Bounds(None, Decimal(60))},
            "low",
            "diastolic lower bound, 60.",
        ),
        ({SYSTOLIC: upper_bound(90), DIASTOLIC: Bounds(None, Decimal(95))}, "high", "diastolic lower bound, 95."),
    ],
)
def test_threshold_change_refuses_systolic_bound_not_above_diastolic(rosa, nadia, wanted, field, words):
    with pytest.raises(ValidationError) as refused:
        change_thresholds(rosa, nadia, wanted)

    assert words in refused.value.message_dict[field][0]
    assert ThresholdChange.objects.count() == 0


def test_threshold_removal_is_refused_if_the_default_contradicts_the_other_bound(rosa, nadia):
    change_thresholds(rosa, nadia, {SYSTOLIC: upper_bound(160), DIASTOLIC: upper_bound(140)})

    with pytest.raises(ValidationError, match="Must be above the diastolic upper bound, 140"):
        change_thresholds(rosa, nadia, {SYSTOLIC: None}, seen=ThresholdChange.objects.latest("pk").pk)


def test_threshold_change_of_another_goal_is_not_hindered_by_older_contradictory_pressures(rosa, nadia, ada):
    change_thresholds(rosa, nadia, {SYSTOLIC: upper_bound(100)})
    change_thresholds(rosa.clinic, ada, {DIASTOLIC: upper_bound(110)})
    seen = ThresholdChange.objects.latest("pk").pk

    assert change_thresholds(rosa, nadia, {OXYGEN: Bounds(low=Decimal(90))}, seen) == 1
    with pytest.raises(ValidationError, match="diastolic upper bound, 110"):
        change_thresholds(rosa, nadia, {SYSTOLIC: upper_bound(105)}, ThresholdChange.objects.latest("pk").pk)

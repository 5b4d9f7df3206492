"""Goals that a person sets: what is let through, what is written down, what two people at once are told."""

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


def upto(high):
    return Bounds(high=Decimal(high))


def change(scope, by, wanted, seen=0):
    return editing.change(scope=scope, wanted=wanted, seen=seen, by=by)


def high_of(patient, key=SYSTOLIC):
    return evaluation.of(patient).find(*key).high


def test_a_patients_goal_is_set_written_down_and_taken_back(rosa, nadia):
    change(rosa, nadia, {SYSTOLIC: upto(150)})
    assert (high_of(rosa), evaluation.of(rosa).find(*SYSTOLIC).source) == (150, "Set by Nadia Haddad")

    change(rosa, nadia, {SYSTOLIC: None}, seen=ThresholdChange.objects.get().pk)

    assert high_of(rosa) == 130
    taken_back, done = editing.history(rosa)
    assert (done.before, done.after, done.by) == (None, [None, None, 150, None], nadia)
    assert (taken_back.before, taken_back.after) == ([None, None, 150, None], None)


def test_a_clinics_goal_holds_for_its_patients_alone_and_under_their_own(rosa, ada, nadia, harbor):
    elsewhere, other = PatientFactory(clinic=harbor), PatientFactory(clinic=rosa.clinic)
    change(other, nadia, {SYSTOLIC: upto(150)})

    change(rosa.clinic, ada, {SYSTOLIC: upto(140)})

    assert [high_of(patient) for patient in (rosa, other, elsewhere)] == [140, 150, 130]


def test_open_pages_hear_of_it(rosa, ada, nadia):
    change(rosa, nadia, {SYSTOLIC: upto(150)})
    change(rosa.clinic, ada, {SYSTOLIC: upto(140)})

    version = rosa.version
    rosa.refresh_from_db()
    assert rosa.version == version + 2


def test_the_audit_names_the_goals_and_no_values(rosa, nadia):
    change(rosa, nadia, {SYSTOLIC: upto(150), GAIN: upto(5)})

    event = AuditEvent.objects.get(action="goals")
    assert (event.patient_ids, event.details) == ([rosa.pk], {"goals": ["blood_pressure 1", "weight 1 gain"]})


def test_saving_what_stands_already_is_no_change(rosa, nadia):
    change(rosa, nadia, {SYSTOLIC: upto(150)})

    assert change(rosa, nadia, {SYSTOLIC: upto(150), DIASTOLIC: None}, ThresholdChange.objects.get().pk) == 0
    assert ThresholdChange.objects.count() == 1


def test_the_second_of_two_people_is_told_and_saves_nothing(rosa, nadia, cora):
    change(rosa, nadia, {SYSTOLIC: upto(150)})

    with pytest.raises(editing.ChangedMeanwhile) as told:
        change(rosa, cora, {SYSTOLIC: upto(160), OXYGEN: Bounds(low=Decimal(88))})

    assert [row.by for row in told.value.changes] == [nadia]
    assert (high_of(rosa), ThresholdChange.objects.count()) == (150, 1)


@pytest.mark.parametrize(
    ("key", "bounds", "field", "words"),
    [
        (SYSTOLIC, Bounds(), "high", "Give a lower or an upper bound"),
        (SYSTOLIC, Bounds(very_high=Decimal(180)), "high", "Give a lower or an upper bound"),
        (SYSTOLIC, Bounds(low=Decimal(130), high=Decimal(130)), "high", "Must be above the lower bound, 130."),
        (OXYGEN, Bounds(very_low=Decimal(93), low=Decimal(92)), "low", "Must be above the far below goal, 93."),
        (SYSTOLIC, upto(301), "high", "Between 40 and 300 mmHg"),
        (DIASTOLIC, upto(201), "high", "Between 20 and 200 mmHg"),
        (GAIN, upto(101), "high", "Between 0 and 100 lb"),
    ],
)
@pytest.mark.django_db
def test_what_makes_no_sense_is_refused_in_words(key, bounds, field, words):
    with pytest.raises(ValidationError) as refused:
        editing.check(Metric.objects.get(pk=key[0]), key, bounds)

    assert words in refused.value.message_dict[field][0]


def test_the_history_cannot_be_rewritten(rosa, nadia):
    change(rosa, nadia, {SYSTOLIC: upto(150)})

    for rewrite in (ThresholdChange.objects.all().delete, lambda: ThresholdChange.objects.update(component=2)):
        with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
            rewrite()


def test_every_shipped_goal_is_on_offer_with_what_stands_behind_it(rosa, ada, nadia):
    change(rosa, nadia, {DIASTOLIC: upto(90)})
    change(rosa.clinic, ada, {SYSTOLIC: upto(140)})

    found = {offer.key: offer for offer in editing.offers(rosa)}

    assert len(found) == Threshold.objects.filter(patient=None, clinic=None).count()
    assert found[SYSTOLIC].behind_words == "the clinic's goal, below 140"
    assert (found[DIASTOLIC].own.high, found[DIASTOLIC].behind_words) == (
        90,
        "the default, below 80 (far above goal over 120)",
    )
    assert {offer.own for offer in found.values()} == {None, found[DIASTOLIC].own}

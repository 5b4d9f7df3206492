"""Assessment as work on rows: sweeps, patients that fail, constant queries, writers at the same time."""

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from measurements.alerts import assessment, episode_storage, tasks
from measurements.alerts.facts import stored_facts
from measurements.alerts.models import AlertEpisode
from measurements.models import TriageEntry
from tests.factories import AlertEpisodeFactory, DeviceFactory, MeasurementFactory, PatientFactory
from tests.measurements.alerts.stored import (
    NOON,
    entry_of,
    episodes_of,
    ingest_pressure,
    only_episode,
    pressure_item,
)
from tests.measurements.webhook_items import receive_and_ingest

pytestmark = pytest.mark.django_db


def test_assessment_of_unchanged_facts_writes_no_episode_and_no_live_version(clock, cuff, rosa):
    ingest_pressure(cuff, 192, 110)
    rosa.refresh_from_db()
    before = (rosa.live_version, only_episode(rosa).live_version)

    TriageEntry.objects.mark_due([rosa.pk])
    assessment.assess_due_patients()

    rosa.refresh_from_db()
    assert (rosa.live_version, only_episode(rosa).live_version) == before


def test_lost_wake_up_and_patient_without_entry_are_found_by_sweeps(clock, cuff, rosa):
    MeasurementFactory(device=cuff, code="blood_pressure", value_1=192, taken_at=NOON, received_at=NOON)
    assert not TriageEntry.objects.exists()

    tasks.add_missing_triage_entries()
    tasks.assess_due_patients()

    assert only_episode(rosa).section == "critical"


def test_patient_that_fails_costs_others_nothing_and_is_tried_again(clock, cuff, rosa, elm, monkeypatch):
    other = DeviceFactory(patient=PatientFactory(clinic=elm))
    evaluate = assessment.evaluate

    def fail_for_rosa(facts, as_of):
        if any(reading.device == str(cuff.pk) for reading in facts.readings):
            raise ZeroDivisionError
        return evaluate(facts, as_of)

    receive_and_ingest([pressure_item(cuff, 192), pressure_item(other, 193)])
    with monkeypatch.context() as broken:
        broken.setattr(assessment, "evaluate", fail_for_rosa)
        assessment.assess_due_patients()

    entry = entry_of(rosa)
    assert (entry.failures, entry.problem, entry.section) == (1, "ZeroDivisionError", "")
    assert only_episode(other.patient).peak_1 == 193
    assert list(TriageEntry.objects.failing()) == [entry]

    clock.move_to(entry.due_at)
    assessment.assess_due_patients()
    assert (entry_of(rosa).failures, only_episode(rosa).peak_1) == (0, 192)


def test_database_refusal_of_one_patient_leaves_others_stored(clock, cuff, rosa, elm, monkeypatch):
    other = DeviceFactory(patient=PatientFactory(clinic=elm))
    computed = episode_storage.computed_columns

    def with_unknown_state(episode):
        return computed(episode) | ({"severity": "unheard"} if episode.peak[0] == 192 else {})

    monkeypatch.setattr(episode_storage, "computed_columns", with_unknown_state)
    receive_and_ingest([pressure_item(cuff, 192), pressure_item(other, 193)])

    assessment.assess_due_patients()

    assert (entry_of(rosa).problem, episodes_of(rosa)) == ("IntegrityError", [])
    assert only_episode(other.patient).peak_1 == 193


def test_facts_of_many_patients_take_constant_queries(clock, elm):
    def count_queries(patients):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            stored_facts.load_facts(patients, timezone.now())
        return len(asked)

    patients = [PatientFactory(clinic=elm) for _ in range(4)]
    for patient in patients:
        receive_and_ingest(pressure_item(DeviceFactory(patient=patient), 192))
        AlertEpisodeFactory(patient=patient)

    assert count_queries(patients[:1]) == count_queries(patients)
    assert AlertEpisode.objects.live(at=timezone.now()).count() == 4


def test_mark_due_writes_nothing_where_patient_is_due_already(clock, rosa):
    def row_version():
        with connection.cursor() as cursor:
            cursor.execute("SELECT ctid FROM measurements_triageentry WHERE patient_id = %s", [rosa.pk])
            return cursor.fetchone()

    TriageEntry.objects.mark_due([rosa.pk])
    before = row_version()
    TriageEntry.objects.mark_due([rosa.pk])

    assert row_version() == before


@pytest.mark.django_db(transaction=True)
def test_mark_of_writer_that_has_not_committed_is_not_cleared_by_assessment(rosa):
    """The row is due already, so the writer writes nothing: its lock alone holds the assessment off."""
    TriageEntry.objects.mark_due([rosa.pk])
    found = []

    def assess():
        assessment.assess_due_patients()
        found.append(entry_of(rosa).assessed_at)
        connection.close()

    with transaction.atomic():
        TriageEntry.objects.mark_due([rosa.pk])
        worker = threading.Thread(target=assess)
        worker.start()
        worker.join(timeout=20)

    assert found == [None]
    assessment.assess_due_patients()
    assert entry_of(rosa).assessed_at is not None

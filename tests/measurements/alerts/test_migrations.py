"""Migrations of alerts, on rows as the version before could have them."""

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.migrations.loader import MigrationLoader

from measurements.alerts.models import AlertStep, EpisodeNote
from tests.factories import AlertEpisodeFactory, AlertStepFactory

pytestmark = pytest.mark.django_db
NOTES_ARE_NO_STEPS = ("alerts", "0008_notes_are_no_steps")


def test_migration_turns_a_step_of_kind_note_into_a_note_on_the_alert(nadia):
    loader = MigrationLoader(connection)
    migration, before = (
        loader.get_migration(*NOTES_ARE_NO_STEPS),
        loader.project_state(NOTES_ARE_NO_STEPS, at_end=False),
    )
    with connection.schema_editor() as editor:
        migration.unapply(before.clone(), editor)
    episode = AlertEpisodeFactory()
    step = AlertStepFactory(episode=episode, kind="note", text="She skipped her water pill.", by=nadia)
    AlertStepFactory(episode=episode, kind="acknowledge")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with connection.schema_editor() as editor:
        migration.apply(before.clone(), editor)

    assert [row.kind for row in AlertStep.objects.all()] == ["acknowledge"]
    note = EpisodeNote.objects.get(episode=episode).note
    version = note.versions.get()
    assert (note.patient, note.created_at, note.created_by) == (episode.patient, step.at, nadia)
    assert (version.kind, version.text, version.happened_at) == ("note", "She skipped her water pill.", step.at)
    assert (version.written_by, version.written_at) == (nadia, step.at)
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        AlertStep.objects.all().delete()

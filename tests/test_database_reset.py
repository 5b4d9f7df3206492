"""DatabaseSnapshot restores the database after a test with real commits to its state after the migrations."""

import contextlib
import os
import threading

import psycopg
import pytest
from django.core.cache import cache
from django.db import connection, transaction

from measurements.models import Metric, Threshold
from patients.audit import audit_log
from patients.models import AuditEvent, Clinic
from tests import databases
from tests.factories import ClinicFactory, MeasurementFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def snapshot():
    return databases.DatabaseSnapshot()


def test_database_reset_removes_committed_rows_of_undeletable_tables(snapshot, rosa, nadia):
    MeasurementFactory(patient=rosa)
    audit_log.record_event(AuditEvent.Action.VIEW, by=nadia, patients=[rosa.pk], clinic=rosa.clinic)
    cache.set("failed-sign-ins", 5)

    assert filled_tables(snapshot) != snapshot.rows
    snapshot.restore()

    assert filled_tables(snapshot) == snapshot.rows


def filled_tables(snapshot):
    with connection.cursor() as cursor:
        return {name: rows for name in snapshot.tables if (rows := databases.table_rows(cursor, name))}


def test_database_reset_restores_rows_of_migrations(snapshot):
    Metric.objects.filter(code="weight").update(label="Mass")
    Threshold.objects.all().delete()

    snapshot.restore()

    assert Metric.objects.get(code="weight").label == "Weight"
    assert Threshold.objects.exists()


def test_database_reset_waits_for_open_transaction(snapshot):
    done = threading.Event()
    with transaction.atomic():
        ClinicFactory()
        restoring = threading.Thread(target=restore_in_thread, args=(snapshot, done))
        restoring.start()
        assert not done.wait(0.3)
    restoring.join()

    assert not Clinic.objects.exists()


def restore_in_thread(snapshot, done):
    try:
        snapshot.restore()
        done.set()
    finally:
        connection.close()


def test_database_setup_clones_migrated_database_for_second_process(snapshot):
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        name = databases.migrated_database(server)
        databases.clone_database(server, name, "another-process")
        tables = psycopg.connect(os.environ["DATABASE_URL"], dbname="another-process")
        with contextlib.closing(tables), tables.cursor() as cursor:
            assert {
                name: rows for name in snapshot.tables if (rows := databases.table_rows(cursor, name))
            } == snapshot.rows
        server.execute('DROP DATABASE "another-process"')

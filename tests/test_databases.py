"""A test with real commits leaves the database as the migrations made it, whatever it did there."""

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
def kept():
    return databases.Kept()


def test_what_was_committed_is_gone_also_where_rows_are_never_deleted(kept, rosa, nadia):
    MeasurementFactory(patient=rosa)
    audit_log.record(AuditEvent.Action.VIEW, by=nadia, patients=[rosa.pk], clinic=rosa.clinic)
    cache.set("failed-sign-ins", 5)

    assert filled(kept) != kept.rows
    kept.restore()

    assert filled(kept) == kept.rows


def filled(kept):
    with connection.cursor() as cursor:
        return {name: rows for name in kept.tables if (rows := databases.rows_of(cursor, name))}


def test_what_the_migrations_brought_is_back(kept):
    Metric.objects.filter(code="weight").update(label="Mass")
    Threshold.objects.all().delete()

    kept.restore()

    assert Metric.objects.get(code="weight").label == "Weight"
    assert Threshold.objects.exists()


def test_nothing_is_put_back_beside_somebody_who_still_writes(kept):
    done = threading.Event()
    with transaction.atomic():
        ClinicFactory()
        restoring = threading.Thread(target=restore, args=(kept, done))
        restoring.start()
        assert not done.wait(0.3)
    restoring.join()

    assert not Clinic.objects.exists()


def restore(kept, done):
    try:
        kept.restore()
        done.set()
    finally:
        connection.close()


def test_a_second_process_finds_the_migrated_database_and_copies_it(kept):
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        name = databases.migrated(server)
        databases.clone(server, name, "another-process")
        tables = psycopg.connect(os.environ["DATABASE_URL"], dbname="another-process")
        with contextlib.closing(tables), tables.cursor() as cursor:
            assert {name: rows for name in kept.tables if (rows := databases.rows_of(cursor, name))} == kept.rows
        server.execute('DROP DATABASE "another-process"')

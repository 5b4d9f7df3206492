"""The database of each process of a run: migrated once, cloned for each, restored after every test with real commits.

A pytest plugin. Migrating takes seconds and cloning a tenth of one. Django would truncate all tables and fire
`post_migrate` after such a test, half a second each time, and leave no metric behind; a test changes a dozen of them.
"""

import os

import pgtrigger
import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test import TransactionTestCase
from psycopg import sql

from tests import environment

MIGRATION_LOCK_ID = 7_301_202  # the server's: one process migrates, the others wait and find it done
# A migrated database of this server to begin with: then only newer migrations run.
MIGRATED_BEFORE_VARIABLE = "VITALS_TEST_MIGRATED_BEFORE"
TABLE_NAMES_QUERY = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, django_db_modify_db_settings):
    """Instead of pytest-django's, which migrates one for each process."""
    name, usual = connection.creation._get_test_db_name(), connection.settings_dict["NAME"]
    with django_db_blocker.unblock(), psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        clone_database(server, migrated_database(server), name)
        use_database(name)
        with pytest.MonkeyPatch.context() as changed:
            snapshot = DatabaseSnapshot()
            changed.setattr(TransactionTestCase, "_fixture_teardown", lambda _test: snapshot.restore())
            yield
        use_database(usual)
        server.execute(format_sql("DROP DATABASE {} WITH (FORCE)", name))


def migrated_database(server):
    """The name of this run's migrated database, which has no connections."""
    name = migrated_database_name()
    server.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK_ID])
    try:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            migrate_database(server, name)
    finally:
        server.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK_ID])
    return name


def migrated_database_name():
    return f"migrated-{environment.run_state_folder().name}"


def migrate_database(server, name):
    """Under another name until it is done, so that an interrupted migration is never cloned."""
    unfinished = f"{name}-unfinished"
    clone_database(server, os.environ.get(MIGRATED_BEFORE_VARIABLE, "template1"), unfinished)
    use_database(unfinished)
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable")
    connection.close()
    server.execute(format_sql("ALTER DATABASE {} RENAME TO {}", unfinished, name))


def clone_database(server, original, name):
    server.execute(format_sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))
    server.execute(format_sql("CREATE DATABASE {} TEMPLATE {}", name, original))


def use_database(name):
    """Every connection that this process opens from now on."""
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def format_sql(text, *names):
    return sql.SQL(text).format(*map(sql.Identifier, names))


class DatabaseSnapshot:
    """Content of each table after the migrations: metrics, thresholds, permissions; most are empty."""

    def __init__(self):
        with connection.cursor() as cursor:
            cursor.execute(TABLE_NAMES_QUERY)
            self.tables = [name for (name,) in cursor.fetchall()]
            self.rows = {name: rows for name in self.tables if (rows := table_rows(cursor, name))}

    def restore(self):
        """By DELETE: TRUNCATE creates new files, which is slower for few rows. Waits for open transactions."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                format_sql(f"LOCK TABLE {', '.join('{}' for _ in self.tables)} IN EXCLUSIVE MODE", *self.tables)
            )
            changed = self._changed(cursor)
            with pgtrigger.ignore():
                for name in changed:
                    cursor.execute(format_sql("DELETE FROM {}", name))
            for name in changed & self.rows.keys():
                with cursor.copy(format_sql("COPY {} FROM STDIN", name)) as copy:
                    copy.write(self.rows[name])

    def _changed(self, cursor):
        filled = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        empty = [filled.format(name, sql.Identifier(name)) for name in self.tables if name not in self.rows]
        cursor.execute(sql.SQL(" UNION ALL ").join(empty))
        return {name for (name,) in cursor} | {
            name for name in self.rows if table_rows(cursor, name) != self.rows[name]
        }


def table_rows(cursor, name):
    with cursor.copy(format_sql("COPY {} TO STDOUT", name)) as copy:
        return b"".join(copy)

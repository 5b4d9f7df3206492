"""The database of each process of a run: migrated once, cloned for each, put back after every test with real commits.

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

LOCK = 7_301_202  # the server's: one process migrates, the others wait and find it done
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, django_db_modify_db_settings):
    """Instead of pytest-django's, which migrates one for each process."""
    name, usual = connection.creation._get_test_db_name(), connection.settings_dict["NAME"]
    with django_db_blocker.unblock(), psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        clone(server, migrated(server), name)
        lead_to(name)
        with pytest.MonkeyPatch.context() as changed:
            kept = Kept()
            changed.setattr(TransactionTestCase, "_fixture_teardown", lambda _test: kept.restore())
            yield
        lead_to(usual)
        server.execute(words("DROP DATABASE {} WITH (FORCE)", name))


def migrated(server):
    """The name of this run's migrated database, to which nobody is connected."""
    name = f"migrated-{environment.state().name}"
    server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            migrate(server, name)
    finally:
        server.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    return name


def migrate(server, name):
    """Under another name until it is done: who is interrupted leaves nothing that looks like it."""
    unfinished = f"{name}-unfinished"
    server.execute(words("DROP DATABASE IF EXISTS {}", unfinished))
    server.execute(words("CREATE DATABASE {}", unfinished))
    lead_to(unfinished)
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable")
    connection.close()
    server.execute(words("ALTER DATABASE {} RENAME TO {}", unfinished, name))


def clone(server, original, name):
    server.execute(words("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))
    server.execute(words("CREATE DATABASE {} TEMPLATE {}", name, original))


def lead_to(name):
    """Every connection that this process opens from now on."""
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def words(text, *names):
    return sql.SQL(text).format(*map(sql.Identifier, names))


class Kept:
    """What the migrations left in each table: metrics, goals, permissions; in most of them nothing."""

    def __init__(self):
        with connection.cursor() as cursor:
            cursor.execute(TABLES)
            self.tables = [name for (name,) in cursor.fetchall()]
            self.rows = {name: rows for name in self.tables if (rows := rows_of(cursor, name))}

    def restore(self):
        """By DELETE: a TRUNCATE makes new files, which few rows don't repay. Waits for whoever still writes."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(words(f"LOCK TABLE {', '.join('{}' for _ in self.tables)} IN EXCLUSIVE MODE", *self.tables))
            changed = self._changed(cursor)
            with pgtrigger.ignore():
                for name in changed:
                    cursor.execute(words("DELETE FROM {}", name))
            for name in changed & self.rows.keys():
                with cursor.copy(words("COPY {} FROM STDIN", name)) as copy:
                    copy.write(self.rows[name])

    def _changed(self, cursor):
        filled = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        empty = [filled.format(name, sql.Identifier(name)) for name in self.tables if name not in self.rows]
        cursor.execute(sql.SQL(" UNION ALL ").join(empty))
        return {name for (name,) in cursor} | {name for name in self.rows if rows_of(cursor, name) != self.rows[name]}


def rows_of(cursor, name):
    with cursor.copy(words("COPY {} TO STDOUT", name)) as copy:
        return b"".join(copy)

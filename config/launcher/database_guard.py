"""Databases that the launcher refuses: in use by others, or migrated by another version of the program."""

import psycopg

from config.launcher.errors import LauncherError
from config.launcher.paths import ROOT

DEMO_DATABASE_COMMENT = "demo of Vitals at Home"
HAS_TABLES_SQL = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema'))"
DATABASE_COMMENT_SQL = (
    "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
)


def refuse_foreign_database(database_url: str) -> None:
    """DATABASE_URL of the demo: the database must be empty, or marked by an earlier demo."""
    with psycopg.connect(database_url) as session:
        if fetch_value(session, DATABASE_COMMENT_SQL) == DEMO_DATABASE_COMMENT:
            return
        if fetch_value(session, HAS_TABLES_SQL):
            raise LauncherError("DATABASE_URL names a database that is in use: the demo goes into an empty one only.")
        name = fetch_value(session, "SELECT quote_ident(current_database())")
        session.execute(f"COMMENT ON DATABASE {name} IS '{DEMO_DATABASE_COMMENT}'")


def refuse_unknown_migrations(database_url: str, *, advice: str) -> None:
    """One line instead of a migration that fails halfway: migrations were squashed before the first release."""
    on_disk = {(path.parent.parent.name, path.stem) for path in ROOT.glob("*/**/migrations/0*.py")}
    apps = sorted({app for app, _ in on_disk})
    with psycopg.connect(database_url) as session:
        if fetch_value(session, "SELECT to_regclass('django_migrations')") is None:
            return
        rows = session.execute("SELECT app, name FROM django_migrations WHERE app = ANY(%s)", [apps]).fetchall()
    if not on_disk.issuperset(rows):
        raise LauncherError(f"This database was made by another version of the program: {advice}.")


def fetch_value(session: psycopg.Connection, query: str) -> object:
    row = session.execute(query.encode()).fetchone()
    return row[0] if row else None

"""Demo people never go into a database that holds others."""

import psycopg

from config.launcher.refusal import Refused

MARK = "demo of Vitals at Home"
TABLES = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema'))"
COMMENT = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"


def refuse_foreign_data(database_url: str) -> None:
    """A server that somebody named: its database must be empty, or marked by a demo before."""
    with psycopg.connect(database_url) as session:
        if value(session, COMMENT) == MARK:
            return
        if value(session, TABLES):
            raise Refused("DATABASE_URL names a database that is in use: the demo goes into an empty one only.")
        name = value(session, "SELECT quote_ident(current_database())")
        session.execute(f"COMMENT ON DATABASE {name} IS '{MARK}'")


def value(session: psycopg.Connection, query: str) -> object:
    row = session.execute(query.encode()).fetchone()
    return row[0] if row else None

import os

import psycopg
import pytest

from config.launcher import folders
from config.launcher.postgres import postgres
from config.launcher.processes import Leash
from config.launcher.valkey import valkey


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "a path with spaces"
    yield folders.private(folder)
    folders.remove(folder)


@pytest.fixture
def leash():
    with Leash() as leash:
        yield leash


def test_committed_rows_survive_a_crash_of_the_server(state, leash):
    with postgres(state, leash=leash) as server:
        with psycopg.connect(server.url) as session:
            session.execute("CREATE TABLE kept AS SELECT 1 AS one")

        server.kill()
        server.start()

        with psycopg.connect(server.url) as session:
            assert session.execute("SELECT one FROM kept").fetchall() == [(1,)]


def test_nothing_listens_on_the_network_and_the_disk_is_waited_for(state, leash):
    with postgres(state, leash=leash) as server, psycopg.connect(server.url) as session:
        names = ("listen_addresses", "fsync", "synchronous_commit", "TimeZone", "server_encoding")
        shown = [session.execute(f"SHOW {name}").fetchone()[0] for name in names]

    assert shown == ["", "on", "on", "UTC", "UTF8"]


def test_valkey_comes_back_after_a_crash_and_answers_on_its_socket(state, leash):
    with valkey(state, leash=leash) as server:
        server.kill()
        server.start()

        assert server.process.alive()
        assert server.url.startswith("redis+socket:///tmp/")


def test_stopping_leaves_no_process_and_no_socket(state, leash):
    with postgres(state, leash=leash) as database, valkey(state, leash=leash) as broker:
        pids = [database.process.pid, broker.process.pid]

    assert not [pid for pid in pids if running(pid)]
    assert not [path for path in folders.sockets(state).rglob("*") if path.is_socket()]


def running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

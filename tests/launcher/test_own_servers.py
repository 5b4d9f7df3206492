import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis

from config.launcher import paths
from config.launcher.errors import Refused
from config.launcher.paths import ROOT
from config.launcher.postgres import Postgres, postgres
from config.launcher.valkey import SOCKET, valkey


def test_committed_rows_survive_a_crash_of_the_server(state, leash):
    with postgres(state, leash=leash) as server:
        with psycopg.connect(server.url) as session:
            session.execute("CREATE TABLE kept AS SELECT 1 AS one")

        server.kill()
        server.start()

        with psycopg.connect(server.url) as session:
            assert session.execute("SELECT one FROM kept").fetchall() == [(1,)]


def test_a_server_that_nobody_stopped_is_ended_and_its_data_served_again(state, leash):
    left = Postgres(state, leash=leash)
    left.start()
    with psycopg.connect(left.url) as session:
        session.execute("CREATE TABLE kept AS SELECT 1 AS one")

    with postgres(state, leash=leash) as server, psycopg.connect(server.url) as session:
        assert session.execute("SELECT one FROM kept").fetchall() == [(1,)]
        assert not left.process.alive()


def test_nothing_listens_on_the_network_and_the_disk_is_waited_for(state, leash):
    with postgres(state, leash=leash) as server, psycopg.connect(server.url) as session:
        names = ("listen_addresses", "fsync", "synchronous_commit", "TimeZone", "server_encoding")
        shown = [session.execute(f"SHOW {name}").fetchone()[0] for name in names]

    assert shown == ["", "on", "on", "UTC", "UTF8"]


def test_a_refused_row_leaves_no_values_in_the_log(state, leash):
    with postgres(state, leash=leash) as server:
        with psycopg.connect(server.url) as session:
            session.execute("CREATE TABLE person (name text CHECK (length(name) < 3))")
            with pytest.raises(psycopg.errors.CheckViolation):
                session.execute("INSERT INTO person VALUES ('Nadia Canary')")

        assert "violates check constraint" in server.process.log.read_text()
        assert "Canary" not in server.process.log.read_text()


def test_data_of_another_version_is_refused_in_one_line(state, leash):
    with postgres(state, leash=leash):
        pass
    (paths.database_home(state, paths.database_owner()) / "postgres" / "PG_VERSION").write_text("9\n")

    with pytest.raises(Refused, match=r"written by PostgreSQL 9.*remove it to start afresh"):
        Postgres(state, leash=leash).start()


def test_valkey_answers_again_after_a_crash(state, leash):
    with valkey(state, leash=leash) as server:
        server.kill()
        server.start()

        with redis.Redis(unix_socket_path=str(paths.sockets(state) / SOCKET)) as client:
            assert client.ping()
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_stopping_leaves_no_process_and_no_socket(state, leash, running):
    with postgres(state, leash=leash) as database, valkey(state, leash=leash) as broker:
        pids = [database.process.pid, broker.process.pid]

    assert not [pid for pid in pids if running(pid)]
    assert not [path for path in paths.sockets(state).rglob("*") if path.is_socket()]


ENDLESS = """
import sys, time
from pathlib import Path
from config.launcher.postgres import postgres
from config.launcher.processes import Leash
with Leash() as leash, postgres(Path(sys.argv[1]), leash=leash) as server:
    print(server.process.pid, flush=True)
    time.sleep(600)
"""


def test_servers_end_when_their_launcher_is_killed(state, running, eventually):
    launcher = subprocess.Popen([sys.executable, "-c", ENDLESS, state], stdout=subprocess.PIPE, cwd=ROOT)
    server = int(launcher.stdout.readline())

    launcher.send_signal(signal.SIGKILL)
    launcher.communicate()

    eventually(lambda: not running(server))


@pytest.fixture
def ordinary():
    """A function that runs Python as an ordinary user with a home of its own; skips where every Python is root's."""
    if os.geteuid() != 0:
        pytest.skip("we are an ordinary user ourselves, and so is every test here")
    user, home = paths.database_owner(), tempfile.mkdtemp()
    os.chown(home, user.uid, user.gid)

    def run(program):
        env = {"PATH": os.defpath, "PYTHONPATH": sysconfig.get_path("purelib")}
        who = {"user": user.uid, "group": user.gid, "extra_groups": [], "cwd": ROOT, "env": env}
        words = [readable_python(who), "-c", program, f"{home}/a state"]
        return subprocess.run(words, capture_output=True, text=True, check=False, **who)

    yield run
    shutil.rmtree(home)
    shutil.rmtree(f"/tmp/vitals-{user.uid}-{paths.fingerprint(Path(home, 'a state'))}", ignore_errors=True)


def readable_python(who):
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        with contextlib.suppress(PermissionError, FileNotFoundError):
            if subprocess.run([python, "-c", "import config.launcher"], check=False, **who).returncode == 0:
                return python
    pytest.skip("every Python of this version, or this folder, is closed to ordinary users")


def test_an_ordinary_user_needs_nothing_of_root(ordinary):
    done = ordinary(ENDLESS.replace("time.sleep(600)", "pass"))

    assert done.stdout.strip().isdigit(), done.stderr

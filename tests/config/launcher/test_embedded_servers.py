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
from config.launcher.errors import LauncherError
from config.launcher.paths import ROOT
from config.launcher.postgres import Postgres
from config.launcher.valkey import SOCKET_NAME, Valkey


def test_postgres_has_committed_rows_after_crash(state_folder, orphan_reaper):
    with Postgres(state_folder, reaper=orphan_reaper) as server:
        with psycopg.connect(server.url) as session:
            session.execute("CREATE TABLE stored AS SELECT 1 AS one")

        server.kill()
        server.start()

        with psycopg.connect(server.url) as session:
            assert session.execute("SELECT one FROM stored").fetchall() == [(1,)]


def test_postgres_stops_leftover_server_and_serves_its_data(state_folder, orphan_reaper):
    left = Postgres(state_folder, reaper=orphan_reaper)
    left.start()
    with psycopg.connect(left.url) as session:
        session.execute("CREATE TABLE stored AS SELECT 1 AS one")

    with Postgres(state_folder, reaper=orphan_reaper) as server, psycopg.connect(server.url) as session:
        assert session.execute("SELECT one FROM stored").fetchall() == [(1,)]
        assert not left.process.is_running()


def test_postgres_listens_on_no_network_and_uses_fsync(state_folder, orphan_reaper):
    with Postgres(state_folder, reaper=orphan_reaper) as server, psycopg.connect(server.url) as session:
        names = ("listen_addresses", "fsync", "synchronous_commit", "TimeZone", "server_encoding")
        shown = [session.execute(f"SHOW {name}").fetchone()[0] for name in names]

    assert shown == ["", "on", "on", "UTC", "UTF8"]


def test_postgres_log_contains_no_values_of_rejected_row(state_folder, orphan_reaper):
    with Postgres(state_folder, reaper=orphan_reaper) as server:
        with psycopg.connect(server.url) as session:
            session.execute("CREATE TABLE person (name text CHECK (length(name) < 3))")
            with pytest.raises(psycopg.errors.CheckViolation):
                session.execute("INSERT INTO person VALUES ('Nadia Canary')")

        assert "violates check constraint" in server.process.log.read_text()
        assert "Canary" not in server.process.log.read_text()


def test_postgres_refuses_data_of_another_version(state_folder, orphan_reaper):
    with Postgres(state_folder, reaper=orphan_reaper):
        pass
    (paths.database_parent_folder(state_folder, paths.database_owner()) / "postgres" / "PG_VERSION").write_text("9\n")

    with pytest.raises(LauncherError, match=r"written by PostgreSQL 9.*remove it to start afresh"):
        Postgres(state_folder, reaper=orphan_reaper).start()


def test_valkey_restarts_after_crash(state_folder, orphan_reaper):
    with Valkey(state_folder, reaper=orphan_reaper) as server:
        server.kill()
        server.start()

        with redis.Redis(unix_socket_path=str(paths.socket_folder(state_folder) / SOCKET_NAME)) as client:
            assert client.ping()
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_embedded_servers_leave_no_process_or_socket_after_stop(state_folder, orphan_reaper, is_running):
    with (
        Postgres(state_folder, reaper=orphan_reaper) as database,
        Valkey(state_folder, reaper=orphan_reaper) as broker,
    ):
        pids = [database.process.pid, broker.process.pid]

    assert not [pid for pid in pids if is_running(pid)]
    assert not [path for path in paths.socket_folder(state_folder).rglob("*") if path.is_socket()]


ENDLESS = """
import sys, time
from pathlib import Path
from config.launcher.postgres import Postgres
from config.launcher.processes import OrphanReaper
with OrphanReaper() as reaper, Postgres(Path(sys.argv[1]), reaper=reaper) as server:
    print(server.process.pid, flush=True)
    time.sleep(600)
"""


def test_embedded_servers_stop_when_launcher_is_killed(state_folder, is_running, wait_for):
    launcher = subprocess.Popen([sys.executable, "-c", ENDLESS, state_folder], stdout=subprocess.PIPE, cwd=ROOT)
    server = int(launcher.stdout.readline())

    launcher.send_signal(signal.SIGKILL)
    launcher.communicate()

    wait_for(lambda: not is_running(server))


@pytest.fixture
def run_as_ordinary_user():
    """A function that runs Python as an ordinary user with a temporary home; skips where only root can run Python."""
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
    shutil.rmtree(f"/tmp/vitals-{user.uid}-{paths.path_fingerprint(Path(home, 'a state'))}", ignore_errors=True)


def readable_python(who):
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        with contextlib.suppress(PermissionError, FileNotFoundError):
            if subprocess.run([python, "-c", "import config.launcher"], check=False, **who).returncode == 0:
                return python
    pytest.skip("every Python of this version, or this folder, is closed to ordinary users")


def test_embedded_servers_run_as_ordinary_user(run_as_ordinary_user):
    done = run_as_ordinary_user(ENDLESS.replace("time.sleep(600)", "pass"))

    assert done.stdout.strip().isdigit(), done.stderr

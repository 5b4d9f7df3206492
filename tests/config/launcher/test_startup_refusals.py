"""Startup checks of the launcher: port, lock, settings, databases, Python version and packages."""

import os
import socket
import stat

import psycopg
import pytest

from config.launcher import bootstrap, demo_secrets
from config.launcher.database_guard import refuse_foreign_database, refuse_unknown_migrations
from config.launcher.demo import parse_port
from config.launcher.errors import LauncherError
from config.launcher.lockfile import hold_state_lock
from config.launcher.run import REQUIRED_SETTINGS, refuse_incomplete_settings
from config.launcher.stack import refuse_taken_port

COMPLETE = dict.fromkeys(REQUIRED_SETTINGS, "x")


def test_demo_secrets_are_created_once_and_readable_by_owner_only(tmp_path):
    file = tmp_path / "secrets.env"

    first = demo_secrets.load_or_create_secrets(file)

    assert demo_secrets.load_or_create_secrets(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(first["TENOVI_API_KEYS"].split(",")) == 6


def test_demo_secrets_add_names_missing_in_older_file(tmp_path):
    file = tmp_path / "secrets.env"
    demo_secrets.write_secrets(file, {"SECRET_KEY": "from before"})

    assert demo_secrets.load_or_create_secrets(file)["SECRET_KEY"] == "from before"
    assert "OPS_TOKEN" in demo_secrets.load_or_create_secrets(file)


def test_launcher_refuses_taken_port_and_suggests_another():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(LauncherError, match=rf"^Port {port} on 127.0.0.1 is taken .*PORT={port + 1} make demo\.$"):
            refuse_taken_port("127.0.0.1", port, target="demo")


@pytest.mark.parametrize("words", ["eight thousand", "0", "65536", "-1"])
def test_launcher_refuses_invalid_port_number(words):
    with pytest.raises(LauncherError, match="PORT must be a number"):
        parse_port(words)


def test_lockfile_refuses_second_demo_in_same_clone(state_folder):
    with (
        hold_state_lock(state_folder, target="demo"),
        pytest.raises(LauncherError, match=rf"already runs.*process {os.getpid()}"),
    ):
        with hold_state_lock(state_folder, target="demo"):
            pass


def test_run_lists_each_missing_variable_on_its_own_line():
    with pytest.raises(LauncherError) as refused:
        refuse_incomplete_settings({"SECRET_KEY": "x", "SITE_URL_FILE": "/run/secrets/site"})

    lines = str(refused.value).splitlines()
    assert len(lines) == len(REQUIRED_SETTINGS) - 2 + 1
    assert not [line for line in lines if line.startswith(("SECRET_KEY", "SITE_URL"))]


@pytest.mark.parametrize("url", ["", "https://api2.tenovi.com", "https://API2.Tenovi.com./", "https://x.tenovi.com"])
def test_run_refuses_real_vendor_host_with_embedded_servers(url):
    with pytest.raises(LauncherError, match="DATABASE_URL and CELERY_BROKER_URL must name servers of yours"):
        refuse_incomplete_settings(COMPLETE | {"TENOVI_BASE_URL": url})


def test_run_accepts_embedded_servers_with_simulated_vendor():
    refuse_incomplete_settings(COMPLETE | {"TENOVI_BASE_URL": "http://127.0.0.1:9000"})


@pytest.fixture
def foreign_database():
    """A database on this run's server that the demo has never seen."""
    url, name = os.environ["DATABASE_URL"], f"other_product_{os.getpid()}"  # of this process: workers share the server
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        session.execute(f"CREATE DATABASE {name}")
        yield url.replace("/vitals?", f"/{name}?")
        session.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_database_guard_refuses_database_with_foreign_tables(foreign_database):
    with psycopg.connect(foreign_database) as session:
        session.execute("CREATE TABLE patient ()")

    with pytest.raises(LauncherError, match="an empty one only"):
        refuse_foreign_database(foreign_database)


def test_database_guard_accepts_database_filled_by_demo(foreign_database):
    refuse_foreign_database(foreign_database)
    with psycopg.connect(foreign_database) as session:
        session.execute("CREATE TABLE patient ()")

    refuse_foreign_database(foreign_database)


def test_bootstrap_refuses_old_python_version(monkeypatch):
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 2))

    with pytest.raises(bootstrap.BootstrapError, match=r"Python 3\.11 or newer is needed, this is 3\.9"):
        bootstrap.refuse_old_python()


@pytest.mark.parametrize(
    ("printed", "hint"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: No matching distribution found for psycopg-binary", "this platform has none"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "not what was locked"),
        ("ConnectTimeoutError: pypi.org", "check the network"),
    ],
)
def test_bootstrap_adds_hint_to_installer_error(printed, hint):
    command = [bootstrap.sys.executable, "-c", f"raise SystemExit({printed!r})"]

    with pytest.raises(bootstrap.BootstrapError, match=hint):
        bootstrap.run_command(command)


def test_bootstrap_refuses_full_disk_before_download(monkeypatch):
    monkeypatch.setattr(bootstrap, "NEEDED_BYTES", 10**18)

    with pytest.raises(bootstrap.BootstrapError, match="Too little space"):
        bootstrap.install_requirements()


def test_bootstrap_uses_linked_venv_and_never_installs_into_it(monkeypatch, tmp_path):
    (tmp_path / "other" / ".venv").mkdir(parents=True)
    (tmp_path / ".venv").symlink_to(tmp_path / "other" / ".venv")
    monkeypatch.setattr(bootstrap, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(bootstrap, "run_command", lambda command: pytest.fail(f"has run {command}"))

    assert bootstrap.interpreter_identity().endswith(str(tmp_path / "other")), "the stamp of the folder it was made in"
    with pytest.raises(bootstrap.BootstrapError, match="is a link to"):
        bootstrap.install_requirements()


def test_bootstrap_stamp_changes_with_locked_requirements(monkeypatch):
    before = bootstrap.requirements_stamp()
    monkeypatch.setattr(bootstrap, "read_requirement_file", lambda name: b"other")

    assert bootstrap.requirements_stamp() != before
    assert bootstrap.requirements_stamp().splitlines()[0] == before.splitlines()[0]


@pytest.fixture
def session_of_test_database(transactional_db):
    with psycopg.connect(dbname_url()) as session:
        yield session


def dbname_url():
    from django.db import connection

    return psycopg.conninfo.make_conninfo(os.environ["DATABASE_URL"], dbname=connection.settings_dict["NAME"])


def test_database_guard_accepts_database_of_this_version(transactional_db):
    refuse_unknown_migrations(dbname_url(), advice="`make demo-reset`")


def test_database_guard_refuses_migrations_of_another_version(session_of_test_database):
    session_of_test_database.execute(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('devices', '0012_words_of_the_admin', now())"
    )
    session_of_test_database.commit()

    with pytest.raises(LauncherError, match="make demo-reset"):
        refuse_unknown_migrations(dbname_url(), advice="`make demo-reset`")

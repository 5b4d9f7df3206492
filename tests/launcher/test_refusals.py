import os
import socket
import stat

import psycopg
import pytest

from config.launcher import bootstrap, demo_secrets
from config.launcher.database_guard import refuse_foreign_data, refuse_unknown_migrations
from config.launcher.demo import number
from config.launcher.errors import Refused
from config.launcher.lockfile import claimed
from config.launcher.run import REQUIRED, refuse_incomplete
from config.launcher.stack import refuse_taken

COMPLETE = dict.fromkeys(REQUIRED, "x")


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path):
    file = tmp_path / "secrets.env"

    first = demo_secrets.kept(file)

    assert demo_secrets.kept(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(first["TENOVI_API_KEYS"].split(",")) == 6


def test_a_secret_that_came_later_joins_those_of_an_older_demo(tmp_path):
    file = tmp_path / "secrets.env"
    demo_secrets.write(file, {"SECRET_KEY": "from before"})

    assert demo_secrets.kept(file)["SECRET_KEY"] == "from before"
    assert "OPS_TOKEN" in demo_secrets.kept(file)


def test_a_taken_port_is_named_with_the_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(Refused, match=rf"^Port {port} on 127.0.0.1 is taken .*PORT={port + 1} make demo\.$"):
            refuse_taken("127.0.0.1", port, target="demo")


@pytest.mark.parametrize("words", ["eight thousand", "0", "65536", "-1"])
def test_a_port_that_is_no_port_is_refused(words):
    with pytest.raises(Refused, match="PORT must be a number"):
        number(words)


def test_a_second_demo_in_the_same_clone_is_told_so(state):
    with claimed(state, target="demo"), pytest.raises(Refused, match=rf"already runs.*process {os.getpid()}"):
        with claimed(state, target="demo"):
            pass


def test_every_missing_name_has_a_line_of_its_own():
    with pytest.raises(Refused) as refused:
        refuse_incomplete({"SECRET_KEY": "x", "SITE_URL_FILE": "/run/secrets/site"})

    lines = str(refused.value).splitlines()
    assert len(lines) == len(REQUIRED) - 2 + 1
    assert not [line for line in lines if line.startswith(("SECRET_KEY", "SITE_URL"))]


@pytest.mark.parametrize("url", ["", "https://api2.tenovi.com", "https://API2.Tenovi.com./", "https://x.tenovi.com"])
def test_the_vendors_own_host_is_refused_on_embedded_servers(url):
    with pytest.raises(Refused, match="DATABASE_URL and CELERY_BROKER_URL must name servers of yours"):
        refuse_incomplete(COMPLETE | {"TENOVI_BASE_URL": url})


def test_own_servers_do_for_a_vendor_that_is_not_the_real_one():
    refuse_incomplete(COMPLETE | {"TENOVI_BASE_URL": "http://127.0.0.1:9000"})


@pytest.fixture
def foreign_database():
    """A database on this run's server that the demo has never seen."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("DROP DATABASE IF EXISTS somebody_elses")
        session.execute("CREATE DATABASE somebody_elses")
        yield url.replace("/vitals?", "/somebody_elses?")
        session.execute("DROP DATABASE somebody_elses WITH (FORCE)")


def test_the_demo_stays_out_of_a_database_in_use(foreign_database):
    with psycopg.connect(foreign_database) as session:
        session.execute("CREATE TABLE patient ()")

    with pytest.raises(Refused, match="an empty one only"):
        refuse_foreign_data(foreign_database)


def test_the_demo_comes_back_to_a_database_that_it_filled_itself(foreign_database):
    refuse_foreign_data(foreign_database)
    with psycopg.connect(foreign_database) as session:
        session.execute("CREATE TABLE patient ()")

    refuse_foreign_data(foreign_database)


def test_an_old_python_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 2))

    with pytest.raises(bootstrap.Refused, match=r"Python 3\.11 or newer is needed, this is 3\.9"):
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
def test_what_an_installer_prints_is_followed_by_what_to_do(printed, hint):
    command = [bootstrap.sys.executable, "-c", f"raise SystemExit({printed!r})"]

    with pytest.raises(bootstrap.Refused, match=hint):
        bootstrap.run(command)


def test_a_full_disk_is_noticed_before_anything_is_fetched(monkeypatch):
    monkeypatch.setattr(bootstrap, "NEEDED_BYTES", 10**18)

    with pytest.raises(bootstrap.Refused, match="Too little space"):
        bootstrap.install()


def test_a_change_of_the_locked_sets_makes_a_new_stamp(monkeypatch):
    before = bootstrap.stamp()
    monkeypatch.setattr(bootstrap, "content", lambda name: b"other")

    assert bootstrap.stamp() != before
    assert bootstrap.stamp().splitlines()[0] == before.splitlines()[0]


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

    with pytest.raises(Refused, match="make demo-reset"):
        refuse_unknown_migrations(dbname_url(), advice="`make demo-reset`")

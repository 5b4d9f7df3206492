"""Environment variables of every test, independent of the shell; used by tests, mypy and checks."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from config.launcher import postgres, valkey
from config.launcher.paths import ROOT

STATE_VARIABLE = "VITALS_TEST_STATE"  # the folder of this run's own servers; workers of xdist inherit it

TEST_ENVIRONMENT = {
    "SECRET_KEY": "only-for-tests-" + "0123456789" * 5,
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "SITE_URL": "http://testserver",
    "INSECURE_HTTP": "1",
    "STATIC_MANIFEST": "0",
    "ALLOW_CARELESS_DATABASE": "1",
    "EMAIL_URL": "memorymail://",
    "OPS_TOKEN": "ops-token-of-the-tests",
    "MFA_REQUIRED": "0",  # tests about the second step turn it on
    "MFA_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OTAxMjM0NTY=",
    "TENOVI_BASE_URL": "http://tenovi.invalid",
    "TENOVI_CLIENT_DOMAIN": "vitals-test",
    "TENOVI_API_KEYS": "people-key,background-key",
    "TENOVI_WEBHOOK_SECRETS": "Bearer webhook-secret-of-the-tests",
}
COMPRESSED = ("TENOVI_CALL_GAP_SECONDS", "ORDER_SETTLE_SECONDS", "LEASE_SECONDS", "SWEEP_SECONDS")
REMOVED_VARIABLES = ("DEBUG", "DEMO", "TRUSTED_PROXY_COUNT", *COMPRESSED)


def apply_environment() -> None:
    for name in REMOVED_VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(TEST_ENVIRONMENT)
    os.environ.setdefault(STATE_VARIABLE, str(run_folder()))
    os.environ.setdefault("DATABASE_URL", postgres.database_url_of(run_state_folder()))
    os.environ["CELERY_BROKER_URL"] = broker_url_for_worker(
        os.environ.get("CELERY_BROKER_URL") or valkey.broker_url_of(run_state_folder())
    )


def run_folder(*names: str) -> Path:
    """Begins with our process number, so that other runs can check whether we are alive.

    The random part avoids the folder of a dead run with the same number, which another run may be removing.
    """
    return ROOT / ".test" / "-".join(("run", str(os.getpid()), secrets.token_hex(3), *names))


def run_state_folder() -> Path:
    return Path(os.environ[STATE_VARIABLE])


def uses_own_database() -> bool:
    return os.environ["DATABASE_URL"] == postgres.database_url_of(run_state_folder())


def uses_own_broker() -> bool:
    return os.environ["CELERY_BROKER_URL"] == broker_url_for_worker(valkey.broker_url_of(run_state_folder()))


def broker_url_for_worker(broker: str) -> str:
    """The same broker with a database of this xdist worker's own: 1, 2, ...; 0 for a run without workers."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1
    if "virtual_host=" in broker:
        return f"{broker.rpartition('=')[0]}={number}"
    parts = urlsplit(broker)
    return urlunsplit(parts._replace(path=f"/{number}"))

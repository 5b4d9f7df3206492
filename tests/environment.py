"""The environment that every test runs in, whatever the shell holds: one place, read by tests, types and checks."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from config.launcher import postgres, valkey
from config.launcher.paths import ROOT

STATE = "VITALS_TEST_STATE"  # the folder of this run's own servers; workers of xdist inherit it

NAMES = {
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
FOREIGN = ("DEBUG", "DEMO", "TRUSTED_PROXY_COUNT", *COMPRESSED)


def apply() -> None:
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ.update(NAMES)
    os.environ.setdefault(STATE, str(run_folder()))
    os.environ.setdefault("DATABASE_URL", postgres.address(state()))
    os.environ["CELERY_BROKER_URL"] = numbered(os.environ.get("CELERY_BROKER_URL") or valkey.address(state()))


def run_folder(*names: str) -> Path:
    """Begins with our process number, by which others see that we live; never the folder of a dead run, which
    somebody may be removing just now: numbers come round again within minutes on a busy machine.
    """
    return ROOT / ".test" / "-".join(("run", str(os.getpid()), secrets.token_hex(3), *names))


def state() -> Path:
    return Path(os.environ[STATE])


def own_database() -> bool:
    return os.environ["DATABASE_URL"] == postgres.address(state())


def own_broker() -> bool:
    return os.environ["CELERY_BROKER_URL"] == numbered(valkey.address(state()))


def numbered(broker: str) -> str:
    """The same broker with a database of this xdist worker's own: 1, 2, ...; 0 for a run without workers."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1
    if "virtual_host=" in broker:
        return f"{broker.rpartition('=')[0]}={number}"
    parts = urlsplit(broker)
    return urlunsplit(parts._replace(path=f"/{number}"))

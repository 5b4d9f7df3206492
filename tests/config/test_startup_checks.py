"""What web and workers refuse to start with, each reason in one line."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.backends.signals import connection_created

from config import startup_checks

HEX = "0123456789abcdef" * 4
KEY, SECRET = HEX[: startup_checks.MIN_KEY_CHARACTERS], HEX[: startup_checks.MIN_SECRET_CHARACTERS]
UNUSED_PORT = "9"  # discard: nothing listens there

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_receiver_afterwards():
    yield
    connection_created.disconnect(startup_checks.refuse_unsafe_connection)


def refusal_reasons():
    try:
        startup_checks.refuse_unsafe_startup()
    except ImproperlyConfigured as error:
        return str(error)
    return ""


@pytest.fixture
def production_settings(settings, monkeypatch):
    """Production against the vendor's own host, everything in order."""
    settings.TENOVI_BASE_URL = startup_checks.settings.VENDOR_BASE_URL
    settings.TENOVI_CALL_GAP_SECONDS, settings.ORDER_SETTLE_SECONDS = 1.05, 900.0
    settings.LEASE_SECONDS = 120.0
    settings.OPERATOR_EMAILS = ["ops@clinic.example"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.ALLOWED_HOSTS, settings.SITE_URL = ["vitals.example"], "https://vitals.example"
    settings.INSECURE_HTTP = settings.DEMO = settings.DEBUG = False
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = KEY, [KEY]
    settings.TENOVI_WEBHOOK_SECRETS, settings.OPS_TOKEN = [f"Bearer {SECRET}", SECRET], SECRET
    settings.CSRF_TRUSTED_ORIGINS = ["https://vitals.example"]
    settings.MFA_REQUIRED = True
    settings.ALLOW_CARELESS_DATABASE = False
    monkeypatch.setattr(
        startup_checks, "unsafe_database_settings", list
    )  # the tests' cluster doesn't wait for the disk
    return settings


def test_startup_checks_accept_test_settings():
    assert refusal_reasons() == ""


def test_startup_checks_accept_valid_production_settings(production_settings):
    assert refusal_reasons() == ""


@pytest.mark.parametrize("name", ["TENOVI_WEBHOOK_SECRETS", "TENOVI_API_KEYS", "TENOVI_CLIENT_DOMAIN"])
def test_startup_checks_name_missing_setting(settings, name):
    setattr(settings, name, [])

    assert f"{name} is empty" in refusal_reasons()


@pytest.mark.parametrize("keys", [[], ["not a key"], ["b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OTAxMjM0NTY=", "short"]])
def test_startup_checks_refuse_invalid_mfa_encryption_keys(settings, keys):
    settings.MFA_ENCRYPTION_KEYS = keys

    assert "MFA_ENCRYPTION_KEYS" in refusal_reasons()


@pytest.mark.parametrize(
    ("name", "value"),
    [("TENOVI_CALL_GAP_SECONDS", 1.0), ("ORDER_SETTLE_SECONDS", 899.0), ("LEASE_SECONDS", 5.0), ("OPERATOR_EMAILS", []),
     ("DEMO", True), ("DEBUG", True), ("INSECURE_HTTP", True), ("TENOVI_BASE_URL", "http://api2.tenovi.com"),
     ("TENOVI_BASE_URL", "http://api2.tenovi.com."), ("ALLOWED_HOSTS", []),
     ("SITE_URL", ""), ("SITE_URL", "http://vitals.example"),
     ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")],
)  # fmt: skip
def test_startup_checks_refuse_test_settings_with_real_vendor_host(production_settings, name, value):
    setattr(production_settings, name, value)

    assert name.split("_")[0] in refusal_reasons()


@pytest.mark.parametrize(
    ("name", "value"),
    [("SECRET_KEY", "x"), ("SECRET_KEY", KEY[1:]), ("SECRET_KEY", "x" * len(KEY)), ("SECRET_KEY_FALLBACKS", [KEY, "x"]),
     ("TENOVI_WEBHOOK_SECRETS", ["x"]), ("TENOVI_WEBHOOK_SECRETS", [SECRET, f"Bearer {SECRET[1:]}"]),
     ("OPS_TOKEN", SECRET[1:]), ("ALLOWED_HOSTS", ["*"]), ("ALLOWED_HOSTS", ["vitals.example", ".example"]),
     ("CSRF_TRUSTED_ORIGINS", ["https://*.example"]), ("CSRF_TRUSTED_ORIGINS", ["http://vitals.example"]),
     ("MFA_REQUIRED", False), ("ALLOW_CARELESS_DATABASE", True)],
)  # fmt: skip
def test_startup_checks_refuse_weak_secrets_and_wildcards_with_real_vendor_host(production_settings, name, value):
    setattr(production_settings, name, value)

    assert [line.split()[1] for line in refusal_reasons().splitlines()[1:]] == [name]


def test_startup_checks_name_the_least_length_of_each_secret(production_settings):
    production_settings.SECRET_KEY, production_settings.TENOVI_WEBHOOK_SECRETS = "x", ["x"]

    assert str(startup_checks.MIN_KEY_CHARACTERS) in refusal_reasons()
    assert str(startup_checks.MIN_SECRET_CHARACTERS) in refusal_reasons()


def test_startup_checks_accept_disabled_mfa_with_second_setting(production_settings):
    production_settings.MFA_REQUIRED = False
    production_settings.ALLOW_SIGN_IN_WITHOUT_MFA = True

    assert refusal_reasons() == ""


@pytest.mark.parametrize("careless", ["synchronous_commit"])
def test_startup_checks_refuse_database_without_durable_commits(settings, monkeypatch, careless):
    monkeypatch.setattr(connection, "close", lambda: None)
    settings.ALLOW_CARELESS_DATABASE = False
    with connection.cursor() as cursor:
        cursor.execute(f"SET {careless} = off")
        reasons = refusal_reasons()
        cursor.execute(f"RESET {careless}")

    assert f"{careless}=off" in reasons
    assert "fsync=off" in reasons, "the tests' own cluster doesn't wait for the disk"


@pytest.fixture
def other_connection():
    """A connection to the same database that is not open yet."""
    other = connection.copy()
    yield other
    other.close()


def test_startup_checks_accept_unreachable_database(settings, monkeypatch):
    settings.ALLOW_CARELESS_DATABASE = False
    other = connection.copy()
    other.settings_dict |= {"HOST": "127.0.0.1", "PORT": UNUSED_PORT}
    monkeypatch.setattr(startup_checks, "connection", other)

    assert refusal_reasons() == ""


@pytest.fixture
def checked_connections():
    connection_created.connect(startup_checks.refuse_unsafe_connection)


def test_connection_without_durable_commits_is_refused_after_startup(settings, checked_connections, other_connection):
    """PostgreSQL was unreachable at boot, or has been restarted with other settings since."""
    settings.ALLOW_CARELESS_DATABASE = False

    with pytest.raises(startup_checks.UnsafeDatabase, match="fsync=off"):
        other_connection.ensure_connection()

    assert other_connection.connection is None


def test_connection_with_accepted_settings_is_opened(checked_connections, other_connection):
    other_connection.ensure_connection()

    assert other_connection.is_usable()

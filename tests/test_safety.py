"""What web and workers refuse to start with, each reason in one line."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from config import startup_checks

pytestmark = pytest.mark.django_db(transaction=True)


def reasons():
    try:
        startup_checks.refuse_unsafe()
    except ImproperlyConfigured as error:
        return str(error)
    return ""


@pytest.fixture
def at_the_vendor(settings):
    """Production against the vendor's own host, everything in order."""
    settings.TENOVI_BASE_URL = startup_checks.settings.VENDOR_BASE_URL
    settings.TENOVI_CALL_GAP_SECONDS, settings.ORDER_SETTLE_SECONDS = 1.05, 900.0
    settings.LEASE_SECONDS = 120.0
    settings.OPERATOR_EMAILS = ["ops@clinic.example"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.ALLOWED_HOSTS, settings.SITE_URL = ["vitals.example"], "https://vitals.example"
    settings.INSECURE_HTTP = settings.DEMO = settings.DEBUG = False
    return settings


def test_the_tests_own_house_may_start():
    assert reasons() == ""


def test_production_in_order_may_start(at_the_vendor):
    assert reasons() == ""


@pytest.mark.parametrize("name", ["TENOVI_WEBHOOK_SECRETS", "TENOVI_API_KEYS", "TENOVI_CLIENT_DOMAIN"])
def test_without_what_it_needs_it_says_what_is_missing(settings, name):
    setattr(settings, name, [])

    assert f"{name} is empty" in reasons()


@pytest.mark.parametrize("keys", [[], ["not a key"], ["b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OTAxMjM0NTY=", "short"]])
def test_without_fit_keys_for_second_steps_nothing_starts(settings, keys):
    settings.MFA_ENCRYPTION_KEYS = keys

    assert "MFA_ENCRYPTION_KEYS" in reasons()


@pytest.mark.parametrize(
    ("name", "value"),
    [("TENOVI_CALL_GAP_SECONDS", 1.0), ("ORDER_SETTLE_SECONDS", 899.0), ("LEASE_SECONDS", 5.0), ("OPERATOR_EMAILS", []),
     ("DEMO", True), ("DEBUG", True), ("INSECURE_HTTP", True), ("TENOVI_BASE_URL", "http://api2.tenovi.com"),
     ("TENOVI_BASE_URL", "http://api2.tenovi.com."), ("ALLOWED_HOSTS", []),
     ("SITE_URL", ""), ("SITE_URL", "http://vitals.example"),
     ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")],
)  # fmt: skip
def test_what_is_for_tests_is_refused_at_the_vendors_own_host(at_the_vendor, name, value):
    setattr(at_the_vendor, name, value)

    assert name.split("_")[0] in reasons()


@pytest.mark.parametrize("careless", ["synchronous_commit"])
def test_a_careless_database_is_refused_unless_tests_say_so(settings, monkeypatch, careless):
    monkeypatch.setattr(connection, "close", lambda: None)
    settings.ALLOW_CARELESS_DATABASE = False
    with connection.cursor() as cursor:
        cursor.execute(f"SET {careless} = off")
        told = reasons()
        cursor.execute(f"RESET {careless}")

    assert f"{careless}=off" in told
    assert "fsync=off" in told, "the tests' own cluster doesn't wait for the disk"

"""Startup checks of unsafe settings, for web and workers: gunicorn and Celery run no Django checks."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from patients import encryption

MIN_POSTGRESQL_VERSION = 150_000
MIN_CALL_GAP_SECONDS = 1.05
MIN_SETTLE_SECONDS = 900.0
MIN_LEASE_SECONDS = 120.0


def refuse_unsafe_settings() -> None:
    """Raises ImproperlyConfigured with every reason at once, one line each."""
    reasons = [
        *missing_vendor_settings(),
        *filter(None, [encryption.encryption_key_problem()]),
        *unsafe_vendor_settings(),
        *missing_contact_settings(),
        *unsafe_database_settings(),
    ]
    if reasons:
        raise ImproperlyConfigured("Refusing to start:\n" + "\n".join(f"  - {reason}" for reason in reasons))


def uses_real_vendor() -> bool:
    return (urlsplit(settings.TENOVI_BASE_URL).hostname or "").rstrip(".").endswith("tenovi.com")


def missing_vendor_settings() -> list[str]:
    needed = {
        "TENOVI_WEBHOOK_SECRETS": "without it the vendor's webhooks can't be authenticated",
        "TENOVI_API_KEYS": "without it nothing can be ordered or pulled",
        "TENOVI_CLIENT_DOMAIN": "the segment after /clients/ in the vendor's addresses",
    }
    return [f"{name} is empty: {why}" for name, why in needed.items() if not getattr(settings, name)]


def unsafe_vendor_settings() -> list[str]:
    if not uses_real_vendor():
        return []
    reasons = []
    if settings.TENOVI_CALL_GAP_SECONDS < MIN_CALL_GAP_SECONDS:
        reasons.append(f"TENOVI_CALL_GAP_SECONDS below {MIN_CALL_GAP_SECONDS} breaks the vendor's limit")
    if settings.ORDER_SETTLE_SECONDS < MIN_SETTLE_SECONDS:
        reasons.append(f"ORDER_SETTLE_SECONDS below {MIN_SETTLE_SECONDS:.0f} may order twice")
    if settings.LEASE_SECONDS < MIN_LEASE_SECONDS:
        reasons.append(f"LEASE_SECONDS below {MIN_LEASE_SECONDS:.0f} takes living workers for dead")
    if not settings.TENOVI_BASE_URL.startswith("https://"):
        reasons.append("TENOVI_BASE_URL must be https")
    if settings.INSECURE_HTTP or settings.DEMO or settings.DEBUG:
        reasons.append("INSECURE_HTTP, DEMO and DEBUG are for machines without patient data")
    return reasons


def missing_contact_settings() -> list[str]:
    """Settings that deployments with real patients need: links, mail and alarms."""
    if not uses_real_vendor():
        return []
    reasons = []
    if not settings.OPERATOR_EMAILS:
        reasons.append("OPERATOR_EMAILS is empty: alarms would be sent to no one")
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        reasons.append("EMAIL_URL names no mail server: alarms and invitations would be sent to no one")
    if not settings.ALLOWED_HOSTS:
        reasons.append("ALLOWED_HOSTS is empty: no page would be answered")
    if not settings.SITE_URL.startswith("https://"):
        reasons.append("SITE_URL must be the https address of this site: links in mails and passkeys hang on it")
    return reasons


def unsafe_database_settings() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')")
        fsync, commit = cursor.fetchone()
        version = connection.pg_version  # type: ignore[attr-defined]  # only PostgreSQL has one
    connection.close()
    reasons = [] if version >= MIN_POSTGRESQL_VERSION else ["PostgreSQL 15 or newer is needed"]
    if settings.ALLOW_CARELESS_DATABASE:
        return reasons
    if fsync == "off":
        reasons.append("PostgreSQL runs with fsync=off: an acknowledged reading could be lost")
    if commit == "off":
        reasons.append("PostgreSQL runs with synchronous_commit=off: an acknowledged reading could be lost")
    return reasons

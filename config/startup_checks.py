"""Startup checks of unsafe settings, for web, workers and beat: gunicorn and Celery run no Django checks.

What the environment shows is refused at boot. What only the database can answer is refused at boot if it is reachable,
else on the first connection: a process that ended because PostgreSQL is away would not return with it.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, NotSupportedError, OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from patients import encryption

logger = logging.getLogger(__name__)

MIN_KEY_CHARACTERS = 50
MIN_SECRET_CHARACTERS = 32
MIN_DISTINCT_CHARACTERS = 8  # fewer: typed, not random
MIN_POSTGRESQL_VERSION = 150_000
OLD_POSTGRESQL = "PostgreSQL 15 or newer is needed"
NO_DATABASE = "starting without PostgreSQL, which can't be reached yet"
DURABILITY_SETTINGS = ("fsync", "synchronous_commit")
MIN_CALL_GAP_SECONDS = 1.05
MIN_SETTLE_SECONDS = 900.0
MIN_LEASE_SECONDS = 120.0


class UnsafeDatabase(OperationalError):
    """The database may lose what it acknowledged. Handled like an unreachable one: webhooks get 503."""


def refuse_unsafe_startup() -> None:
    """Raises ImproperlyConfigured with every reason at once, one line each. An unreachable database is no reason."""
    reasons = [
        *missing_vendor_settings(),
        *filter(None, [encryption.encryption_key_problem()]),
        *unsafe_vendor_settings(),
        *missing_contact_settings(),
        *weak_secrets(),
        *unsafe_access_settings(),
        *unsafe_database_settings(),
    ]
    if reasons:
        raise ImproperlyConfigured("Refusing to start:\n" + "\n".join(f"  - {reason}" for reason in reasons))
    connection_created.connect(refuse_unsafe_connection)


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


def weak_secrets() -> list[str]:
    """Secrets that could be guessed. The scheme in a webhook header's value ("Bearer") doesn't count."""
    if not uses_real_vendor():
        return []
    webhook_secrets = [value.partition(" ")[2].strip() or value for value in settings.TENOVI_WEBHOOK_SECRETS]
    secrets_by_name = {
        "SECRET_KEY": (MIN_KEY_CHARACTERS, [settings.SECRET_KEY]),
        "SECRET_KEY_FALLBACKS": (MIN_KEY_CHARACTERS, settings.SECRET_KEY_FALLBACKS),
        "TENOVI_WEBHOOK_SECRETS": (MIN_SECRET_CHARACTERS, webhook_secrets),
        "OPS_TOKEN": (MIN_SECRET_CHARACTERS, [settings.OPS_TOKEN] if settings.OPS_TOKEN else []),
    }
    return [
        f"{name} is too weak: at least {least} random characters"
        for name, (least, values) in secrets_by_name.items()
        if any(len(value) < least or len(set(value)) < MIN_DISTINCT_CHARACTERS for value in values)
    ]


def unsafe_access_settings() -> list[str]:
    """Wildcards where each host must be named, and protections that are switched off."""
    if not uses_real_vendor():
        return []
    reasons = []
    if any("*" in host or host.startswith(".") for host in settings.ALLOWED_HOSTS):
        reasons.append("ALLOWED_HOSTS must name each host, without * and without a dot in front")
    if any("*" in origin or not origin.startswith("https://") for origin in settings.CSRF_TRUSTED_ORIGINS):
        reasons.append("CSRF_TRUSTED_ORIGINS must name each origin, with https:// and without *")
    if not settings.MFA_REQUIRED and not settings.ALLOW_SIGN_IN_WITHOUT_MFA:
        reasons.append("MFA_REQUIRED is off: this needs ALLOW_SIGN_IN_WITHOUT_MFA=1 as well")
    if settings.ALLOW_CARELESS_DATABASE:
        reasons.append("ALLOW_CARELESS_DATABASE is for tests: an acknowledged reading could be lost")
    return reasons


def unsafe_database_settings() -> list[str]:
    """Empty also when the database can't be reached: `refuse_unsafe_connection` checks it later."""
    try:
        return unsafe_connection_settings(connection)
    except NotSupportedError:
        return [OLD_POSTGRESQL]
    except (OperationalError, InterfaceError) as error:
        logger.warning("%s (%s)", NO_DATABASE, type(error).__name__)
        return []
    finally:
        connection.close()


def refuse_unsafe_connection(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of `connection_created`: the server may be another one, or configured differently, than at boot."""
    if reasons := unsafe_connection_settings(connection):
        connection.close()
        logger.critical("this database is not used: %s", "; ".join(reasons))
        raise UnsafeDatabase("; ".join(reasons))


def unsafe_connection_settings(connection: BaseDatabaseWrapper) -> list[str]:
    connection.ensure_connection()
    version = connection.connection.info.server_version
    reasons = [] if version >= MIN_POSTGRESQL_VERSION else [OLD_POSTGRESQL]
    if settings.ALLOW_CARELESS_DATABASE:
        return reasons
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = 'off'", [list(DURABILITY_SETTINGS)]
        )
        careless = [name for (name,) in cursor.fetchall()]
    return [*reasons, *(f"PostgreSQL runs with {name}=off: an acknowledged reading could be lost" for name in careless)]

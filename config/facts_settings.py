"""Settings of commands that read a file of facts: they touch no database and send nothing, so nothing is configured.

What is set in the environment stays.
"""

import os
import secrets

PLACEHOLDERS = {
    "SECRET_KEY": secrets.token_urlsafe(48),
    "DATABASE_URL": "postgresql://none@localhost:1/none",
    "CELERY_BROKER_URL": "redis://localhost:1/0",
    "SITE_URL": "http://localhost",
    "ALLOWED_HOSTS": "localhost",
    "INSECURE_HTTP": "1",
    "STATIC_MANIFEST": "0",
    "EMAIL_URL": "memorymail://",
    "MFA_REQUIRED": "0",
    "TENOVI_BASE_URL": "http://localhost:1",
    "TENOVI_CLIENT_DOMAIN": "none",
    "TENOVI_API_KEYS": "none,none",
    "TENOVI_WEBHOOK_SECRETS": "none",
}
for name, value in PLACEHOLDERS.items():
    os.environ.setdefault(name, value)

from config.settings import *  # noqa: E402, F403

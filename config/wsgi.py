from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.json_logging import log_uncaught_exceptions
from config.request_body_timeout import limit_body_time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = limit_body_time(get_wsgi_application(), seconds=settings.BODY_SECONDS)

from config.startup_checks import refuse_unsafe_startup  # noqa: E402  (needs the apps that the line above loads)

refuse_unsafe_startup()
log_uncaught_exceptions()

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.json_logging import log_the_uncaught
from config.request_body_timeout import within_deadline

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = within_deadline(get_wsgi_application(), seconds=settings.BODY_SECONDS)

from config.startup_checks import refuse_unsafe  # noqa: E402  (needs the apps that the line above loads)

refuse_unsafe()
log_the_uncaught()

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.deadline import within_deadline
from config.logs import log_the_uncaught

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = within_deadline(get_wsgi_application(), seconds=settings.BODY_SECONDS)

from config.safety import refuse_unsafe  # noqa: E402  (needs the apps that the line above loads)

refuse_unsafe()
log_the_uncaught()

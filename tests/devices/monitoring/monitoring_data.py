"""Requests of operators, and rows that health checks read."""

import datetime as dt

from django.db import connection
from django.utils import timezone

from devices.models import WebhookCount

TOKEN = {"HTTP_AUTHORIZATION": "Bearer ops-token-of-the-tests"}


def time_ago(**words):
    return timezone.now() - dt.timedelta(**words)


def count_webhook_at(time):
    minute = time.replace(second=0, microsecond=0)
    WebhookCount.objects.get_or_create(minute=minute, outcome="accepted", source="192.0.2.7", defaults={"count": 1})


def explain_query(sql):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(line for (line,) in cursor.fetchall())

"""How the tests of these pages open them."""

import datetime as dt

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

NOW = timezone.now()
DAY = dt.timedelta(days=1)
LIST = reverse("devices:list")


def page_of(device):
    return reverse("devices:page", args=[device.hwi_id])


def gateway_of(device):
    return reverse("devices:gateway", args=[device.gateway.public_id])


def seen(client, address, **query):
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def queries_of(client, address):
    seen(client, address)  # what a process reads once is read
    with CaptureQueriesContext(connection) as asked:
        seen(client, address)
    return len(asked)

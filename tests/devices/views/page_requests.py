"""How the tests of these pages open them."""

import datetime as dt

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

NOW = timezone.now()
DAY = dt.timedelta(days=1)
LIST = reverse("devices:list")


def device_page_url(device):
    return reverse("devices:page", args=[device.hwi_id])


def gateway_page_url(device):
    return reverse("devices:gateway", args=[device.gateway.public_id])


def get_page_text(client, address, **query):
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def count_page_queries(client, address):
    get_page_text(client, address)  # what a process reads once is read
    with CaptureQueriesContext(connection) as asked:
        get_page_text(client, address)
    return len(asked)

"""What the tests of the order pages share."""

import re

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse


def normalized_html(response):
    return re.sub(r"\s+", " ", response.content.decode())


def order_url(order):
    return reverse("orders:page", args=[order.pk])


def count_queries(browser, url):
    """How many."""
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return len(captured)

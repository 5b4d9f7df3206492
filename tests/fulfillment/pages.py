"""Helpers of the tests of order pages."""

import re
from html import unescape

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse


def normalized_html(response):
    """The page with single spaces and plain apostrophes."""
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def order_url(order):
    return reverse("orders:page", args=[order.pk])


def count_queries(browser, url):
    """Number of database queries of one GET."""
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return len(captured)

"""Whatever is typed into any field, or written behind any address, is answered: refused in words, never by a crash."""

import re
from urllib.parse import urlencode

import pytest
from django.db import transaction

from patients.permissions import Permission
from tests.routes import list_routes

pytestmark = pytest.mark.django_db

MALFORMED_VALUES = {
    "NUL": "a\x00b",
    "digits": "9" * 400,
    "exponent": "-1e4000",
    "not a number": "NaN",
    "infinite": "Infinity",
    "other digits": "\N{ARABIC-INDIC DIGIT THREE}",
    "override": "\N{RIGHT-TO-LEFT OVERRIDE}x",
    "long": "\N{ANATOMICAL HEART}" * 9000,
    "markup": "'\"><script>alert(1)</script>{{ 7|add:7 }}",
    "template": "%s%(x)s{0}\\",
    "date": "9999-12-31",
    "nought": "0",
}
NAME = re.compile(r"""<(?:input|select|textarea|button)\b[^>]*\bname="([^"]+)\"""")
QUERY = (
    *("days", "view", "table", "excluded", "v", "after", "before", "page", "patient", "how", "panel"),
    *("state", "silent"),
)
SCRIPT = "<script>alert(1)"


def client_for(world, route):
    return world.clients[f"{'clinician' if route.policy == Permission.REVIEW_READINGS else 'coordinator'} here"]


def form_field_names(client, address):
    """Values of all fields of the page that holds the form of this address."""
    for page in (address, re.sub(r"[^/]+/$", "", address)):
        answer = client.get(page)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            return set(NAME.findall(answer.content.decode()))
    return set()


PAGE_ROUTES = [route for route in list_routes() if route.pattern.startswith(("patients/", "orders/", "devices/"))]
IN_ADDRESSES = ("NUL", "digits", "other digits", "markup")


@pytest.mark.parametrize("route", PAGE_ROUTES, ids=lambda route: route.pattern)
def test_pages_answer_malformed_form_and_query_values_without_server_error(sample_clinics, route):
    client, address = client_for(sample_clinics, route), route.address(sample_clinics.values(route))
    names = form_field_names(client, address) | set(QUERY) | set(sample_clinics.ids(route)) - {"csrfmiddlewaretoken"}

    for what, value in MALFORMED_VALUES.items():
        start = transaction.savepoint()
        answers = [client.post(address, dict.fromkeys(names, value))]
        if what in IN_ADDRESSES:
            answers.append(client.get(f"{address}?{urlencode(dict.fromkeys(names, value[:200]))}"))
        transaction.savepoint_rollback(start)
        assert [answer.status_code for answer in answers if answer.status_code >= 500] == [], what
        assert not any(SCRIPT in answer.content.decode() for answer in answers), what

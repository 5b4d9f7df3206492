"""Whatever is typed into any field, or written behind any address, is answered: refused in words, never by a crash."""

import re
from urllib.parse import urlencode

import pytest
from django.db import transaction

from patients.permissions import Act
from tests.routes import routes

pytestmark = pytest.mark.django_db

ODD = {
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


def visitor(world, route):
    return world.clients[f"{'clinician' if route.policy == Act.JUDGE_READINGS else 'coordinator'} here"]


def names_on(client, address):
    """Of all fields of the page on which this address's form stands."""
    for page in (address, re.sub(r"[^/]+/$", "", address)):
        answer = client.get(page)
        if answer.status_code == 200:
            return set(NAME.findall(answer.content.decode()))
    return set()


WALKED = [route for route in routes() if route.pattern.startswith(("patients/", "orders/", "devices/"))]
IN_ADDRESSES = ("NUL", "digits", "other digits", "markup")


@pytest.mark.parametrize("route", WALKED, ids=lambda route: route.pattern)
def test_no_field_and_no_address_brings_a_page_down(world, route):
    client, address = visitor(world, route), route.address(world.values(route))
    names = names_on(client, address) | set(QUERY) | set(world.ids(route)) - {"csrfmiddlewaretoken"}

    for what, value in ODD.items():
        start = transaction.savepoint()
        answers = [client.post(address, dict.fromkeys(names, value))]
        if what in IN_ADDRESSES:
            answers.append(client.get(f"{address}?{urlencode(dict.fromkeys(names, value[:200]))}"))
        transaction.savepoint_rollback(start)
        assert [answer.status_code for answer in answers if answer.status_code >= 500] == [], what
        assert not any(SCRIPT in answer.content.decode() for answer in answers), what

"""Every page that keeps itself up to date: silence costs no read of a patient, and news bring the same parts again."""

import html
import re

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import VendorCall
from patients.models import AuditEvent, Patient
from tests.routes import routes
from tests.world import World

pytestmark = pytest.mark.django_db
LIVE = [route for route in routes() if route.pattern.endswith("/live/")]
# Columns with something about a person, and statements that change anything.
TOO_MUCH = re.compile(r"given_name|family_name|birth_date|mrn|value_1|ship_|payload|\b(INSERT|UPDATE|DELETE)\b")
PART = re.compile(r'<[^>]*\bid="([\w-]+)"[^>]*\bdata-live-part|<[^>]*\bdata-live-part[^>]*\bid="([\w-]+)"')


@pytest.fixture(params=LIVE, ids=lambda route: route.pattern)
def opened(request):
    """(client, page's body, address that it asks, version that it shows)."""
    world = World()
    VendorCall.objects.filter(pk=world.line.call_id).update(state="needs_human", payload={"name": "Tenovi Scale"})
    client = world.clients["coordinator here"]
    page = request.param.address(world.values(request.param)).removesuffix("live/")
    body = client.get(page).content.decode()
    address, version = (
        html.unescape(re.search(rf'data-live-{what}="([^"]+)"', body)[1]) for what in ("url", "version")
    )
    return client, body, address, version


def parts(body):
    return sorted(first or second for first, second in PART.findall(body))


def kept():
    return AuditEvent.objects.count(), list(
        Session.objects.order_by("pk").values_list("pk", "session_data", "expire_date")
    )


def test_there_are_such_pages():
    assert len(LIVE) >= 7


def test_an_unchanged_page_is_204_and_reads_nobody_and_writes_nothing(opened):
    client, _, address, version = opened
    before = kept()

    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address, {"v": version})
        queries = [query["sql"] for query in asked]

    assert (answer.status_code, answer.content, answer.cookies) == (204, b"", {})
    assert kept() == before
    assert [query for query in queries if TOO_MUCH.search(query)] == []
    assert len(queries) <= 4 + 2  # session, person, version, or of what; and the request's transaction


def test_a_changed_page_is_200_with_the_parts_of_the_page_and_is_written_down(opened):
    client, body, address, version = opened
    events = AuditEvent.objects.count()
    Patient.objects.bump(Patient.objects.visible_to(client.get(address).wsgi_request.user).values_list("pk", flat=True))
    looked = AuditEvent.objects.count() - events

    answer = client.get(address, {"v": version})

    assert answer.status_code == 200
    assert AuditEvent.objects.count() == events + 2 * looked
    assert looked >= 1
    again = answer.content.decode()
    assert re.search(r'data-live-version="([^"]+)"', again)[1] != version
    assert parts(again) == parts(body)

"""Live updates of every page: 204 without reading patients when unchanged, else the same parts, audited."""

import html
import re

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import VendorCall
from patients.models import AuditEvent, Patient
from tests.routes import list_routes
from tests.sample_clinics import SampleClinics

pytestmark = pytest.mark.django_db
LIVE_ROUTES = [route for route in list_routes() if route.pattern.endswith("/live/")]
# Columns with something about a person, and statements that change anything.
FORBIDDEN_SQL = re.compile(r"given_name|family_name|birth_date|mrn|value_1|ship_|payload|\b(INSERT|UPDATE|DELETE)\b")
LIVE_PART = re.compile(r'<[^>]*\bid="([\w-]+)"[^>]*\bdata-live-part|<[^>]*\bdata-live-part[^>]*\bid="([\w-]+)"')


@pytest.fixture(params=LIVE_ROUTES, ids=lambda route: route.pattern)
def live_page(request):
    """(client, page's body, address that it asks, version that it shows)."""
    world = SampleClinics()
    VendorCall.objects.filter(pk=world.line.call_id).update(state="needs_review", payload={"name": "Tenovi Scale"})
    client = world.clients["coordinator here"]
    page = request.param.address(world.values(request.param)).removesuffix("live/")
    body = client.get(page).content.decode()
    address, version = (
        html.unescape(re.search(rf'data-live-{what}="([^"]+)"', body)[1]) for what in ("url", "version")
    )
    return client, body, address, version


def live_part_ids(body):
    return sorted(first or second for first, second in LIVE_PART.findall(body))


def audit_and_session_state():
    return AuditEvent.objects.count(), list(
        Session.objects.order_by("pk").values_list("pk", "session_data", "expire_date")
    )


def test_live_update_routes_are_found():
    assert len(LIVE_ROUTES) >= 7


def test_live_update_of_unchanged_page_returns_204_and_reads_no_patient_data(live_page):
    client, _, address, version = live_page
    before = audit_and_session_state()

    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address, {"v": version})
        queries = [query["sql"] for query in asked]

    assert (answer.status_code, answer.content, answer.cookies) == (204, b"", {})
    assert audit_and_session_state() == before
    assert [query for query in queries if FORBIDDEN_SQL.search(query)] == []
    assert len(queries) <= 4 + 2  # session, person, version, or of what; and the request's transaction


def test_live_update_of_changed_page_returns_its_parts_and_writes_audit(live_page):
    client, body, address, version = live_page
    events = AuditEvent.objects.count()
    Patient.objects.touch_live_version(
        Patient.objects.visible_to(client.get(address).wsgi_request.user).values_list("pk", flat=True)
    )
    looked = AuditEvent.objects.count() - events

    answer = client.get(address, {"v": version})

    assert answer.status_code == 200
    assert AuditEvent.objects.count() == events + 2 * looked
    assert looked >= 1
    again = answer.content.decode()
    assert re.search(r'data-live-version="([^"]+)"', again)[1] != version
    assert live_part_ids(again) == live_part_ids(body)

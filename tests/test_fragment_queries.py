"""Template fragments make no database queries on any page, and each is used."""

import contextlib
import datetime as dt
import re

import pytest
from django.db import connection
from django.template.base import Template
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import VendorCall
from measurements import fragment_cache
from measurements.ingest import patient_summaries
from patients.models import Role
from patients.permissions import PERMISSIONS_BY_ROLE
from tests import factories
from tests.routes import list_routes
from tests.sample_clinics import SampleClinics
from tests.source_code import ROOT

pytestmark = pytest.mark.django_db
TEMPLATES = ROOT / "templates"
# On pages for users with a passkey: `tests/browser/test_mfa_pages.py` has one.
PASSKEY_FRAGMENTS = {"mfa/_passkey.html", "mfa/_passkey_scripts.html"}
# They include panels of other apps by inclusion tags, which query in the tag's function; the panels themselves don't.
FRAGMENTS_WITH_PANELS = {"devices/_device_detail.html"}
FRAGMENTS = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("_*.html")}


@pytest.fixture
def sample_clinics():
    """Enough data to fill each fragment."""
    world = SampleClinics()
    now = timezone.now()
    VendorCall.objects.filter(pk=world.line.call_id).update(state="needs_review", payload={"name": "Tenovi Scale"})
    shipped = factories.DeviceFactory(patient=world.rosa, state="shipped", tracking_link="https://carrier.example/1")
    line = factories.OrderLineFactory(order=world.order, device=shipped, status="shipped", nth=2)
    VendorCall.objects.filter(pk=line.call_id).update(state="confirmed", device=shipped)
    factories.HardwareChangeFactory(device=world.device, old_hardware_uuid=world.device.hardware_uuid or "A1B2C3D4E5F6")
    world.device.assignments.update(started_at=now - dt.timedelta(days=400))
    low = factories.MeasurementFactory(device=world.device, code="glucose", value_1=50)
    factories.LatestReadingFactory(measurement=low)
    factories.MeasurementFactory(device=world.device, code="glucose", value_1=60, taken_at=now - dt.timedelta(hours=1))
    patient_summaries.rebuild_patient_summaries([world.rosa.pk])
    former = factories.PatientFactory(clinic=world.elm)
    factories.AssignmentFactory(device=world.device, patient=former, ended_at=now - dt.timedelta(days=400))
    return world


@pytest.fixture
def queries_by_fragment(monkeypatch):
    """Queries made while a template was rendered, by template name."""
    for cache in (fragment_cache.render_cached, fragment_cache.cached_format_pattern):
        cache.cache_clear()  # another test may have rendered the same in this process
    found, render = {}, Template._render

    def noting(self, context):
        before = len(connection.queries_log)
        text = render(self, context)
        found.setdefault(self.name, []).extend(query["sql"] for query in list(connection.queries_log)[before:])
        return text

    monkeypatch.setattr(Template, "_render", noting)
    return found


def role_may_open(role, policy):
    return policy in ("public", "signed_in") or policy in PERMISSIONS_BY_ROLE[role]


def open_pages(world, routes):
    """Each page of these in its variants, as each role that may open it; then what a form answers.

    Forms last: one that is accepted changes what the pages show.
    """
    opened = [
        (world.clients[f"{role} here"], route.address(world.values(route)))
        for route in routes
        for role in (Role.CLINICIAN, Role.COORDINATOR)
        if route.policy != "admin" and role_may_open(role, route.policy) and route.pattern != "accounts/logout/"
    ]
    for client, address in opened:
        with whole_query_log():
            client.get(address)
            client.get(address, {"panel": "1", "patient": world.rosa.pk})
            client.get(address, {"how": "activate", "patient": world.rosa.pk})
    for client, address in opened:
        with whole_query_log():
            client.post(address, {"at": timezone.now().timestamp() * 1000 // 1, "days": 1})


@contextlib.contextmanager
def whole_query_log():
    """Django's log is cut at a number of queries; a cut one would show none of a fragment."""
    connection.queries_log.clear()
    with CaptureQueriesContext(connection):
        yield
    assert len(connection.queries_log) < connection.queries_limit, "a full log grows no longer"


def fragments_with_queries(queries_by_fragment):
    watched = FRAGMENTS - FRAGMENTS_WITH_PANELS
    return {name: queries for name, queries in queries_by_fragment.items() if name in watched and queries}


def test_fragments_make_no_query_and_are_all_used_on_a_page(sample_clinics, queries_by_fragment):
    open_pages(sample_clinics, list_routes())

    assert fragments_with_queries(queries_by_fragment) == {}
    assert FRAGMENTS - set(queries_by_fragment) == PASSKEY_FRAGMENTS


TAG_WITHOUT_ID = re.compile(r'<(?:details|\w+ class="scroll\b[^"]*")(?![^>]*\bid=)[^>]*>')


def test_live_fragments_give_scrollable_and_details_elements_an_id():
    refreshing = [name for name in sorted(FRAGMENTS) if "data-live-part" in (TEMPLATES / name).read_text()]
    nameless = [(name, tag) for name in refreshing for tag in TAG_WITHOUT_ID.findall((TEMPLATES / name).read_text())]

    assert len(refreshing) > 10
    assert nameless == []

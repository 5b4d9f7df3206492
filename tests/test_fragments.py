"""No fragment asks the database anything, on whatever page it stands: what it needs is read before, and said on top."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.template.base import Template
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.models import VendorCall
from measurements import fragment_cache
from patients.models import Role
from patients.permissions import ACTS_OF_ROLE
from tests import factories
from tests.routes import routes
from tests.source import ROOT
from tests.world import World

pytestmark = pytest.mark.django_db
TEMPLATES = ROOT / "templates"
# On pages that only somebody with a passkey comes to: `tests/browser/test_second_step_pages.py` has one.
OF_PASSKEYS = {"mfa/_passkey.html", "mfa/_passkey_scripts.html"}
FRAGMENTS = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("_*.html")}


@pytest.fixture
def world():
    """Enough in it to fill each fragment."""
    world = World()
    now = timezone.now()
    VendorCall.objects.filter(pk=world.line.call_id).update(state="needs_human", payload={"name": "Tenovi Scale"})
    shipped = factories.DeviceFactory(patient=world.rosa, state="shipped", tracking_link="https://carrier.example/1")
    line = factories.OrderLineFactory(order=world.order, device=shipped, status="shipped", nth=2)
    VendorCall.objects.filter(pk=line.call_id).update(state="confirmed", device=shipped)
    factories.HardwareChangeFactory(device=world.device, old=world.device.hardware_uuid or "A1B2C3D4E5F6")
    world.device.assignments.update(started_at=now - dt.timedelta(days=400))
    former = factories.PatientFactory(clinic=world.elm)
    factories.AssignmentFactory(device=world.device, patient=former, ended_at=now - dt.timedelta(days=400))
    return world


@pytest.fixture
def asked(monkeypatch):
    """By fragment: the questions that were asked while it was rendered."""
    for cache in (fragment_cache.kept, fragment_cache._pattern):
        cache.cache_clear()  # another test may have rendered the same in this process
    found, render = {}, Template._render

    def noting(self, context):
        before = len(connection.queries_log)
        text = render(self, context)
        found.setdefault(self.name, []).extend(query["sql"] for query in list(connection.queries_log)[before:])
        return text

    monkeypatch.setattr(Template, "_render", noting)
    return found


def may(role, policy):
    return policy in ("public", "signed_in") or policy in ACTS_OF_ROLE[role]


def test_no_fragment_of_any_page_asks_the_database_and_each_stands_on_a_page(world, asked):
    for route in routes():
        for role in (Role.CLINICIAN, Role.COORDINATOR):
            if route.policy == "admin" or not may(role, route.policy) or route.pattern == "accounts/logout/":
                continue
            client, address = world.clients[f"{role} here"], route.address(world.values(route))
            with CaptureQueriesContext(connection):
                client.get(address)
                client.get(address, {"panel": "1"})
                client.post(address, {"at": timezone.now().timestamp() * 1000 // 1, "days": 1})

    assert {name: queries for name, queries in asked.items() if name in FRAGMENTS and queries} == {}
    assert FRAGMENTS - set(asked) == OF_PASSKEYS


NAMELESS = re.compile(r'<(?:details|\w+ class="scroll\b[^"]*")(?![^>]*\bid=)[^>]*>')


def test_what_is_scrolled_or_opened_in_a_part_that_refreshes_has_an_id_to_find_it_again():
    refreshing = [name for name in sorted(FRAGMENTS) if "data-live-part" in (TEMPLATES / name).read_text()]
    nameless = [(name, tag) for name in refreshing for tag in NAMELESS.findall((TEMPLATES / name).read_text())]

    assert len(refreshing) > 10
    assert nameless == []

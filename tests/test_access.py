"""Every route x seven people x verbs, with real ids: each does what its declared policy says, and no more.

A route that fails here with "declares no policy" needs `@requires(Act...)`, `@signed_in` or `@public`; one that fails
with "what does <name> stand for" needs a line in `tests.world.World.values`.
"""

import re
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction

from patients.models import AuditEvent, Patient, Role
from patients.permissions import ACTS_OF_ROLE, Act
from tests.routes import routes
from tests.world import CANARIES

pytestmark = pytest.mark.django_db

ALL = routes()
DECLARED = {"public", "signed_in", "admin", "vendor", *Act}
VERBS = ("get", "post")
ODD_VERBS = ("put", "patch", "delete", "options")
ROW_CANARIES = ("canary-kit", "canarynote", "Canary passkey")
CLINIC_CANARIES = ("Elmcanary Clinic", "nadia.canary@", *ROW_CANARIES)
WRITES = re.compile(r'\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+"?(\w+)')
HARMLESS = {"patients_auditevent", "django_session", "devices_hooktally", "django_cache"}
INLINE = re.compile(r"<style|\sstyle=|<script(?![^>]*(src=|application/json))|\son\w+=|javascript:", re.IGNORECASE)


def requests(world, route, who, *, verbs, own=None, unchanged=None):
    """Each verb with Rosa's ids in the address, then in query or body as well; `own`: other ids in the address.

    `unchanged`: how to look at what no request may change, and how it looked before.
    """
    address, client = route.address(world.values(route) | (own or {})), world.clients[who]
    ids = world.ids(route)
    tries = [(verb, address, data) for verb in verbs if verb in VERBS for data in ({}, ids)]
    tries += [(verb, f"{address}?{urlencode(ids)}", urlencode(ids)) for verb in verbs if verb in ODD_VERBS]
    if "post" in verbs:
        tries.append(("post", f"{address}?{urlencode(ids)}", {}))
    start = transaction.savepoint()
    for verb, path, data in tries:
        what, written = f"{verb} {path} as {who}", set()
        with connection.execute_wrapper(noting(written)):
            response = getattr(client, verb)(path, data)
        yield what, response
        # Looked at before it is undone, and only where something was written: six looks for each of 10,000.
        if unchanged and written - HARMLESS:
            now, before = unchanged
            assert now() == before, f"{what} wrote to {', '.join(sorted(written))}"
        if written:
            transaction.savepoint_rollback(start)  # which stays for the next


def noting(tables):
    """Adds the names of tables that are written to."""

    def note(execute, sql, params, many, context):
        tables.update(WRITES.findall(sql))
        return execute(sql, params, many, context)

    return note


def body(response):
    if response.streaming:
        return b"".join(response.streaming_content).decode("utf-8", "replace")
    return response.content.decode("utf-8", "replace")


def shows(response, canaries):
    """In the body, or in a header: a redirect's address is logged by every proxy."""
    text = "\n".join([body(response), *(f"{name}: {value}" for name, value in response.items())])
    return [canary for canary in canaries if canary in text]


def name_of(route):
    return route.pattern or "/"


def test_every_route_declares_a_policy():
    undeclared = [f"{route.pattern} declares no policy" for route in ALL if route.policy not in DECLARED]

    assert undeclared == []


@pytest.mark.parametrize("route", ALL, ids=name_of)
def test_without_an_account_nothing_is_seen_or_changed(world, route):
    unchanged = world.state, world.state_before
    for what, response in requests(world, route, "anonymous", verbs=(*VERBS, *ODD_VERBS), unchanged=unchanged):
        assert not shows(response, (*CANARIES.values(), *CLINIC_CANARIES)), what
        if route.policy == "vendor":
            assert response.status_code in (401, 405), what
        elif route.policy == "public":
            assert response.status_code != 500, what
        else:
            assert response.status_code in (301, 302, 405), f"{what}: {response.status_code}"
            assert response.get("Location", "/login/").partition("?")[0].endswith(("/login/", "/admin/")), what


WRONG = [
    (route, who)
    for route in ALL
    if route.policy == "admin" or isinstance(route.policy, Act)
    for who in ("clinician here", "coordinator here", "administrator here")
    if {"admin": Act.ADMINISTER}.get(route.policy, route.policy) not in ACTS_OF_ROLE[who.split()[0]]
]


@pytest.mark.parametrize(("route", "who"), WRONG, ids=lambda value: value if isinstance(value, str) else name_of(value))
def test_the_wrong_role_is_refused_and_shown_nothing(world, route, who):
    unchanged = world.state, world.state_before
    for what, response in requests(world, route, who, verbs=(*VERBS, *ODD_VERBS), unchanged=unchanged):
        redirected = route.pattern in ("admin/login/", "admin/logout/") and response.status_code == 302
        assert response.status_code == 403 or redirected, f"{what}: {response.status_code}"
        assert not shows(response, (*CANARIES.values(), *ROW_CANARIES)), what


ELSEWHERE = [
    (route, f"{role} elsewhere")
    for route in ALL
    for role in Role.values
    if role and (route.policy == "admin" or isinstance(route.policy, Act))
    if {"admin": Act.ADMINISTER}.get(route.policy, route.policy) in ACTS_OF_ROLE[role]
]


@pytest.mark.parametrize(
    ("route", "who"), ELSEWHERE, ids=lambda value: value if isinstance(value, str) else name_of(value)
)
def test_the_same_role_elsewhere_finds_nothing_of_it(world, route, who):
    """Ids in the address are 404; in query and body they open nothing either."""
    unchanged = world.state, world.state_before
    for what, response in requests(world, route, who, verbs=(*VERBS, *ODD_VERBS), unchanged=unchanged):
        assert response.status_code != 500, what
        assert not shows(response, (*CANARIES.values(), *CLINIC_CANARIES)), what
        if route.names and route.policy != "admin":
            assert response.status_code in (404, 405), f"{what}: {response.status_code}"


OWN_IDS = {"patient_id", "order_id", "line_id", "call_id", "reading_id", "clinic_id", "hwi_id", "device_id"}
# What an address with one of these answers is about a patient, though it may hold values alone and no name.
OF_ONE_PATIENT = OWN_IDS - {"clinic_id"} | {"gateway_id"}
FROM_OWN_PAGE = [
    (route, who) for route, who in ELSEWHERE if route.names and set(route.names) <= OWN_IDS and route.policy != "admin"
]


@pytest.mark.parametrize(
    ("route", "who"), FROM_OWN_PAGE, ids=lambda value: value if isinstance(value, str) else name_of(value)
)
def test_foreign_ids_in_query_and_body_of_ones_own_page_open_nothing(world, route, who):
    unchanged, answered = (world.of_rosa, world.of_rosa_before), set()
    for what, response in requests(world, route, who, verbs=(*VERBS, "put"), own=world.own, unchanged=unchanged):
        answered.add(response.status_code)
        assert response.status_code != 500, what
        assert not shows(response, (*CANARIES.values(), *CLINIC_CANARIES)), what
    assert answered & {200, 204, 302}, f"{route.pattern}: the page was never reached, so nothing was tried: {answered}"


RIGHT = [
    (route, f"{role} here")
    for route in ALL
    for role in Role.values
    if role and (route.policy in ("public", "signed_in", "admin") or isinstance(route.policy, Act))
    if route.policy in ("public", "signed_in")
    or {"admin": Act.ADMINISTER}.get(route.policy, route.policy) in ACTS_OF_ROLE[role]
]


@pytest.mark.parametrize(("route", "who"), RIGHT, ids=lambda value: value if isinstance(value, str) else name_of(value))
def test_the_right_role_gets_through_and_what_it_sees_of_a_patient_is_written_down(world, route, who):
    for verb in VERBS:
        looks = AuditEvent.objects.filter(patient_ids__contains=[world.rosa.pk])
        seen = looks.count()
        for what, response in requests(world, route, who, verbs=(verb,)):
            assert response.status_code != 500, what
            if isinstance(route.policy, Act):
                assert response.status_code not in (403, 404), f"{what}: {response.status_code}"
            assert "no-store" in response["Cache-Control"], what
            assert not INLINE.search(body(response)), f"{what}: {INLINE.search(body(response))[0]} breaks the CSP"
            about_her = response.status_code == 200 and set(route.names) & OF_ONE_PATIENT
            if about_her or shows(response, CANARIES.values()):
                assert looks.count() > seen, f"{what} shows a patient, and no audit row says so"


def test_what_a_request_changes_is_noticed_before_it_is_rolled_back(world, monkeypatch):
    class Meddler:
        def post(self, path, data):
            Patient.objects.filter(pk=world.rosa.pk).update(edition=99)

    monkeypatch.setitem(world.clients, "anonymous", Meddler())

    with pytest.raises(AssertionError, match="wrote to patients_patient"):
        list(requests(world, ALL[0], "anonymous", verbs=("post",), unchanged=(world.state, world.state())))


def test_the_tests_above_walk_every_kind_of_route():
    assert {route.policy for route in ALL} == {*DECLARED} - {Act.ADMINISTER}
    assert len(WRONG) > 50
    assert len(ELSEWHERE) > 50
    assert len(FROM_OWN_PAGE) > 15

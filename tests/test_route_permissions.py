"""Access policy of every route: seven users, real ids, all HTTP methods.

A route that fails with "declares no policy" needs `@requires_permission(...)`, `@requires_sign_in` or
`@allow_anonymous`; one that fails with "add a value for <name>" needs a line in `SampleClinics.values`.
"""

import re
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction

from patients.models import AuditEvent, Patient, Role
from patients.permissions import PERMISSIONS_BY_ROLE, Permission
from tests.routes import list_routes
from tests.sample_clinics import CANARIES, restored_cookies

pytestmark = pytest.mark.django_db

ALL = list_routes()
DECLARED = {"public", "signed_in", "admin", "vendor", *Permission}
VERBS = ("get", "post")
ODD_VERBS = ("put", "patch", "delete", "options")
REDIRECTING = ("admin/login/", "admin/logout/")  # to the product's own pages
ROW_CANARIES = ("canary-kit", "canarynote", "Canary passkey")
# A practitioner is the clinic's: forms offer the names of all of them.
PATIENT_CANARIES = tuple(value for field, value in CANARIES.items() if field != "provider")
CLINIC_CANARIES = ("Elmcanary Clinic", "nadia.canary@", *ROW_CANARIES)
WRITES = re.compile(r'\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+"?(\w+)')
HARMLESS = {"patients_auditevent", "django_session", "devices_webhookcount", "django_cache"}
INLINE = re.compile(r"<style|\sstyle=|<script(?![^>]*(src=|application/json))|\son\w+=|javascript:", re.IGNORECASE)


def send_requests(world, route, who, *, verbs, own=None, unchanged=None):
    """Each verb with Rosa's ids in the address, then in query and body as well; `own`: other ids in the address.

    The admin's lists refuse a query that they don't know before they read a body, so there a POST has ids in the body.
    `unchanged`: a function that reads what no request may change, and its result before.
    """
    address, client = route.address(world.values(route) | (own or {})), world.clients[who]
    ids = world.ids(route)
    queried = f"{address}?{urlencode(ids)}"
    with_ids = {"get": queried, "post": address if route.policy == "admin" else queried}
    tries = [(verb, address, {}) for verb in verbs if verb in VERBS]
    tries += [(verb, with_ids[verb], ids) for verb in verbs if verb in VERBS]
    tries += [(verb, queried, urlencode(ids)) for verb in verbs if verb in ODD_VERBS]
    start = transaction.savepoint()
    for verb, path, data in tries:
        what, written = f"{verb} {path} as {who}", set()
        with connection.execute_wrapper(record_written_tables(written)):
            response = getattr(client, verb)(path, data)
        yield what, response
        # Compared before the rollback, and only where something was written: it takes six queries.
        if unchanged and written - HARMLESS:
            now, before = unchanged
            assert now() == before, f"{what} wrote to {', '.join(sorted(written))}"
        if written:
            transaction.savepoint_rollback(start)  # reused by the next request


def record_written_tables(tables):
    """Adds the names of tables that statements write to."""

    def note(execute, sql, params, many, context):
        tables.update(WRITES.findall(sql))
        return execute(sql, params, many, context)

    return note


def response_text(response):
    if response.streaming:
        return b"".join(response.streaming_content).decode("utf-8", "replace")
    return response.content.decode("utf-8", "replace")


def canaries_shown(response, canaries):
    """In the body or in a header, since proxies log the address of a redirect."""
    text = "\n".join([response_text(response), *(f"{name}: {value}" for name, value in response.items())])
    return [canary for canary in canaries if canary in text]


def route_id(route):
    return route.pattern or "/"


def test_every_route_declares_access_policy():
    undeclared = [f"{route.pattern} declares no policy" for route in ALL if route.policy not in DECLARED]

    assert undeclared == []


@pytest.mark.parametrize("route", ALL, ids=route_id)
def test_route_without_account_shows_and_changes_nothing(sample_clinics, route):
    unchanged = sample_clinics.state, sample_clinics.state_before
    for what, response in send_requests(
        sample_clinics, route, "anonymous", verbs=(*VERBS, *ODD_VERBS), unchanged=unchanged
    ):
        assert not canaries_shown(response, (*CANARIES.values(), *CLINIC_CANARIES)), what
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
    if route.policy == "admin" or isinstance(route.policy, Permission)
    for who in ("clinician here", "coordinator here", "administrator here")
    if {"admin": Permission.ADMINISTER}.get(route.policy, route.policy) not in PERMISSIONS_BY_ROLE[who.split()[0]]
]


def verbs_for(cases, route, who):
    """PUT, PATCH, DELETE and OPTIONS once per route and not for every role: access is checked before the method."""
    first = next(other for each, other in cases if each is route)
    return (*VERBS, *ODD_VERBS) if who == first else VERBS


def verbs_elsewhere(route, who):
    """Of the odd verbs one for the admin, whose guard refuses all: `tests/patients/admin/test_site.py` tries each."""
    return (*VERBS, "put") if route.policy == "admin" else verbs_for(ELSEWHERE, route, who)


@pytest.mark.parametrize(
    ("route", "who"), WRONG, ids=lambda value: value if isinstance(value, str) else route_id(value)
)
def test_route_for_wrong_role_is_forbidden_and_shows_nothing(sample_clinics, route, who):
    unchanged = sample_clinics.state, sample_clinics.state_before
    for what, response in send_requests(
        sample_clinics, route, who, verbs=verbs_for(WRONG, route, who), unchanged=unchanged
    ):
        redirected = route.pattern in REDIRECTING and response.status_code == 302
        assert response.status_code == 403 or redirected, f"{what}: {response.status_code}"
        assert not canaries_shown(response, (*CANARIES.values(), *ROW_CANARIES)), what


ELSEWHERE = [
    (route, f"{role} elsewhere")
    for route in ALL
    for role in Role.values
    if role and (route.policy == "admin" or isinstance(route.policy, Permission))
    if {"admin": Permission.ADMINISTER}.get(route.policy, route.policy) in PERMISSIONS_BY_ROLE[role]
]


@pytest.mark.parametrize(
    ("route", "who"), ELSEWHERE, ids=lambda value: value if isinstance(value, str) else route_id(value)
)
def test_route_for_same_role_in_other_clinic_is_not_found(sample_clinics, route, who):
    """Ids in the address are 404; in query and body they open nothing either."""
    unchanged = sample_clinics.state, sample_clinics.state_before
    for what, response in send_requests(
        sample_clinics, route, who, verbs=verbs_elsewhere(route, who), unchanged=unchanged
    ):
        assert response.status_code != 500, what
        assert not canaries_shown(response, (*CANARIES.values(), *CLINIC_CANARIES)), what
        if route.names and route.policy != "admin":
            assert response.status_code in (404, 405), f"{what}: {response.status_code}"
        if route.policy == "admin" and what.startswith(ODD_VERBS) and route.pattern not in REDIRECTING:
            assert response.status_code == 405, f"{what}: {response.status_code}"


OWN_IDS = {
    *("absence_id", "note_id", "patient_id", "order_id", "line_id", "call_id", "reading_id", "clinic_id", "hwi_id"),
    *("device_id", "item_id"),
}
# A page with one of these in its address shows a patient's data, even where it holds no name.
OF_ONE_PATIENT = OWN_IDS - {"absence_id", "clinic_id"} | {"gateway_id"}
FROM_OWN_PAGE = [
    (route, who) for route, who in ELSEWHERE if route.names and set(route.names) <= OWN_IDS and route.policy != "admin"
]


@pytest.mark.parametrize(
    ("route", "who"), FROM_OWN_PAGE, ids=lambda value: value if isinstance(value, str) else route_id(value)
)
def test_route_ignores_other_clinics_ids_in_query_and_body(sample_clinics, route, who):
    unchanged, answered = (sample_clinics.of_rosa, sample_clinics.of_rosa_before), set()
    for what, response in send_requests(
        sample_clinics, route, who, verbs=(*VERBS, "put"), own=sample_clinics.own, unchanged=unchanged
    ):
        answered.add(response.status_code)
        assert response.status_code != 500, what
        assert not canaries_shown(response, (*CANARIES.values(), *CLINIC_CANARIES)), what
    assert answered & {200, 204, 302}, f"{route.pattern}: the page was never reached, so nothing was tried: {answered}"


RIGHT = [
    (route, f"{role} here")
    for route in ALL
    for role in Role.values
    if role and (route.policy in ("public", "signed_in", "admin") or isinstance(route.policy, Permission))
    if route.policy in ("public", "signed_in")
    or {"admin": Permission.ADMINISTER}.get(route.policy, route.policy) in PERMISSIONS_BY_ROLE[role]
]


@pytest.mark.parametrize(
    ("route", "who"), RIGHT, ids=lambda value: value if isinstance(value, str) else route_id(value)
)
def test_route_for_permitted_role_succeeds_and_writes_audit_of_patient_view(sample_clinics, route, who):
    for verb in VERBS:
        events = AuditEvent.objects.filter(patient_ids__contains=[sample_clinics.rosa.pk])
        before = events.count()
        for what, response in send_requests(sample_clinics, route, who, verbs=(verb,)):
            assert response.status_code != 500, what
            if isinstance(route.policy, Permission):
                assert response.status_code not in (403, 404), f"{what}: {response.status_code}"
                assert "/login/" not in response.get("Location", ""), f"{what}: nobody is signed in"
            assert "no-store" in response["Cache-Control"], what
            assert not INLINE.search(response_text(response)), (
                f"{what}: {INLINE.search(response_text(response))[0]} breaks the CSP"
            )
            shows_patient = response.status_code == 200 and set(route.names) & OF_ONE_PATIENT
            if shows_patient or canaries_shown(response, PATIENT_CANARIES):
                assert events.count() > before, f"{what} shows a patient, without an audit event"


def test_route_check_detects_write_before_rollback(sample_clinics, monkeypatch):
    class Meddler:
        def post(self, path, data):
            Patient.objects.filter(pk=sample_clinics.rosa.pk).update(edit_version=99)

    monkeypatch.setitem(sample_clinics.clients, "anonymous", Meddler())

    with pytest.raises(AssertionError, match="wrote to patients_patient"):
        list(
            send_requests(
                sample_clinics,
                ALL[0],
                "anonymous",
                verbs=("post",),
                unchanged=(sample_clinics.state, sample_clinics.state()),
            )
        )


def test_sign_out_and_cookies_of_one_test_do_not_reach_the_next(sample_clinics):
    clients = {"anyone": sample_clinics.clients["clinician here"]}
    with restored_cookies(clients):
        clients["anyone"].post("/accounts/logout/")
        clients["anyone"].cookies["messages"] = CANARIES["given_name"]

    assert "messages" not in clients["anyone"].cookies
    assert clients["anyone"].cookies["sessionid"].value


def test_route_checks_cover_every_access_policy():
    assert {route.policy for route in ALL} == {*DECLARED} - {Permission.ADMINISTER}
    assert len(WRONG) > 50
    assert len(ELSEWHERE) > 50
    assert len(FROM_OWN_PAGE) > 15

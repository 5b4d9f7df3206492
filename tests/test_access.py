"""Every route x seven people x verbs, with real ids: each does what its declared policy says, and no more.

A route that fails here with "declares no policy" needs `@requires(Act...)`, `@signed_in` or `@public`; one that fails
with "what does <name> stand for" needs a line in `World.values`.
"""

import datetime as dt
import re
import uuid
from urllib.parse import urlencode

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db import transaction
from django.test import Client

from devices.models import Assignment, Device, VendorCall
from fulfillment.models import Order, OrderLine
from patients import audit
from patients.access import ACTS_OF_ROLE, Act
from patients.models import AuditEvent, Patient, Role
from tests import factories
from tests.routes import routes

pytestmark = pytest.mark.django_db

ALL = routes()
DECLARED = {"public", "signed_in", "admin", "vendor", *Act}
VERBS = ("get", "post")
ODD_VERBS = ("put", "patch", "delete", "options")
# In every field of Rosa's and of what hangs on her: found in a body, the body shows her.
CANARIES = {
    "given_name": "Canarygiven",
    "family_name": "Canaryfamily",
    "mrn": "CANARY-MRN",
    "phone": "+16035550188",
    "street": "77 Canary Street",
    "street_2": "Canary floor",
    "city": "Canaryville",
    "provider": "Dr. Canarydoctor",
    "external_id": "acct-canary",
}
ROW_CANARIES = ("canary-kit", "canarynote", "Canary passkey")
CLINIC_CANARIES = ("Elmcanary Clinic", "nadia.canary@", *ROW_CANARIES)
INLINE = re.compile(r"<style|\sstyle=|<script(?![^>]*(src=|application/json))|\son\w+=|javascript:", re.IGNORECASE)


class World:
    """One clinic with one of everything, all of it marked; and the same roles in another clinic."""

    def __init__(self):
        self.elm = factories.ClinicFactory(name="Elmcanary Clinic")
        self.harbor = factories.ClinicFactory(name="Harbor Clinic")
        self.rosa = factories.PatientFactory(clinic=self.elm, birth_date=dt.date(1951, 4, 9), **CANARIES)
        self.people = {
            "anonymous": None,
            **{f"{role} here": self.person(role, self.elm) for role in Role.values if role},
            **{f"{role} elsewhere": self.person(role, self.harbor) for role in Role.values if role},
        }
        # Of a colleague who visits nothing: nobody's own, so its name is seen by nobody.
        self.passkey = passkey_of(factories.UserFactory(clinics=[self.elm]), name="Canary passkey")
        self.device = factories.DeviceFactory(patient=self.rosa, client_notes="canarynote")
        self.reading = factories.MeasurementFactory(device=self.device, code="weight")
        factories.LatestReadingFactory(measurement=self.reading)
        factories.OverviewFactory(patient=self.rosa)
        factories.ThresholdChangeFactory(patient=self.rosa, by=self.people["clinician here"])
        self.kit = factories.KitFactory(clinic=self.elm, name="canary-kit")
        self.order = factories.OrderFactory(
            patient=self.rosa, kit=self.kit, placed_by=self.people["coordinator here"], lines=1
        )
        self.line = self.order.lines.get()
        factories.OrderEventFactory(order=self.order, line=self.line, text="canarynote")
        factories.SyncRowFactory(patient=self.rosa)
        factories.SpecialOrderFactory(patient=self.rosa)
        self.delivery = factories.DeliveryFactory(body=b'{"name": "canarynote"}', hwi_id=self.device.hwi_id)
        audit.record(AuditEvent.Action.VIEW, by=self.people["clinician here"], patients=[self.rosa.pk], clinic=self.elm)
        self.own = self.elsewhere()
        self.clients = {name: signed_in(user) for name, user in self.people.items()}

    def elsewhere(self):
        """What people of the other clinic may open: the ids of their own addresses."""
        patient = factories.PatientFactory(clinic=self.harbor, external_id="acct-harbor")
        device = factories.DeviceFactory(patient=patient)
        order = factories.OrderFactory(
            patient=patient,
            kit=factories.KitFactory(clinic=self.harbor),
            placed_by=self.people["coordinator elsewhere"],
            lines=1,
        )
        line = order.lines.get()
        reading = factories.MeasurementFactory(device=device, code="weight")
        return {
            "patient_id": patient.pk,
            "order_id": order.pk,
            "line_id": line.pk,
            "call_id": line.call_id,
            "reading_id": reading.pk,
            "clinic_id": self.harbor.pk,
            "hwi_id": device.hwi_id,
            "device_id": device.pk,
        }

    def person(self, role, clinic):
        at = "nadia.canary@elm.example" if clinic == self.elm else "nadia@harbor.example"
        return factories.UserFactory(email=f"{role}.{at}", name="Somebody", role=role, clinics=[clinic])

    def values(self, route):
        """A real value for each name in an address."""
        known = {
            "patient_id": self.rosa.pk,
            "order_id": self.order.pk,
            "line_id": self.line.pk,
            "call_id": self.line.call_id,
            "reading_id": self.reading.pk,
            "clinic_id": self.elm.pk,
            "hwi_id": self.device.hwi_id,
            "gateway_id": self.device.gateway.public_id,
            "device_id": self.device.pk,
            "token": signing.dumps([0, "forged"]),
            "uidb36": "1",
            "key": "set-password",
            "pk": self.passkey.pk,
            "app_label": "patients",
            "url": "patients/none",
            "kind": "devices",
            "content_type_id": ContentType.objects.get_for_model(Patient).pk,
        }
        known["object_id"] = self.selected(route)
        for name in route.names:
            assert name in known, f"tests/test_access.py: what does <{name}> stand for? {route.pattern}"
        return known

    def selected(self, route):
        return self.one_of(apps.get_model(*route.admin_model)).pk if route.admin_model else self.rosa.pk

    def one_of(self, model):
        """A row that belongs to Rosa's clinic, or to nobody."""
        own = {
            type(row): row for row in (self.elm, self.people["clinician here"], self.rosa, self.device, self.delivery)
        }
        found = own.get(model) or model._default_manager.order_by("pk").first()
        factory = f"{model.__name__}Factory"
        assert found or hasattr(factories, factory), f"tests/factories.py has no {factory}"
        return found or getattr(factories, factory)()

    def ids(self, route):
        """Rosa's ids as query and body, under every name that a view might read."""
        return {
            **dict.fromkeys(("patient", "patient_id", "p"), self.rosa.pk),
            **dict.fromkeys(("order", "order_id"), self.order.pk),
            **dict.fromkeys(("line", "line_id"), self.line.pk),
            **dict.fromkeys(("device", "device_id"), self.device.pk),
            **dict.fromkeys(("kit", "kit_id"), self.kit.pk),
            "hwi_id": self.device.hwi_id,
            "clinic": self.elm.pk,
            "submission_id": uuid.uuid4(),
            "_selected_action": self.selected(route),
            "action": "deactivate",
            "v": 0,
            "at": 1_790_000_000_000,
            "days": 1,
        }

    def of_rosa(self):
        """What nobody elsewhere changes, whatever of their own they do."""
        lines = OrderLine.objects.filter(order__patient=self.rosa).order_by("pk")
        return (
            list(Patient.objects.filter(pk=self.rosa.pk).values()),
            [model.objects.filter(patient=self.rosa).count() for model in (Order, OrderLine, VendorCall, Device)],
            list(Assignment.objects.filter(patient=self.rosa).values()),
            list(VendorCall.objects.filter(patient=self.rosa).order_by("pk").values_list("state", "attempts")),
            list(lines.values_list("status", "closed_at")),
            list(Device.objects.filter(pk=self.device.pk).values()),
            list(type(self.reading).objects.filter(pk=self.reading.pk).values()),
        )

    def state(self):
        """What a refused request must leave as it was."""
        rosa = Patient.objects.get(pk=self.rosa.pk)
        return (
            [rosa.version, rosa.edition, rosa.discharged_at, rosa.clinic_id],
            [model.objects.count() for model in (Patient, Order, OrderLine, VendorCall, Device, Assignment)],
            list(VendorCall.objects.order_by("pk").values_list("state", flat=True)),
            list(OrderLine.objects.order_by("pk").values_list("status", "closed_at")),
            {user.pk: (user.is_active, user.role) for user in type(self.people["clinician here"]).objects.all()},
        )


def passkey_of(user, *, name):
    return Authenticator.objects.create(user=user, type="webauthn", data={"name": name, "credential": {}})


def signed_in(user):
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
    return client


@pytest.fixture(scope="module")
def shared_world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture
def world(shared_world, db):
    """Built once; what a test changes ends with it (`db` nests inside the world's own transaction)."""
    return shared_world


def requests(world, route, who, *, verbs, own=None):
    """Each verb with Rosa's ids in the address, then in query or body as well; `own`: other ids in the address."""
    address, client = route.address(world.values(route) | (own or {})), world.clients[who]
    ids = world.ids(route)
    tries = [(verb, address, data) for verb in verbs if verb in VERBS for data in ({}, ids)]
    tries += [(verb, f"{address}?{urlencode(ids)}", urlencode(ids)) for verb in verbs if verb in ODD_VERBS]
    if "post" in verbs:
        tries.append(("post", f"{address}?{urlencode(ids)}", {}))
    for verb, path, data in tries:
        with transaction.atomic():
            yield f"{verb} {path} as {who}", getattr(client, verb)(path, data)
            transaction.set_rollback(True)


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
    before = world.state()
    for what, response in requests(world, route, "anonymous", verbs=(*VERBS, *ODD_VERBS)):
        assert not shows(response, (*CANARIES.values(), *CLINIC_CANARIES)), what
        if route.policy == "vendor":
            assert response.status_code in (401, 405), what
        elif route.policy == "public":
            assert response.status_code != 500, what
        else:
            assert response.status_code in (301, 302, 405), f"{what}: {response.status_code}"
            assert response.get("Location", "/login/").partition("?")[0].endswith(("/login/", "/admin/")), what
    assert world.state() == before


WRONG = [
    (route, who)
    for route in ALL
    if route.policy == "admin" or isinstance(route.policy, Act)
    for who in ("clinician here", "coordinator here", "administrator here")
    if {"admin": Act.ADMINISTER}.get(route.policy, route.policy) not in ACTS_OF_ROLE[who.split()[0]]
]


@pytest.mark.parametrize(("route", "who"), WRONG, ids=lambda value: value if isinstance(value, str) else name_of(value))
def test_the_wrong_role_is_refused_and_shown_nothing(world, route, who):
    before = world.state()
    for what, response in requests(world, route, who, verbs=(*VERBS, *ODD_VERBS)):
        redirected = route.pattern in ("admin/login/", "admin/logout/") and response.status_code == 302
        assert response.status_code == 403 or redirected, f"{what}: {response.status_code}"
        assert not shows(response, (*CANARIES.values(), *ROW_CANARIES)), what
    assert world.state() == before


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
    before = world.state()
    for what, response in requests(world, route, who, verbs=(*VERBS, *ODD_VERBS)):
        assert response.status_code != 500, what
        assert not shows(response, (*CANARIES.values(), *CLINIC_CANARIES)), what
        if route.names and route.policy != "admin":
            assert response.status_code in (404, 405), f"{what}: {response.status_code}"
    assert world.state() == before


OWN_IDS = {"patient_id", "order_id", "line_id", "call_id", "reading_id", "clinic_id", "hwi_id", "device_id"}
FROM_OWN_PAGE = [
    (route, who) for route, who in ELSEWHERE if route.names and set(route.names) <= OWN_IDS and route.policy != "admin"
]


@pytest.mark.parametrize(
    ("route", "who"), FROM_OWN_PAGE, ids=lambda value: value if isinstance(value, str) else name_of(value)
)
def test_foreign_ids_in_query_and_body_of_ones_own_page_open_nothing(world, route, who):
    before, answered = world.of_rosa(), set()
    for what, response in requests(world, route, who, verbs=(*VERBS, "put"), own=world.own):
        answered.add(response.status_code)
        assert response.status_code != 500, what
        assert not shows(response, (*CANARIES.values(), *CLINIC_CANARIES)), what
        assert world.of_rosa() == before, what
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
            if shows(response, CANARIES.values()):
                assert looks.count() > seen, f"{what} shows a patient, and no audit row says so"


def test_the_tests_above_walk_every_kind_of_route():
    assert {route.policy for route in ALL} == {*DECLARED} - {Act.ADMINISTER}
    assert len(WRONG) > 50
    assert len(ELSEWHERE) > 50
    assert len(FROM_OWN_PAGE) > 15

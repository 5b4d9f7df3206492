"""One of everything in a clinic, with recognisable values, and the same roles in another: for tests of all routes.

A pytest plugin, listed in `tests/conftest.py`.
"""

import contextlib
import copy
import datetime as dt
import time
import uuid
from functools import cached_property

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db import transaction
from django.test import Client

from devices.models import Assignment, Device, VendorCall
from fulfillment.models import Kit, Order, OrderLine
from measurements.models import Threshold, ThresholdChange
from patients.accounts import session_timeout
from patients.audit import audit_log
from patients.care.models import Absence, CareTeamMember, NoteVersion
from patients.models import AuditEvent, Clinic, Patient, Role
from tests import factories

# Values of Rosa's fields: a response that contains one shows her data.
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


IMPORTED_CELLS = [CANARIES["family_name"], CANARIES["given_name"], "1951-04-09", CANARIES["mrn"], "03301"]


class SampleClinics:
    """One clinic with one of everything, with recognisable values; and the same roles in another clinic."""

    def __init__(self):
        self.elm = factories.ClinicFactory(name="Elmcanary Clinic")
        self.harbor = factories.ClinicFactory(name="Harbor Clinic")
        self.rosa = factories.PatientFactory(clinic=self.elm, birth_date=dt.date(1951, 4, 9), **CANARIES)
        self.people = {
            "anonymous": None,
            **{f"{role} here": self.person(role, self.elm) for role in Role.values if role},
            **{f"{role} elsewhere": self.person(role, self.harbor) for role in Role.values if role},
        }
        # Of a colleague who opens no page, so its name must appear in no response.
        self.passkey = create_passkey(factories.UserFactory(clinics=[self.elm]), name="Canary passkey")
        self.device = factories.DeviceFactory(patient=self.rosa, client_notes="canarynote")
        self.reading = factories.MeasurementFactory(device=self.device, code="weight")
        factories.LatestReadingFactory(measurement=self.reading)
        factories.PatientSummaryFactory(patient=self.rosa)
        self.change = factories.ThresholdChangeFactory(patient=self.rosa, by=self.people["clinician here"])
        self.kit = factories.KitFactory(clinic=self.elm, name="canary-kit")
        self.order = factories.OrderFactory(
            patient=self.rosa, kit=self.kit, placed_by=self.people["coordinator here"], lines=1
        )
        self.line = self.order.lines.get()
        self.batch = factories.OrderBatchFactory(
            clinic=self.elm, kit=self.kit, placed_by=self.people["coordinator here"]
        )
        factories.BatchItemFactory(batch=self.batch, patient=self.rosa, state="placed", order=self.order)
        self.absence = factories.AbsenceFactory(clinic=self.elm)
        self.item = factories.WorklistItemFactory(device=self.device)
        self.consent = factories.ConsentFactory(patient=self.rosa)
        self.note = factories.OrderNoteFactory(order=self.order, note__due_on=dt.date(2026, 1, 5)).note
        factories.OrderEventFactory(order=self.order, line=self.line, text="canarynote")
        factories.SyncRowFactory(patient=self.rosa)
        self.special_order = factories.SpecialOrderFactory(patient=self.rosa)
        self.stock_item = factories.StockItemFactory(special_order=self.special_order)
        factories.StockCorrectionFactory(item=self.stock_item)
        self.patient_import = factories.PatientImportFactory(clinic=self.elm, state="finished", run=1, dry_run=False)
        factories.StoredFilePartFactory(stored_file=self.patient_import.stored_file)
        factories.ImportRowFactory(
            patient_import=self.patient_import, run=1, state="enrolled", patient=self.rosa, cells=IMPORTED_CELLS
        )
        self.replacement = factories.ReplacementFactory(device=self.device, patient=self.rosa)
        factories.TriageEntryFactory(
            patient=self.rosa,
            section="warning",
            rank=1,
            is_unacknowledged=True,
            checks={"this_reading": [self.reading.pk]},
        )
        self.episode = factories.AlertEpisodeFactory(patient=self.rosa, metric="weight")
        self.shared_filter = factories.SharedTriageFilterFactory(clinic=self.elm)
        self.review = factories.PatientReviewFactory(patient=self.rosa, by=self.people["clinician here"])
        self.delivery = factories.DeliveryFactory(body=b'{"name": "canarynote"}', hwi_id=self.device.hwi_id)
        audit_log.record_event(
            AuditEvent.Action.VIEW, by=self.people["clinician here"], patients=[self.rosa.pk], clinic=self.elm
        )
        self.pause = factories.MeasuringPauseFactory(patient=self.rosa)
        factories.PresetConfirmationFactory(patient=self.rosa)
        self.elm.rule_editors.add(self.people["clinician here"])
        self.harbor.rule_editors.add(self.people["clinician elsewhere"])
        self.backtest = factories.BacktestRunFactory(clinic=self.elm, by=self.people["clinician here"])
        self.approval = factories.LineApprovalFactory(patient=self.rosa)
        self.billing_line = factories.BillingLineFactory(patient=self.rosa, status="approved", approval=self.approval)
        self.time_session = factories.TimeSessionFactory(
            patient=self.rosa, person=self.people["coordinator here"], done="canarynote"
        )
        self.own = self.elsewhere()
        self.clients = {name: signed_in_client(user) for name, user in self.people.items()}

    def elsewhere(self):
        """Ids that users of the other clinic may open."""
        patient = factories.PatientFactory(clinic=self.harbor, external_id="acct-harbor")
        device = factories.DeviceFactory(patient=patient)
        order = factories.OrderFactory(
            patient=patient,
            kit=factories.KitFactory(clinic=self.harbor),
            placed_by=self.people["coordinator elsewhere"],
            lines=1,
        )
        line = order.lines.get()
        batch = factories.OrderBatchFactory(
            clinic=self.harbor, kit=order.kit, placed_by=self.people["coordinator elsewhere"]
        )
        factories.BatchItemFactory(batch=batch, patient=patient, state="placed", order=order)
        reading = factories.MeasurementFactory(device=device, code="weight")
        note = factories.NoteFactory(patient=patient)
        stock_item = factories.StockItemFactory(special_order__patient=patient)
        return {
            "episode_id": factories.AlertEpisodeFactory(patient=patient).pk,
            "review_id": factories.PatientReviewFactory(patient=patient).pk,
            "filter_id": factories.SharedTriageFilterFactory(clinic=self.harbor).pk,
            "note_id": note.pk,
            "pause_id": factories.MeasuringPauseFactory(patient=patient).pk,
            "approval_id": factories.LineApprovalFactory(patient=patient).pk,
            "billing_line_id": factories.BillingLineFactory(patient=patient).pk,
            "run_id": factories.BacktestRunFactory(clinic=self.harbor, by=self.people["clinician elsewhere"]).pk,
            "code": "bp_severe",
            "change_id": factories.ThresholdChangeFactory(patient=patient).pk,
            "item_id": factories.WorklistItemFactory(device=device).pk,
            "replacement_id": factories.ReplacementFactory(device=device).pk,
            "special_order_id": stock_item.special_order_id,
            "stock_item_id": stock_item.pk,
            "absence_id": factories.AbsenceFactory(clinic=self.harbor).pk,
            "fact": "consent",
            "fact_id": factories.ConsentFactory(patient=patient).pk,
            "session_id": factories.TimeSessionFactory(patient=patient).pk,
            "patient_id": patient.pk,
            "order_id": order.pk,
            "batch_id": batch.pk,
            "line_id": line.pk,
            "call_id": line.call_id,
            "reading_id": reading.pk,
            "clinic_id": self.harbor.pk,
            "import_id": factories.PatientImportFactory(clinic=self.harbor).pk,
            "hwi_id": device.hwi_id,
            "device_id": device.pk,
        }

    def person(self, role, clinic):
        at = "nadia.canary@elm.example" if clinic == self.elm else "nadia@harbor.example"
        keeps_billing = role in (Role.CLINICIAN, Role.COORDINATOR)
        return factories.UserFactory(
            email=f"{role}.{at}", name="Somebody", role=role, clinics=[clinic], keeps_billing=keeps_billing
        )

    def values(self, route):
        """A real value for each name in an address."""
        known = {
            "patient_id": self.rosa.pk,
            "order_id": self.order.pk,
            "line_id": self.line.pk,
            "batch_id": self.batch.pk,
            "call_id": self.line.call_id,
            "reading_id": self.reading.pk,
            "note_id": self.note.pk,
            "pause_id": self.pause.pk,
            "run_id": self.backtest.pk,
            "approval_id": self.approval.pk,
            "billing_line_id": self.billing_line.pk,
            "code": "bp_severe",
            "change_id": self.change.pk,
            "episode_id": self.episode.pk,
            "review_id": self.review.pk,
            "filter_id": self.shared_filter.pk,
            "item_id": self.item.pk,
            "replacement_id": self.replacement.pk,
            "absence_id": self.absence.pk,
            "session_id": self.time_session.pk,
            "clinic_id": self.elm.pk,
            "import_id": self.patient_import.pk,
            "special_order_id": self.special_order.pk,
            "stock_item_id": self.stock_item.pk,
            "hwi_id": self.device.hwi_id,
            "gateway_id": self.device.gateway.public_id,
            "device_id": self.device.pk,
            "fact": "consent",
            "fact_id": self.consent.pk,
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
            assert name in known, f"tests/sample_clinics.py: add a value for <{name}> of {route.pattern}"
        return known

    def selected(self, route):
        return self.one_of(apps.get_model(*route.admin_model)).pk if route.admin_model else self.rosa.pk

    def one_of(self, model):
        """A row of Rosa's clinic, or of no clinic."""
        own = {
            type(row): row for row in (self.elm, self.people["clinician here"], self.rosa, self.device, self.delivery)
        }
        found = own.get(model) or model._default_manager.order_by("pk").first()
        factory = f"{model.__name__}Factory"
        assert found or hasattr(factories, factory), f"tests/factories has no {factory}"
        return found or getattr(factories, factory)()

    def ids(self, route):
        """Rosa's ids for query and body, under every name that a view might read."""
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
            "days": 7,
            "day": "2026-01-05",
        }

    def of_rosa(self):
        """Rosa's rows, which no request of another clinic's user may change."""
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
        """Rows that a refused request must not change."""
        rosa = Patient.objects.get(pk=self.rosa.pk)
        return (
            [rosa.live_version, rosa.edit_version, rosa.discharged_at, rosa.clinic_id],
            [model.objects.count() for model in (Patient, Order, OrderLine, VendorCall, Device, Assignment)],
            list(VendorCall.objects.order_by("pk").values_list("state", flat=True)),
            list(OrderLine.objects.order_by("pk").values_list("status", "closed_at")),
            {user.pk: (user.is_active, user.role) for user in type(self.people["clinician here"]).objects.all()},
            [(model.objects.count(), model.objects.filter(withdrawn_at=None).count()) for model in (Absence,)],
            [
                model.objects.count()
                for model in (NoteVersion, CareTeamMember, Threshold, ThresholdChange, Kit, Clinic, Authenticator)
            ],
            self.of_rosa(),
        )

    @cached_property
    def state_before(self):
        """The state before each test, since every test is rolled back."""
        return self.state()

    @cached_property
    def of_rosa_before(self):
        return self.of_rosa()


def create_passkey(user, *, name):
    return Authenticator.objects.create(user=user, type="webauthn", data={"name": name, "credential": {}})


def signed_in_client(user):
    """Last active in an hour, so that none of 10,000 requests writes its activity to the session."""
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
        session = client.session
        session[session_timeout.LAST_ACTIVE_AT_KEY] = time.time() + 60 * 60
        session.save()
    return client


@contextlib.contextmanager
def restored_cookies(clients):
    """A sign-out, and any other cookie, ends with its test, as its rows do."""
    before = [(client, copy.deepcopy(client.cookies)) for client in clients.values()]
    yield
    for client, cookies in before:
        client.cookies = cookies


@pytest.fixture(scope="module")
def shared_sample_clinics(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield SampleClinics()
        transaction.set_rollback(True)


@pytest.fixture
def sample_clinics(shared_sample_clinics, db):
    """Built once per module; changes of a test are rolled back (`db` nests inside the fixture's transaction)."""
    with restored_cookies(shared_sample_clinics.clients):
        yield shared_sample_clinics

"""Admin change pages: readable labels, patients by name, no internal fields, and an audit event for each view."""

import html
import re

import pytest
from django.contrib.admin.sites import site
from django.urls import reverse
from django.utils.formats import date_format

from measurements.models import Threshold
from patients.admin_site.base import ReadOnlyAdmin
from patients.audit import audit_log, display
from patients.models import AuditEvent
from patients.models.audit import AuditAction
from tests import factories
from tests.routes import list_routes
from tests.test_admin_changelist_queries import create_row

pytestmark = pytest.mark.django_db
COLUMN_LIKE_LABEL = re.compile(r".* (at|on|ids?|uuid|until|[12])$|.*_")
ALLOWED_LABELS = {
    "What this person viewed",
    "HWI device id",
    "Worked on",
    "Free for the next call at",
    "Compared until",
    "Device read again until",
    "Until",
    "Id",
}


def shown_labels(page):
    found = re.findall(r"<label[^>]*>([^<]*?):?</label>|<th class=\"column-[^>]*>\s*(.*?)\s*<", page, re.DOTALL)
    return [html.unescape(field or column).strip() for field, column in found]


def get_change_page(client, record):
    meta = record._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk])
    return client.get(address)


@pytest.mark.parametrize("model", list(site._registry), ids=lambda model: model._meta.label)
def test_admin_change_page_uses_readable_labels_names_patient_and_writes_audit(client_of, ada, elm, model):
    create_row(model, elm)
    record = model._default_manager.order_by("-pk").first()
    if model is Threshold:
        record = model._default_manager.filter(clinic=elm).get()

    answer = get_change_page(client_of(ada), record)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert [
        label for label in shown_labels(page) if COLUMN_LIKE_LABEL.match(label) and label not in ALLOWED_LABELS
    ] == []
    assert not re.search(r">\s*patient [0-9a-f]{8}-[^<]*</a>", page)
    patient = getattr(record, "patient", None)
    if patient and isinstance(site._registry[model], ReadOnlyAdmin):
        assert f">{html.escape(patient.name)}</a>" in page
        assert patient.name not in re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1]
        assert patient.pk in AuditEvent.objects.filter(action="admin_view").latest("pk").patient_ids


def test_admin_change_page_hides_internal_fields(client_of, ada, rosa):
    call = factories.VendorCallFactory(patient=rosa)

    said = shown_labels(get_change_page(client_of(ada), call).content.decode())

    assert {"Sent", "Asked for by", "Patient"} <= set(said)
    assert not {"Lease", "Leased until", "Next attempt at"} & set(said)


def test_admin_audit_event_page_shows_time_and_patients_and_is_audited_itself(client_of, ada, rosa, patient_elsewhere):
    event = audit_log.record_event(
        AuditAction.LIST,
        by=ada,
        patients=[rosa.pk, patient_elsewhere.pk],
        target="device:7",
        clinic=rosa.clinic,
        locked_out=True,
    )

    page = get_change_page(client_of(ada), event).content.decode()

    assert rosa.name in page
    assert "1 not named" in page
    assert patient_elsewhere.name not in page
    assert date_format(event.at.astimezone(rosa.clinic.zone), "M j, Y, g:i:s A") in page
    assert "device 7" in page
    assert "locked out: yes" in page
    assert AuditEvent.objects.latest("pk").patient_ids == [rosa.pk]


@pytest.fixture
def patient_elsewhere(harbor):
    return factories.PatientFactory(clinic=harbor, given_name="Somebody", family_name="Elsewhere")


def test_admin_audit_list_shows_no_patient_names(client_of, ada, rosa):
    audit_log.record_event(AuditAction.VIEW, by=ada, patients=[rosa.pk], clinic=rosa.clinic)

    page = client_of(ada).get("/admin/patients/auditevent/").content.decode()

    assert rosa.name not in page
    assert AuditEvent.objects.latest("pk").patient_ids == []


def test_admin_sync_run_page_names_failed_patients_and_writes_audit(client_of, ada, rosa):
    run = factories.SyncRunFactory(kind="measurements")
    factories.SyncRowFactory(run=run, patient=rosa, state="failed", problem="the vendor answered 500")

    page = get_change_page(client_of(ada), run).content.decode()

    assert f">{rosa.name}</a>" in page
    assert AuditEvent.objects.filter(target=f"syncrun:{run.pk}", patient_ids=[rosa.pk]).exists()


UNAUDITED_ROUTES = {"health", "health_deep", "metrics", "jsi18n", "login", "logout"}
UNAUDITED_ROUTES |= {
    "account_session_keepalive",
    "account_inactive",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
}
UNAUDITED_ROUTES |= {
    "mfa_list_webauthn",
    "password_change",
    "password_change_done",
    "webhook_measurements",
    "webhook_fulfillment",
}
UNAUDITED_ROUTES |= {"webhook_special_orders", ""}  # they write no audit event


def test_audit_display_names_every_audited_route():
    named = [f"{route.namespace}{route.name}" for route in list_routes() if route.name not in UNAUDITED_ROUTES]

    assert len(named) > 100
    assert [route for route in named if display.page_label(route) == route] == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("syncrow:40", "compared patient 40"), ("measurement", "readings"), ("order:3f2a", "order 3f2a"),
        ("user:12", "person 12"), ("line:9", "ordered device 9"), ("audit", "audit"), ("", ""), ("moon:1", "moon 1"),
    ],
)  # fmt: skip
def test_audit_display_names_records_as_their_lists_do(target, words):
    assert display.target_label(target) == words

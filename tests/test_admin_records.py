"""A record of the admin is read by a person: patients by name, fields in words, no machinery. Who read it is kept."""

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
from tests.routes import routes
from tests.test_admin_lists import made

pytestmark = pytest.mark.django_db
COLUMNS = re.compile(r".* (at|on|ids?|uuid|until|[12])$|.*_")
PEOPLES = {
    "What this person looked at",
    "HWI device id",
    "Worked on",
    "Free for the next call at",
    "Compared until",
    "Until",
    "Id",
}


def labels(page):
    found = re.findall(r"<label[^>]*>([^<]*?):?</label>|<th class=\"column-[^>]*>\s*(.*?)\s*<", page, re.DOTALL)
    return [html.unescape(field or column).strip() for field, column in found]


def opened(client, record):
    meta = record._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk])
    return client.get(address)


@pytest.mark.parametrize("model", list(site._registry), ids=lambda model: model._meta.label)
def test_a_record_is_in_peoples_words_and_names_its_patient(client_of, ada, elm, model):
    made(model, elm)
    record = model._default_manager.order_by("-pk").first()
    if model is Threshold:
        record = model._default_manager.filter(clinic=elm).get()

    answer = opened(client_of(ada), record)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert [label for label in labels(page) if COLUMNS.match(label) and label not in PEOPLES] == []
    assert not re.search(r">\s*patient [0-9a-f]{8}-[^<]*</a>", page)
    patient = getattr(record, "patient", None)
    if patient and isinstance(site._registry[model], ReadOnlyAdmin):
        assert f">{html.escape(patient.name)}</a>" in page
        assert patient.name not in re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1]
        assert patient.pk in AuditEvent.objects.filter(action="admin_view").latest("pk").patient_ids


def test_labels_of_the_machinery_are_shown_to_nobody(client_of, ada, rosa):
    call = factories.VendorCallFactory(patient=rosa)

    said = labels(opened(client_of(ada), call).content.decode())

    assert {"Sent", "Asked for by", "Patient"} <= set(said)
    assert not {"Lease", "Leased until", "Next attempt at"} & set(said)


def test_a_record_of_the_audit_says_when_and_whom_and_so_does_its_own_trace(client_of, ada, rosa, elsewhere):
    event = audit_log.record(
        AuditAction.LIST,
        by=ada,
        patients=[rosa.pk, elsewhere.pk],
        target="device:7",
        clinic=rosa.clinic,
        locked_out=True,
    )

    page = opened(client_of(ada), event).content.decode()

    assert rosa.name in page
    assert "1 not named" in page
    assert elsewhere.name not in page
    assert date_format(event.at.astimezone(rosa.clinic.zone), "M j, Y, g:i:s A") in page
    assert "device 7" in page
    assert "locked out: yes" in page
    assert AuditEvent.objects.latest("pk").patient_ids == [rosa.pk]


@pytest.fixture
def elsewhere(harbor):
    return factories.PatientFactory(clinic=harbor, given_name="Somebody", family_name="Elsewhere")


def test_the_list_of_the_audit_counts_patients_and_so_has_shown_none(client_of, ada, rosa):
    audit_log.record(AuditAction.VIEW, by=ada, patients=[rosa.pk], clinic=rosa.clinic)

    page = client_of(ada).get("/admin/patients/auditevent/").content.decode()

    assert rosa.name not in page
    assert AuditEvent.objects.latest("pk").patient_ids == []


def test_a_comparison_names_whom_it_could_not_compare_and_that_is_written_down(client_of, ada, rosa):
    run = factories.SyncRunFactory(kind="measurements")
    factories.SyncRowFactory(run=run, patient=rosa, state="failed", problem="the vendor answered 500")

    page = opened(client_of(ada), run).content.decode()

    assert f">{rosa.name}</a>" in page
    assert AuditEvent.objects.filter(target=f"syncrun:{run.pk}", patient_ids=[rosa.pk]).exists()


SILENT = {"health", "health_deep", "metrics", "jsi18n", "autocomplete", "view_on_site", "login", "logout"}
SILENT |= {"account_alive", "account_inactive", "account_reset_password_done", "account_reset_password_from_key_done"}
SILENT |= {"mfa_list_webauthn", "password_change", "password_change_done", "hook_measurements", "hook_fulfillment"}
SILENT |= {"hook_orders", ""}  # nothing that they do is written down


def test_every_page_that_may_write_into_the_audit_has_a_name_in_words():
    named = [f"{route.namespace}{route.name}" for route in routes() if route.name not in SILENT]

    assert len(named) > 100
    assert [route for route in named if display.page_in_words(route) == route] == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("syncrow:40", "compared patient 40"), ("measurement", "readings"), ("order:3f2a", "order 3f2a"),
        ("user:12", "person 12"), ("line:9", "ordered device 9"), ("audit", "audit"), ("", ""), ("moon:1", "moon 1"),
    ],
)  # fmt: skip
def test_a_record_has_the_name_that_its_list_has(target, words):
    assert display.record_in_words(target) == words

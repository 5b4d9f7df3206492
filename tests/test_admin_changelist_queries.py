"""Admin changelists: the number of queries does not grow with the number of rows."""

import itertools

import pytest
from django.contrib.admin.sites import site
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices.models import DeviceType, Gateway, SyncRow, SyncRun, WebhookCount
from fulfillment.batches.models import BatchItem
from fulfillment.client_actions.models import ClientAction
from fulfillment.models import OrderLine
from fulfillment.worklist.models import WorklistEvent
from measurements.alerts.models import (
    AlertMessage,
    AlertMessageItem,
    AlertNotification,
    AlertRuleChange,
    NotificationSettings,
)
from measurements.billing.models import LineStep
from measurements.models import Metric, Threshold, ThresholdChange
from patients.audit import audit_log
from patients.files.models import StoredFilePart
from patients.imports.models import ImportRow
from patients.models import AuditEvent, Clinic, Patient, User
from patients.models.audit import AuditAction
from patients.programmes.models import BillingPractitioner, Credential, Employment, Payer
from tests import factories

pytestmark = pytest.mark.django_db
MANY = 6


NUMBERS = itertools.count()


def create_row(model, clinic):
    """One more row of that clinic, with a patient, a device and an order of its own."""
    patient = factories.PatientFactory(clinic=clinic)
    if model in CREATE_BY_MODEL:
        return CREATE_BY_MODEL[model](clinic, patient)
    about = {
        "clinic": lambda: clinic,
        "patient": lambda: patient,
        "device": lambda: factories.DeviceFactory(patient=patient),
        "order": lambda: factories.OrderFactory(patient=patient),
    }
    names = {field.name for field in model._meta.fields} & set(about)
    return getattr(factories, f"{model.__name__}Factory")(**{name: about[name]() for name in names})


def create_finished_run():
    return factories.SyncRunFactory(finished_at=timezone.now(), totals={"asked": 1, "done": 1})


def create_metric():
    return factories.MetricFactory(code=f"metric {next(NUMBERS)}")


def create_threshold(clinic):
    about = {"component": 1, "high": 9, "source": "test", "source_date": timezone.localdate()}
    return Threshold.objects.create(clinic=clinic, metric=create_metric(), **about)


def create_message_item(patient):
    return factories.AlertMessageItemFactory(notification__episode__patient=patient)


def create_notification_settings():
    """One row per clinic, so of another clinic of the administrator."""
    clinic = factories.ClinicFactory()
    User.objects.get(email="ada@example.org").clinics.add(clinic)
    return factories.NotificationSettingsFactory(clinic=clinic)


def create_person_fact(name, clinic):
    return getattr(factories, f"{name}Factory")(person=factories.UserFactory(clinics=[clinic]))


# Models whose factory needs more than a clinic, patient, device or order.
CREATE_BY_MODEL = {
    BatchItem: lambda clinic, patient: factories.BatchItemFactory(batch__clinic=clinic, patient=patient),
    ClientAction: lambda clinic, patient: factories.ClientActionFactory(line__order__patient=patient),
    ImportRow: lambda clinic, patient: factories.ImportRowFactory(patient_import__clinic=clinic, patient=patient),
    StoredFilePart: lambda clinic, patient: factories.StoredFilePartFactory(stored_file__clinic=clinic),
    Clinic: lambda clinic, patient: clinic,
    Patient: lambda clinic, patient: patient,
    User: lambda clinic, patient: factories.UserFactory(clinics=[clinic]),
    AuditEvent: lambda clinic, patient: audit_log.record_event(
        AuditAction.VIEW, by=None, patients=[patient.pk], clinic=clinic
    ),
    BillingPractitioner: lambda clinic, patient: create_person_fact("BillingPractitioner", clinic),
    Credential: lambda clinic, patient: create_person_fact("Credential", clinic),
    Employment: lambda clinic, patient: create_person_fact("Employment", clinic),
    Payer: lambda clinic, patient: factories.PayerFactory(name=f"Payer {next(NUMBERS)}"),
    SyncRun: lambda clinic, patient: create_finished_run(),
    SyncRow: lambda clinic, patient: factories.SyncRowFactory(run=create_finished_run(), patient=patient),
    DeviceType: lambda clinic, patient: factories.DeviceTypeFactory(name=f"Type {next(NUMBERS)}"),
    Gateway: lambda clinic, patient: factories.DeviceFactory(patient=patient),
    WebhookCount: lambda clinic, patient: factories.WebhookCountFactory(source=f"192.0.2.{next(NUMBERS)}"),
    Metric: lambda clinic, patient: create_metric(),
    Threshold: lambda clinic, patient: create_threshold(clinic),
    AlertNotification: lambda clinic, patient: factories.AlertNotificationFactory(episode__patient=patient),
    AlertMessage: lambda clinic, patient: create_message_item(patient),
    AlertMessageItem: lambda clinic, patient: create_message_item(patient),
    NotificationSettings: lambda clinic, patient: create_notification_settings(),
    AlertRuleChange: lambda clinic, patient: factories.AlertRuleChangeFactory(patient=patient),
    ThresholdChange: lambda clinic, patient: factories.ThresholdChangeFactory(patient=patient),
    LineStep: lambda clinic, patient: factories.LineStepFactory(approval__patient=patient),
    WorklistEvent: lambda clinic, patient: factories.WorklistEventFactory(item__device__patient=patient),
    OrderLine: lambda clinic, patient: factories.OrderFactory(patient=patient),
}


def count_queries_and_rows(client, address):
    with CaptureQueriesContext(connection) as queries:
        page = client.get(address)
    return len(queries), len(page.context["cl"].result_list)


@pytest.mark.parametrize("model", list(site._registry), ids=lambda model: model._meta.label)
def test_admin_changelist_query_count_does_not_grow_with_rows(client_of, ada, elm, model):
    client, address = client_of(ada), reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    create_row(model, elm)
    if client.get(address).status_code == 404:
        pytest.skip("part of another record's page")
    few, shown = count_queries_and_rows(client, address)
    for _ in range(MANY):
        create_row(model, elm)

    many, all_shown = count_queries_and_rows(client, address)

    assert all_shown >= shown + MANY or model is Clinic
    assert many <= few, f"{few} queries for {shown} rows, {many} for {all_shown}"

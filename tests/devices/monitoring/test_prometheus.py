"""Prometheus metrics: equal to the health checks, without personal data or sequential scans."""

import re

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from devices.monitoring import checks, prometheus
from tests.devices.monitoring.monitoring_data import TOKEN, explain_query, time_ago
from tests.factories import DeliveryFactory, PatientFactory, VendorCallFactory
from tests.source_code import ROOT

pytestmark = pytest.mark.django_db


def test_metrics_export_check_results_queue_counts_and_request_times(client, healthy_installation):
    DeliveryFactory(state="quarantined")
    VendorCallFactory(state="unknown", search_after=time_ago(minutes=10))
    client.get("/healthz/")
    text = client.get("/metrics", **TOKEN).content.decode()

    assert 'vitals_ok{sign="calls_unknown"} 0.0' in text
    assert 'vitals_ok{sign="database"} 1.0' in text
    assert 'vitals_deliveries{kind="measurement",state="quarantined"} 1.0' in text
    assert re.search(r'vitals_overdue_seconds{queue="calls_unknown"} 60\d\.', text)
    assert 'vitals_request_seconds_count{method="GET",route="health",status="200"}' in text


def test_operations_document_lists_exactly_the_exported_metrics_and_labels(healthy_installation):
    table = (ROOT / "docs" / "operations.md").read_text().partition("| metric |")[2].partition("\n\n")[0]
    documented = {
        name: re.findall(r"\w+", labels) for name, labels in re.findall(r"\| `(vitals_\w+)` \| ([^|]*)\|", table)
    }
    found = {each.name: list(each._labelnames) for each in prometheus.DatabaseCollector().collect()}

    assert documented == found | {"vitals_request_seconds": ["route", "method", "status"]}


def test_metrics_contain_no_patient_id_and_no_patient_name(client, healthy_installation):
    patient = PatientFactory(given_name="Canaria")
    client.get(f"/patients/{patient.pk}/?q=Canaria")
    client.get("/Canaria/")
    text = client.get("/metrics", **TOKEN).content.decode()

    assert str(patient.pk) not in text
    assert "Canaria" not in text
    assert 'route="none"' in text


def test_metrics_report_an_unreachable_database(client, monkeypatch):
    def gone():
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", gone)
    answer = client.get("/metrics", **TOKEN)

    assert (answer.status_code, 'vitals_ok{sign="database"} 0.0' in answer.content.decode()) == (200, True)


def test_monitoring_queries_never_scan_the_whole_delivery_table(healthy_installation):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO devices_delivery (kind, source, body, digest, received_at, state, reason, outcome, flagged,"
            " attempts, next_attempt_at, processed_at) SELECT 'measurement', 'webhook', '[]', sha256('x'),"
            " now() - n * interval '1 minute', 'done', '', '{}', false, 0, now(), now()"
            " FROM generate_series(1, 20000) n"
        )
        cursor.execute("ANALYZE devices_delivery")
    with CaptureQueriesContext(connection) as asked:
        checks.find_problems()
        list(prometheus.DatabaseCollector().collect())
    questions = [query["sql"] for query in asked if query["sql"].startswith("SELECT") and "devices_del" in query["sql"]]

    assert "Seq Scan on devices_delivery" in explain_query("SELECT 1 FROM devices_delivery WHERE attempts > 3")
    assert len(questions) >= 8
    assert [sql for sql in questions if "Seq Scan on devices_delivery" in explain_query(sql)] == []

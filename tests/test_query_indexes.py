"""Every query of a page uses an index: with sequential scans disabled, no plan contains one."""

import json
import re
import uuid

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from patients.admin_site.row_counts import MAX_COUNTED_ROWS
from patients.models import User
from tests.factories import (
    DeliveryFactory,
    ImportRowFactory,
    LatestReadingFactory,
    MeasurementFactory,
    OrderFactory,
    SyncRowFactory,
)
from tests.source_code import product_apps

pytestmark = pytest.mark.django_db

# Some dozens of rows each and never more: a scan of them is their index.
SMALL_TABLES = {
    "patients_clinic", "patients_user", "patients_user_clinics", "measurements_metric", "measurements_threshold",
    "devices_devicetype", "devices_apikeyslot", "queueing_periodicjob", "devices_operatoralarm", "fulfillment_kit",
    "fulfillment_kititem", "django_content_type", "billing_coderulerow", "billing_payerrule", "billing_confirmedyear",
    "programmes_payer",
    "billing_billingrulechange",
}  # fmt: skip
PAGES = [
    *("/patients/", "/devices/", "/orders/", "/patients/{patient}/", "/orders/{order}/"),
    *("/patients/{patient}/comparison/", "/patients/{patient}/watch/", "/patients/{patient}/adherence/"),
    *("/patients/{patient}/billing/", "/billing/?month=2026-11&code=99457", "/billing/file/?month=2026-11"),
    *("/care/next-steps/", "/care/team/", "/care/absences/", "/patients/{patient}/notes/"),
    *("/imports/", "/imports/{patient_import}/", "/imports/{patient_import}/?show=problem"),
    *("/devices/?silent=2&battery=low", "/devices/{device}/", "/devices/gateways/{gateway}/"),
]
CHANGELISTS = [
    f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    for model in apps.get_models()
    if model._meta.app_label in product_apps()
]


# Tables that grow to millions, each filter of their lists, and the lists themselves.
GROWING_LISTS = {
    "patients/auditevent": [
        "action=export",
        "actor_role=clinician",
        "actor_id=5",
        f"patient={uuid.UUID(int=7)}",
        "p=3",
    ],
    "devices/delivery": [
        *(
            "state__exact=done",
            "state__exact=quarantined",
            "state__exact=new",
            "kind__exact=order",
            "source__exact=pull",
        ),
        *("flagged__exact=1", "reason=odd", "received_at__gte=2026-11-20+00:00:00%2B00:00", "p=3"),
    ],
    "measurements/measurement": [
        *("conflict__exact=1", "duplicate__exact=1", "implausible__exact=1", "control__exact=1", "estimated__exact=1"),
        *("source__exact=pull", "p=3"),
    ],
    "devices/syncrow": ["state__exact=failed"],
    "devices/webhookcount": ["outcome__exact=length"],
}
FILTERED_URLS = [f"/admin/{page}/?{query}" for page, queries in GROWING_LISTS.items() for query in queries]


@pytest.fixture
def addresses(rosa):
    reading = MeasurementFactory(device__patient=rosa, code="weight")
    LatestReadingFactory(measurement=reading)
    order = OrderFactory(patient=rosa)
    SyncRowFactory(patient=rosa)
    DeliveryFactory(hwi_id=reading.device.hwi_id)
    device, row = reading.device, ImportRowFactory(patient_import__clinic=rosa.clinic, patient=rosa)
    return {
        "patient_import": row.patient_import_id,
        "patient": rosa.pk,
        "order": order.pk,
        "device": device.hwi_id,
        "gateway": device.gateway.public_id,
    }


def scanned_tables(plan):
    """Tables that a plan reads from end to end."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from scanned_tables(part)


def queries_with_full_scan(queries):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in queries:
            if not re.match(r"\s*(SELECT|WITH)\b", query["sql"]):
                continue
            cursor.execute("EXPLAIN (FORMAT JSON) " + query["sql"])
            found = cursor.fetchone()[0]
            plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
            if tables := set(scanned_tables(plan)) - SMALL_TABLES:
                yield f"{sorted(tables)}: {query['sql'][:400]}"


def full_scans_of_page(client, address):
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address, follow=True)
    assert response.status_code == 200, address
    return list(queries_with_full_scan(queries.captured_queries))


@pytest.mark.parametrize("page", PAGES)
def test_page_queries_make_no_full_table_scan(client, cora, addresses, page):
    User.objects.filter(pk=cora.pk).update(keeps_billing=True)
    client.force_login(cora)

    assert full_scans_of_page(client, page.format(**addresses)) == []


def test_clinic_report_queries_make_no_full_table_scan(client, nadia, addresses):
    client.force_login(nadia)

    assert full_scans_of_page(client, "/clinic-report/") == []


@pytest.mark.parametrize("page", CHANGELISTS)
def test_admin_changelist_queries_make_no_full_table_scan(client, ada, addresses, page):
    client.force_login(ada)
    if client.get(page).status_code == 404:
        pytest.skip("part of another record's page")

    assert full_scans_of_page(client, page) == []


@pytest.mark.parametrize("address", FILTERED_URLS)
def test_admin_filter_queries_of_growing_tables_make_no_full_table_scan(client, ada, addresses, address):
    client.force_login(ada)

    assert full_scans_of_page(client, address) == []


def has_sort_node(plan):
    """Whether a plan sorts all that it has found, rather than reading it in order."""
    return plan["Node Type"] == "Sort" or any(has_sort_node(part) for part in plan.get("Plans", ()))


@pytest.mark.parametrize("page", GROWING_LISTS)
def test_admin_changelist_of_growing_table_uses_index_order_and_limited_count(client, ada, addresses, page):
    client.force_login(ada)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"/admin/{page}/").status_code == 200
    table = page.replace("/", "_")
    about = [query["sql"] for query in queries if f'FROM "{table}"' in query["sql"] and "GROUP BY" not in query["sql"]]
    counts = [sql for sql in about if "COUNT(" in sql and "DISTINCT" not in sql]

    assert counts
    assert all(f"LIMIT {MAX_COUNTED_ROWS}" in sql for sql in counts)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
        for sql in (sql for sql in about if "COUNT(" not in sql):
            if "ORDER BY" in sql and "DISTINCT" not in sql:
                cursor.execute("EXPLAIN (FORMAT JSON) " + sql)
                found = cursor.fetchone()[0]
                assert not has_sort_node((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]), sql

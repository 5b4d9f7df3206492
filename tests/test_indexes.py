"""Every query that a page makes finds an index: with sequential scans forbidden, none is left in any plan."""

import json
import re
import uuid

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from patients.admin_site.base import MOST_COUNTED
from tests.factories import DeliveryFactory, LatestReadingFactory, MeasurementFactory, OrderFactory, SyncRowFactory

pytestmark = pytest.mark.django_db

# Some dozens of rows each and never more: a scan of them is their index.
SMALL = {
    "patients_clinic", "patients_user", "patients_user_clinics", "measurements_metric", "measurements_threshold",
    "devices_devicetype", "devices_keyslot", "devices_periodicjob", "devices_alarm", "fulfillment_kit",
    "fulfillment_kititem", "django_content_type",
}  # fmt: skip
PAGES = [
    *("/patients/", "/devices/", "/orders/", "/patients/{patient}/", "/orders/{order}/"),
    *("/devices/?silent=2&battery=low", "/devices/{device}/", "/devices/gateways/{gateway}/"),
]
CHANGELISTS = [
    f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    for app in ("patients", "devices", "measurements", "fulfillment")
    for model in apps.get_app_config(app).get_models()
]


# Tables that grow to millions, each filter of their lists, and the lists themselves.
GROWING = {
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
    "devices/hooktally": ["outcome__exact=length"],
}
FILTERED = [f"/admin/{page}/?{query}" for page, queries in GROWING.items() for query in queries]


@pytest.fixture
def addresses(rosa):
    reading = MeasurementFactory(device__patient=rosa, code="weight")
    LatestReadingFactory(measurement=reading)
    order = OrderFactory(patient=rosa)
    SyncRowFactory(patient=rosa)
    DeliveryFactory(hwi_id=reading.device.hwi_id)
    device = reading.device
    return {"patient": rosa.pk, "order": order.pk, "device": device.hwi_id, "gateway": device.gateway.public_id}


def scanned(plan):
    """Tables that a plan reads from end to end."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from scanned(part)


def scans_of(queries):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in queries:
            if not re.match(r"\s*(SELECT|WITH)\b", query["sql"]):
                continue
            cursor.execute("EXPLAIN (FORMAT JSON) " + query["sql"])
            found = cursor.fetchone()[0]
            plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
            if tables := set(scanned(plan)) - SMALL:
                yield f"{sorted(tables)}: {query['sql'][:400]}"


def explained(client, address):
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address, follow=True)
    assert response.status_code == 200, address
    return list(scans_of(queries.captured_queries))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_reads_no_table_from_end_to_end(client, cora, addresses, page):
    client.force_login(cora)

    assert explained(client, page.format(**addresses)) == []


@pytest.mark.parametrize("page", CHANGELISTS)
def test_a_list_of_the_admin_reads_no_table_from_end_to_end(client, ada, addresses, page):
    client.force_login(ada)
    if client.get(page).status_code == 404:
        pytest.skip("part of another record's page")

    assert explained(client, page) == []


@pytest.mark.parametrize("address", FILTERED)
def test_no_filter_of_a_growing_list_reads_it_from_end_to_end(client, ada, addresses, address):
    client.force_login(ada)

    assert explained(client, address) == []


def sorts(plan):
    """Whether a plan sorts all that it has found, rather than reading it in order."""
    return plan["Node Type"] == "Sort" or any(sorts(part) for part in plan.get("Plans", ()))


@pytest.mark.parametrize("page", GROWING)
def test_a_growing_list_is_read_in_the_order_of_an_index_and_counted_no_further_than_it_is_paged(
    client, ada, addresses, page
):
    client.force_login(ada)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"/admin/{page}/").status_code == 200
    table = page.replace("/", "_")
    about = [query["sql"] for query in queries if f'FROM "{table}"' in query["sql"] and "GROUP BY" not in query["sql"]]
    counts = [sql for sql in about if "COUNT(" in sql and "DISTINCT" not in sql]

    assert counts
    assert all(f"LIMIT {MOST_COUNTED}" in sql for sql in counts)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
        for sql in (sql for sql in about if "COUNT(" not in sql):
            if "ORDER BY" in sql and "DISTINCT" not in sql:
                cursor.execute("EXPLAIN (FORMAT JSON) " + sql)
                found = cursor.fetchone()[0]
                assert not sorts((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]), sql

"""The dashboard of the admin: how much work needs a person, each figure with a link to its list."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devices.admin.dashboard import ATTENTION_TITLE
from fulfillment.worklist.refresh import refresh_worklist
from patients.admin_site import row_counts
from patients.admin_site.row_counts import CappedPaginator
from patients.models import AuditEvent
from tests.factories import (
    ApiKeySlotFactory,
    DeliveryFactory,
    DeviceFactory,
    GatewayFactory,
    OperatorAlarmFactory,
    OrderFactory,
    OrderLineFactory,
    PatientFactory,
    SyncRowFactory,
    SyncRunFactory,
    VendorCallFactory,
    WebhookCountFactory,
)
from tests.test_query_indexes import queries_with_full_scan

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def admin_client(client, ada):
    client.force_login(ada)
    return client


def panel_lines(client, panel):
    page = client.get("/admin/")
    lines = next(each for each in page.context["panels"] if each.title == panel).lines
    return {line.label: line for line in lines}


@pytest.fixture
def open_work(rosa, harbor):
    """Something of everything, and something of another clinic's."""
    VendorCallFactory(patient=rosa, state="needs_review")
    VendorCallFactory(patient=PatientFactory(clinic=harbor), state="needs_review")
    order = OrderFactory(patient=rosa, lines=0)
    OrderLineFactory(order=order, status="rejected")
    DeliveryFactory(state="dead")
    for reason in ("This is not valid JSON.", "This is not valid JSON.", "The text is not UTF-8."):
        DeliveryFactory(state="quarantined", reason=reason)
    DeliveryFactory(kind="fulfillment")
    OperatorAlarmFactory()
    ApiKeySlotFactory(refused_since=NOW)
    WebhookCountFactory(count=40)
    WebhookCountFactory(outcome="length", count=3)
    WebhookCountFactory(outcome="length", count=9, minute=NOW - dt.timedelta(days=2))


def test_admin_dashboard_counts_open_work_of_own_clinics_and_links_to_it(admin_client, open_work):
    refresh_worklist()
    found = panel_lines(admin_client, ATTENTION_TITLE)

    assert found["Calls that a coordinator must decide"].value == "1"
    assert found["Exceptions: Refused by the vendor"].value == "1"
    assert found["Webhook deliveries that failed for good"].value == "1"
    assert found["Lasting alarms"].value == "1"
    assert found["Keys that the vendor refuses"].tone == "bad"
    for line in found.values():
        assert admin_client.get(line.href).status_code == 200, line.label


def test_admin_dashboard_counts_deliveries_by_state_and_kind_and_quarantine_reasons(admin_client, open_work):
    assert panel_lines(admin_client, "Webhook deliveries")["New: fulfillment"].value == "1"
    found = panel_lines(admin_client, "Quarantine")
    assert [line.value for line in found.values()] == ["2", "1"]
    line = found["This is not valid JSON."]
    assert line.note
    assert admin_client.get(line.href).context["cl"].result_count == 2


def test_admin_dashboard_estimates_the_delivery_total_above_the_counting_limit(admin_client, open_work, monkeypatch):
    assert panel_lines(admin_client, "Webhook deliveries")["All stored deliveries"].value == "5"

    monkeypatch.setattr(row_counts, "MAX_COUNTED_ROWS", 5)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE devices_delivery")  # statistics outlive the rows of other tests

    assert panel_lines(admin_client, "Webhook deliveries")["All stored deliveries"].value == "about 5"


def test_admin_dashboard_counts_webhooks_of_the_last_day_by_outcome(admin_client, open_work):
    found = panel_lines(admin_client, "Webhooks in the last 24 hours")

    assert (found["Accepted"].value, found["No length"].value, found["No length"].tone) == ("40", "3", "bad")


def test_admin_dashboard_shows_results_of_the_last_sync_run_of_each_kind(admin_client, rosa):
    run = SyncRunFactory(finished_at=NOW)
    SyncRowFactory(run=run, patient=rosa, state="done", found=12, missed=3)
    SyncRunFactory(kind="devices", finished_at=NOW, found=7, differences=[{"kind": "x", "hwi_id": ""}])

    found = panel_lines(admin_client, "Comparisons with the vendor")

    assert found["Readings"].note == "1 of 1 patient asked, 12 readings there, 3 missed by webhooks"
    assert (found["Devices"].note, found["Devices"].tone) == ("7 at the vendor, 1 difference", "warn")
    assert (found["Gateways"].value, found["Gateways"].tone) == ("never", "bad")


def test_admin_dashboard_counts_users_by_role(admin_client, nadia, cora, olaf):
    found = panel_lines(admin_client, "People")

    assert (found["Clinician"].value, found["Care coordinator"].value, found["Administrator"].value) == ("1", "1", "1")


def test_admin_dashboard_without_data_shows_empty_panels_and_missing_sync_runs(admin_client):
    page = admin_client.get("/admin/").content.decode()

    assert "Nothing is in quarantine." in page
    assert 'class="status-value status-bad"' in page, "no comparison has ever run"


def test_admin_dashboard_uses_no_sequential_scan_and_a_constant_number_of_queries(admin_client, open_work, rosa):
    with CaptureQueriesContext(connection) as few:
        admin_client.get("/admin/")
    assert list(queries_with_full_scan(few.captured_queries)) == []
    for _ in range(20):
        VendorCallFactory(patient=rosa, state="needs_review")
        DeliveryFactory(state="quarantined", reason="The text is not UTF-8.")

    with CaptureQueriesContext(connection) as many:
        admin_client.get("/admin/")
    assert len(many) == len(few)


def test_capped_paginator_stops_counting_at_its_limit(admin_client, monkeypatch):
    monkeypatch.setattr(row_counts, "MAX_COUNTED_ROWS", 3)
    for _ in range(5):
        DeliveryFactory()

    page = admin_client.get("/admin/devices/delivery/")

    assert page.context["cl"].result_count == 3
    assert "3 or more webhook deliveries" in " ".join(page.content.decode().split())
    assert CappedPaginator(AuditEvent.objects.none(), 10).count == 0


# --- a comparison, in words -----------------------------------------------------------------------------------------


def test_sync_run_admin_describes_differences_as_text_with_links_and_escapes_html(admin_client, rosa):
    device = DeviceFactory(patient=rosa, name="Tenovi Scale")
    gateway = DeviceFactory(patient=rosa).gateway
    run = SyncRunFactory(kind="devices", finished_at=NOW, differences=[
        {"kind": "other status at the vendor", "hwi_id": str(device.hwi_id), "ours": "shipped", "theirs": "on_hold"},
        {"kind": "gateway status missing", "gateway": str(gateway.public_id), "problem": "no answer"},
        {"kind": "could not be read", "hwi_id": "<script>", "problem": "Expected `str`"},
    ])  # fmt: skip

    text = admin_client.get(f"/admin/devices/syncrun/{run.pk}/change/").content.decode()

    assert f"/admin/devices/device/{device.pk}/change/" in text
    assert f"/admin/devices/gateway/{gateway.pk}/change/" in text
    assert "Shipped → On hold" in text
    assert "&lt;script&gt;" in text


def test_sync_run_admin_hides_differences_about_devices_of_other_clinics(admin_client, harbor):
    foreign = DeviceFactory(patient=PatientFactory(clinic=harbor))
    run = SyncRunFactory(kind="devices", finished_at=NOW, differences=[
        {"kind": "known here, absent at the vendor", "hwi_id": str(foreign.hwi_id)},
        {"kind": "gateway status missing", "gateway": str(GatewayFactory().public_id), "problem": "no answer"},
    ])  # fmt: skip

    text = admin_client.get(f"/admin/devices/syncrun/{run.pk}/change/").content.decode()

    assert str(foreign.hwi_id) not in text
    assert "None about your clinics" in text


def test_sync_run_admin_lists_failed_patients_of_own_clinics_only(admin_client, rosa, harbor):
    run = SyncRunFactory(finished_at=NOW)
    SyncRowFactory(run=run, patient=rosa, state="failed", problem="GET patients: status 502")
    foreign_patient = SyncRowFactory(run=run, patient=PatientFactory(clinic=harbor), state="done", missed=4).patient

    text = admin_client.get(f"/admin/devices/syncrun/{run.pk}/change/").content.decode()

    assert "status 502" in text
    assert str(foreign_patient.pk) not in text


def test_sync_run_changelist_reads_stored_totals_of_finished_runs(admin_client, rosa):
    for _ in range(8):
        run = SyncRunFactory(finished_at=NOW, totals={"asked": 5000, "done": 4999, "failed": 1, "missed": 17})
        SyncRowFactory(run=run, patient=rosa)

    with CaptureQueriesContext(connection) as asked:
        page = admin_client.get("/admin/devices/syncrun/").content.decode()

    assert "4,999 of 5,000 patients, 1 failed" in page
    assert not [query for query in asked.captured_queries if "devices_syncrow" in query["sql"]]

"""Admin dashboard, audit search and sync run in a browser at both widths, without console errors."""

import pytest
from django.urls import reverse
from django.utils import timezone

from patients.audit import audit_log
from patients.models.audit import AuditAction
from tests.browser.page_helpers import fits_viewport_width
from tests.browsers import save_screenshot
from tests.factories import DeliveryFactory, DeviceFactory, SyncRunFactory, VendorCallFactory, WebhookCountFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin_data(rosa, nadia):
    device = DeviceFactory(patient=rosa, name="Tenovi Scale")
    VendorCallFactory(patient=rosa, state="needs_review")
    DeliveryFactory(state="quarantined", reason="This is not valid JSON.")
    WebhookCountFactory(count=812)
    WebhookCountFactory(outcome="length", count=3)
    SyncRunFactory(kind="devices", finished_at=timezone.now(), found=7, differences=[
        {"kind": "other status at the vendor", "hwi_id": str(device.hwi_id), "ours": "shipped", "theirs": "on_hold"},
    ])  # fmt: skip
    for _ in range(3):
        audit_log.record_event(AuditAction.VIEW, by=nadia, patients=[rosa.pk], clinic=rosa.clinic)


def test_admin_index_sync_run_and_audit_search_work_at_both_widths(open_at_viewport, admin_data, ada, nadia, rosa):
    page = open_at_viewport("/admin/", user=ada)
    save_screenshot(page, "admin")
    page.emulate_media(color_scheme="dark")
    save_screenshot(page, "admin")
    page.emulate_media(color_scheme="light")
    assert fits_viewport_width(page)
    page.locator(".status-panels").get_by_role("link", name="Devices", exact=True).click()
    page.get_by_text("Shipped → On hold").wait_for()
    save_screenshot(page, "comparison")

    page.goto(reverse("admin:patients_auditevent_search"))
    page.get_by_label("Patient").fill(rosa.family_name)
    page.get_by_role("button", name="Search", exact=True).click()

    page.get_by_role("cell", name=nadia.email).first.wait_for()
    save_screenshot(page, "audit-search")
    assert rosa.family_name not in page.url
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert download.value.suggested_filename == "audit.csv"

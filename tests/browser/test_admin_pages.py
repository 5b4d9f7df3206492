"""The administrator's first page, the search of the audit and a comparison, at both widths: nothing complains."""

import pytest
from django.urls import reverse
from django.utils import timezone

from patients.audit import audit_log
from patients.models.audit import AuditAction
from tests.browser.pages import fits
from tests.browsers import shot
from tests.factories import DeliveryFactory, DeviceFactory, HookTallyFactory, SyncRunFactory, VendorCallFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def busy(rosa, nadia):
    device = DeviceFactory(patient=rosa, name="Tenovi Scale")
    VendorCallFactory(patient=rosa, state="needs_human")
    DeliveryFactory(state="quarantined", reason="This is not valid JSON.")
    HookTallyFactory(count=812)
    HookTallyFactory(outcome="length", count=3)
    SyncRunFactory(kind="devices", finished_at=timezone.now(), found=7, differences=[
        {"kind": "other status at the vendor", "hwi_id": str(device.hwi_id), "ours": "shipped", "theirs": "on_hold"},
    ])  # fmt: skip
    for _ in range(3):
        audit_log.record(AuditAction.VIEW, by=nadia, patients=[rosa.pk], clinic=rosa.clinic)


def test_from_the_first_page_to_a_comparison_and_to_who_viewed_a_patient(tab, busy, ada, nadia, rosa):
    page = tab("/admin/", user=ada)
    shot(page, "admin")
    page.emulate_media(color_scheme="dark")
    shot(page, "admin")
    page.emulate_media(color_scheme="light")
    assert fits(page)
    page.locator(".house").get_by_role("link", name="Devices", exact=True).click()
    page.get_by_text("Shipped → On hold").wait_for()
    shot(page, "comparison")

    page.goto(reverse("admin:patients_auditevent_search"))
    page.get_by_label("Patient").fill(rosa.family_name)
    page.get_by_role("button", name="Search", exact=True).click()

    page.get_by_role("cell", name=nadia.email).first.wait_for()
    shot(page, "audit-search")
    assert rosa.family_name not in page.url
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert download.value.suggested_filename == "audit.csv"

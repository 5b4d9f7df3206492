"""Sign-in, invitation, enrollment form and admin in a browser at both widths, without console errors."""

import pytest
from django.urls import reverse

from patients.accounts import invitations
from patients.enrollment import admission
from patients.models import Patient, Role, User
from tests.browser.page_helpers import fits_viewport_width
from tests.browsers import save_screenshot
from tests.factories import PASSWORD, DeliveryFactory, DeviceFactory, MeasurementFactory, OrderFactory, PatientFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_sign_in_page_succeeds_after_wrong_password(open_at_viewport, nadia):
    page = open_at_viewport("/accounts/login/")
    page.get_by_label("Email").fill(nadia.email)
    page.get_by_label("Password").fill("a wrong one")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("belong together").wait_for()
    save_screenshot(page, "sign-in")
    assert fits_viewport_width(page)

    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/triage/")


def test_invitation_page_opens_account(open_at_viewport, elm, ada, live_server, settings):
    settings.SITE_URL = live_server.url
    user = invitations.invite_user(
        email="new@example.org", name="Nils Berg", role=Role.CLINICIAN, clinics=[elm], by=ada
    )

    page = open_at_viewport(invitations.invitation_url(user))
    save_screenshot(page, "invitation")
    page.get_by_label("Password", exact=True).fill("seven quiet herons wade")
    page.get_by_label("The same password again").fill("seven quiet herons wade")
    page.get_by_role("button", name="Open my account").click()

    page.wait_for_url("**/triage/")
    assert User.objects.get(pk=user.pk).is_active


def test_enrollment_form_succeeds_after_invalid_zip_code(open_at_viewport, cora):
    page = open_at_viewport("/patients/new/", user=cora)
    page.get_by_label("First name").fill("Mabel")
    page.get_by_label("Last name").fill("Thornquist")
    page.get_by_label("Date of birth").fill("1948-03-22")
    page.get_by_label("ZIP code").fill("123")
    page.get_by_role("button", name="Enrol").click()
    page.get_by_text("Write the ZIP code as 12345").wait_for()
    save_screenshot(page, "form-error")
    assert fits_viewport_width(page)

    page.get_by_label("ZIP code").fill("79901")
    page.get_by_label("City").fill("El Paso")
    page.get_by_text("Time zone: Mountain Time (Denver), by ZIP code.").wait_for()
    page.get_by_role("button", name="Enrol").click()

    page.get_by_text("The patient is enrolled.").wait_for()
    assert Patient.objects.get().family_name == "Thornquist"


def test_patient_edit_form_shows_conflict_and_saves_chosen_values(open_at_viewport, cora, nadia, rosa):
    page = open_at_viewport(reverse("enrollment:edit", args=[rosa.pk]), user=cora)
    page.get_by_label("City").fill("Keene")
    admission.edit_patient(patient=rosa, by=nadia, edit_version=1, city="Nashua", phone="+16035550199")

    page.get_by_role("button", name="Save").click()
    page.get_by_text("Another person was faster").wait_for()
    save_screenshot(page, "clash")
    assert fits_viewport_width(page)
    page.get_by_role("button", name="Save with my values").click()
    page.get_by_text("The changes are saved.").wait_for()

    rosa.refresh_from_db()
    assert (rosa.city, rosa.phone) == ("Keene", "+16035550199")


def test_discharge_page_warns_of_linked_device_before_confirmation(open_at_viewport, cora, rosa):
    DeviceFactory(patient=rosa)

    page = open_at_viewport(reverse("enrollment:discharge", args=[rosa.pk]), user=cora)

    save_screenshot(page, "discharge")
    assert fits_viewport_width(page)
    assert page.get_by_text("1 device stays linked").is_visible()


ADMIN = (
    "/admin/",
    "/admin/patients/user/",
    "/admin/patients/user/add/",
    "/admin/patients/patient/",
    "/admin/patients/auditevent/",
    "/admin/devices/delivery/",
    "/admin/fulfillment/kit/add/",
    "/admin/fulfillment/order/",
)


def test_admin_pages_work_under_content_security_policy(open_at_viewport, ada, elm, page_errors):
    device = DeviceFactory(patient=PatientFactory(clinic=elm))
    MeasurementFactory(device=device)
    OrderFactory(patient=device.patient)
    DeliveryFactory(hwi_id=device.hwi_id)
    page = open_at_viewport(ADMIN[0], user=ada)

    for path in ADMIN:
        page.goto(path)
        save_screenshot(page, "admin" + path.replace("/", "-").removeprefix("-admin").rstrip("-"))
        assert page.locator("#content").is_visible(), path
        assert page_errors == [], path

"""Sign-in, invitation, the form and the admin as people meet them: at both widths, with no complaint of the browser."""

import pytest
from django.urls import reverse

from patients.accounts import invitations
from patients.enrollment import admission
from patients.models import Patient, Role, User
from tests.browser.pages import fits
from tests.browsers import shot
from tests.factories import PASSWORD, DeliveryFactory, DeviceFactory, MeasurementFactory, OrderFactory, PatientFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_person_signs_in_after_a_mistake(tab, nadia):
    page = tab("/accounts/login/")
    page.get_by_label("Email").fill(nadia.email)
    page.get_by_label("Password").fill("a wrong one")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("belong together").wait_for()
    shot(page, "sign-in")
    assert fits(page)

    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/patients/")


def test_an_invited_person_opens_the_account(tab, elm, ada, live_server, settings):
    settings.SITE_URL = live_server.url
    user = invitations.invite(email="new@example.org", name="Nils Berg", role=Role.CLINICIAN, clinics=[elm], by=ada)

    page = tab(invitations.invitation_link(user))
    shot(page, "invitation")
    page.get_by_label("Password", exact=True).fill("seven quiet herons wade")
    page.get_by_label("The same password again").fill("seven quiet herons wade")
    page.get_by_role("button", name="Open my account").click()

    page.wait_for_url("**/patients/")
    assert User.objects.get(pk=user.pk).is_active


def test_a_coordinator_enrols_a_patient_after_a_mistake(tab, cora):
    page = tab("/patients/new/", user=cora)
    page.get_by_label("First name").fill("Mabel")
    page.get_by_label("Last name").fill("Thornquist")
    page.get_by_label("Date of birth").fill("1948-03-22")
    page.get_by_label("ZIP code").fill("123")
    page.get_by_role("button", name="Enrol").click()
    page.get_by_text("Write the ZIP code as 12345").wait_for()
    shot(page, "form-error")
    assert fits(page)

    page.get_by_label("ZIP code").fill("03301")
    page.get_by_role("button", name="Enrol").click()

    page.get_by_text("The patient is enrolled.").wait_for()
    assert Patient.objects.get().family_name == "Thornquist"


def test_a_clash_of_two_edits_is_shown_side_by_side(tab, cora, nadia, rosa):
    page = tab(reverse("enrollment:edit", args=[rosa.pk]), user=cora)
    page.get_by_label("City").fill("Keene")
    admission.edit(patient=rosa, by=nadia, edition=1, city="Nashua", phone="+16035550199")

    page.get_by_role("button", name="Save").click()
    page.get_by_text("Somebody was faster").wait_for()
    shot(page, "clash")
    assert fits(page)
    page.get_by_role("button", name="Save with my values").click()
    page.get_by_text("The changes are saved.").wait_for()

    rosa.refresh_from_db()
    assert (rosa.city, rosa.phone) == ("Keene", "+16035550199")


def test_discharging_asks_first(tab, cora, rosa):
    DeviceFactory(patient=rosa)

    page = tab(reverse("enrollment:discharge", args=[rosa.pk]), user=cora)

    shot(page, "discharge")
    assert fits(page)
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


def test_the_admin_works_under_the_strict_policy(tab, ada, elm, troubles):
    device = DeviceFactory(patient=PatientFactory(clinic=elm))
    MeasurementFactory(device=device)
    OrderFactory(patient=device.patient)
    DeliveryFactory(hwi_id=device.hwi_id)
    page = tab(ADMIN[0], user=ada)

    for path in ADMIN:
        page.goto(path)
        shot(page, "admin" + path.replace("/", "-").removeprefix("-admin").rstrip("-"))
        assert page.locator("#content").is_visible(), path
        assert troubles == [], path

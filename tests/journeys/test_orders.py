"""From the order form to the first reading, with every process real and the vendor's clock running fast."""

import json
import re
import textwrap
import time

import httpx2
import pytest

SETUP = """
    import json
    from devices.models import DeviceType
    from fulfillment.models import Kit, KitItem
    from patients import enrollment
    from patients.models import Clinic, Role, User
    clinic, _ = Clinic.objects.get_or_create(name="Journey Clinic")
    cora = User.objects.filter(email="cora.journey@example.org").first()
    if cora is None:
        cora = User.objects.create_user("cora.journey@example.org", "four calm otters swim", name="Cora", role="coordinator")
        cora.clinics.add(clinic)
    kit, new = Kit.objects.get_or_create(clinic=clinic, name="Scale kit")
    if new:
        KitItem.objects.create(kit=kit, device_type=DeviceType.objects.get(name="Tenovi Scale"))
    patient = enrollment.enrol(
        by=cora, clinic=clinic, given_name="Rosa", family_name="Delgado", birth_date="1951-04-09", sex="female", mrn="",
        phone="", sms_consent=False, street="12 Alder Street", street_2="", city="Concord", state="NH",
        zip_code="03301", time_zone="America/New_York", provider="", conditions=[],
    )
    scale = DeviceType.objects.get(name="Tenovi Scale")
    print("SETUP", json.dumps({"patient": str(patient.pk), "kit": kit.pk, "scale": scale.pk}))
"""
PATIENCE_SECONDS = 60


@pytest.fixture
def rosa(house):
    """A patient of a clinic with a kit; the vendor's hooks are registered and its catalogue is known."""
    house.manage("register_webhooks")
    house.manage("sync", "catalogue")
    printed = house.manage("shell", "-v", "0", "-c", textwrap.dedent(SETUP))
    return json.loads(re.search(r"SETUP (.*)", printed)[1])


@pytest.fixture
def browser(house, rosa):
    with httpx2.Client(base_url=house.base_url, follow_redirects=True, timeout=20) as browser:
        submit(
            browser, "/accounts/login/", {"login": "cora.journey@example.org", "password": "four calm otters swim"}
        )
        yield browser


def submit(browser, url, typed):
    form = browser.get(url).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    answer = browser.post(url, data=hidden | typed, headers={"Referer": str(browser.base_url)})
    assert answer.status_code == 200, answer.status_code
    return answer


def until(look, *, what):
    """Seconds it took."""
    began = time.monotonic()
    while not look():
        assert time.monotonic() - began < PATIENCE_SECONDS, f"{what} has not come in {PATIENCE_SECONDS} s"
        time.sleep(0.2)
    return time.monotonic() - began


def test_a_kit_is_ordered_and_followed_until_its_first_reading(browser, rosa):
    address = {"name": "Rosa Delgado", "street": "12 Alder Street", "city": "Concord", "state": "NH"}
    typed = address | {"zip_code": "03301", "kit": rosa["kit"], "gateway": "new"}

    order = submit(browser, f"/orders/new/?patient={rosa['patient']}", typed).url

    until(lambda: "Connected" in states(browser, order), what="the first reading")
    page = browser.get(order).text
    for status in ("Dropship Requested", "Ready to Ship", "Delivered"):
        assert status in page
    assert 'href="https://carrier.example/track/' in page
    until(lambda: "Weight" in browser.get(f"/patients/{rosa['patient']}/").text, what="the chart")


def test_a_device_handed_over_on_site_is_activated_and_measures(browser, rosa, vendor):
    vendor.post("gateways", json={"gateway_uuid": "0A0B0C0D0E0F"})
    typed = {"device_type": rosa["scale"], "gateway_id": "0a0b-0c0d-0e0f"}

    order = submit(browser, f"/orders/new/?patient={rosa['patient']}&how=activate", typed).url

    until(lambda: "Connected" in states(browser, order), what="the first reading")


def test_an_end_of_monitoring_is_confirmed_by_the_vendors_record(browser, rosa, vendor):
    vendor.post("gateways", json={"gateway_uuid": "0F0E0D0C0B0A"})
    typed = {"device_type": rosa["scale"], "gateway_id": "0f0e-0d0c-0b0a"}
    order = submit(browser, f"/orders/new/?patient={rosa['patient']}&how=activate", typed).url
    until(lambda: "Connected" in states(browser, order), what="the first reading")

    submit(browser, f"/orders/end/{rosa['patient']}/", {"reason": "moved", "discharge": "on"})

    until(lambda: "Unlinked" in states(browser, order), what="the end")
    gone = [each for each in vendor.get("devices").json() if each["device"]["hardware_uuid"] == "0F0E0D0C0B0A"]
    assert gone == []


def states(browser, order):
    """The state words of the order's page."""
    return re.findall(r'class="state [^>]*>([^<]+)<', browser.get(order).text)

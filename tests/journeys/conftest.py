"""Journeys: staff users of the running stack, over HTTP only, as a browser would."""

import re
import time

import httpx2
import psycopg
import pytest

from tests.stacks import VENDOR_SETUP_SCRIPT
from tests.timeouts import LONG_WAIT_TIMEOUT_SECONDS, WAIT_TIMEOUT_SECONDS

PASSWORD = "four calm otters swim"
STAFF = {"nadia": "clinician", "cora": "coordinator", "ada": "administrator"}
KITS = {
    "Heart failure": ["Tenovi BPM - L", "Tenovi Scale"],
    "One cuff": ["Tenovi BPM - L"],
    "Own modem": ["Tenovi Cellular BPM"],
}
CLINIC_SETUP_SCRIPT = f"""
from patients.models import Clinic, User
from devices.models import DeviceType
from fulfillment.models import Kit, KitItem
clinic = Clinic.objects.create(name="Elm Street Cardiology", time_zone="America/New_York")
for name, role in {STAFF!r}.items():
    user = User.objects.create_user(name + "@house.example", {PASSWORD!r}, name=name.title(), role=role)
    user.is_staff = role == "administrator"
    user.save()
    user.clinics.add(clinic)
for name, devices in {KITS!r}.items():
    kit = Kit.objects.create(clinic=clinic, name=name)
    for device in devices:
        KitItem.objects.create(kit=kit, device_type=DeviceType.objects.get(name=device))
"""
STORED_READINGS_QUERY = """
SELECT metric_id, value_1::text, source FROM measurements_measurement WHERE patient_id = %s::uuid
ORDER BY taken_at, metric_id
"""
PATIENT = {
    "given_name": "Rosa", "family_name": "Quill", "birth_date": "1965-03-03", "sex": "female", "mrn": "",
    "phone": "603 555 0142", "street": "9 Elm Court", "city": "Dover", "state": "NH", "zip_code": "03820",
    "time_zone": "America/New_York", "provider": "Dr Imani Cole", "conditions": ["hypertension"],
}  # fmt: skip


@pytest.fixture(scope="session")
def clinic_stack(stack):
    """The running stack with one clinic: catalogue read, webhooks registered, staff and a kit."""
    stack.run_manage_command("shell", "-v", "0", "-c", f"{VENDOR_SETUP_SCRIPT}{CLINIC_SETUP_SCRIPT}")
    return stack


class HttpUser:
    """A user at a browser: stores cookies, fills in the forms of the pages."""

    def __init__(self, stack, name):
        self.http = httpx2.Client(base_url=stack.base_url, timeout=WAIT_TIMEOUT_SECONDS, follow_redirects=True)
        self.fill("/accounts/login/", login=f"{name}@house.example", password=PASSWORD)

    def see(self, path):
        answer = self.http.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def fill(self, path, **said):
        """Open the form, keep its hidden fields, type the rest, send it. Returns the page that follows."""
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.see(path)))
        answer = self.http.post(path, data=hidden | said, headers={"Referer": str(self.http.base_url)})
        assert answer.status_code == 200, (path, answer.status_code)
        return answer

    def enrol(self, **said):
        """Returns the address of the new patient's page. Journeys share a stack, and some a patient's name."""
        answer = self.fill("/patients/new/", **PATIENT | {"another_person": "on"} | said)
        found = re.search(r"/patients/[0-9a-f-]{36}/", str(answer.url))
        assert found, errors_on(answer.text)
        return found.group()


def errors_on(page):
    return re.findall(r'class="errorlist[^>]*>(.*?)</ul>', page, re.DOTALL)


@pytest.fixture
def cora(clinic_stack):
    return HttpUser(clinic_stack, "cora")


@pytest.fixture
def nadia(clinic_stack):
    return HttpUser(clinic_stack, "nadia")


def wait_for(look, *, what):
    """`look` returns something true one day, which is returned."""
    end = time.monotonic() + LONG_WAIT_TIMEOUT_SECONDS
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {LONG_WAIT_TIMEOUT_SECONDS} s: {what}")


def stored_readings(stack, patient_path):
    """(metric, value_1, source) of all that is stored for a patient."""
    with psycopg.connect(stack.env["DATABASE_URL"]) as connection:
        return connection.execute(STORED_READINGS_QUERY, [patient_id_in(patient_path)]).fetchall()


def page_if_connected(person, order):
    """The order's page, once the order and each of its devices say so."""
    page = person.see(order)
    main = page.partition("<main")[2]  # the timer's state is above it
    return page if set(re.findall(r'class="state state--\w+">([^<]+)<', main)) == {"Connected"} else None


def patient_id_in(path):
    return path.strip("/").split("/")[1]

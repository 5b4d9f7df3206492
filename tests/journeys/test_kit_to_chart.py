import re

from tests.journeys.conftest import eventually, patient_id, readings

STATES = ("Requested", "Ready to ship", "Shipped", "Delivered", "Connected")


def place_order(cora, patient):
    form = f"/orders/new/?patient={patient_id(patient)}"
    kit = re.search(r'name="kit" value="(\d+)"', cora.see(form)).group(1)
    address = {"name": "Rosa Quill", "street": "9 Elm Court", "city": "Dover", "state": "NH", "zip_code": "03820"}
    answer = cora.fill(form, kit=kit, gateway="new", **address)
    return re.search(r"/orders/[0-9a-f-]{36}/", str(answer.url)).group()


def test_a_kit_is_ordered_followed_and_its_first_readings_are_on_the_chart(clinic, cora, nadia):
    patient = cora.enrol()
    order = place_order(cora, patient)
    told = eventually(lambda: finished(cora, order), what="both devices connected")

    timeline = told[told.index("timeline") :]
    assert all(state in timeline for state in STATES), "every stage is kept"
    eventually(lambda: charted(nadia.see(patient)), what="blood pressure and weight on the page")
    assert {row[0] for row in readings(clinic, patient)} >= {"blood_pressure", "weight"}


def charted(page):
    return "Blood pressure" in page and "Weight" in page


def finished(cora, order):
    """The page, once the order and each of its devices say so."""
    page = cora.see(order)
    return page if set(re.findall(r'class="state state--\w+">([^<]+)<', page)) == {"Connected"} else None


def test_the_vendor_got_each_device_once(clinic, cora, vendor):
    patient = cora.enrol(given_name="Ada-Lou", family_name="Once")
    order = place_order(cora, patient)
    eventually(lambda: finished(cora, order), what="both devices connected")

    account = re.search(r"pt-[0-9a-f-]{36}", cora.see(f"{patient}edit/")).group()
    theirs = [device for device in vendor.get("devices").json() if device["patient"] == account.lower()]
    assert sorted(device["device"]["name"] for device in theirs) == ["Tenovi BPM - L", "Tenovi Scale"]

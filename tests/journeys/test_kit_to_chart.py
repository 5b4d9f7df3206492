import re

from tests.journeys.conftest import page_if_connected, patient_id_in, stored_readings, wait_for

STATES = ("Requested", "Ready to ship", "Shipped", "Delivered", "Connected")


def place_order(cora, patient):
    form = f"/orders/new/?patient={patient_id_in(patient)}"
    kit = re.search(r'name="kit" value="(\d+)"', cora.see(form)).group(1)
    address = {"name": "Rosa Quill", "street": "9 Elm Court", "city": "Dover", "state": "NH", "zip_code": "03820"}
    answer = cora.fill(form, kit=kit, gateway="new", **address)
    return re.search(r"/orders/[0-9a-f-]{36}/", str(answer.url)).group()


def test_kit_journey_from_order_to_first_readings_on_chart(clinic_stack, cora, nadia):
    patient = cora.enrol()
    order = place_order(cora, patient)
    page = wait_for(lambda: page_if_connected(cora, order), what="both devices connected")

    timeline = page[page.index("timeline") :]
    assert all(state in timeline for state in STATES), "every stage is kept"
    wait_for(lambda: has_charts(nadia.see(patient)), what="blood pressure and weight on the page")
    assert {row[0] for row in stored_readings(clinic_stack, patient)} >= {"blood_pressure", "weight"}


def has_charts(page):
    return "Blood pressure" in page and "Weight" in page


def test_kit_journey_orders_each_device_once(clinic_stack, cora, simulator_control):
    patient = cora.enrol(given_name="Ada-Lou", family_name="Once")
    order = place_order(cora, patient)
    wait_for(lambda: page_if_connected(cora, order), what="both devices connected")

    account = re.search(r"pt-[0-9a-f-]{36}", cora.see(f"{patient}edit/")).group()
    theirs = [device for device in simulator_control.get("devices").json() if device["patient"] == account.lower()]
    assert sorted(device["device"]["name"] for device in theirs) == ["Tenovi BPM - L", "Tenovi Scale"]

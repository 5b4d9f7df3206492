import datetime as dt
import re

from tests.journeys.conftest import patient_id_in, stored_readings, wait_for


def device_type_id(page, name):
    return re.search(rf'<option value="(\d+)">{name}', page).group(1)


def shown_states(person, order):
    """The state words of the order's page, without the timer's above it."""
    return re.findall(r'class="state [^>]*>([^<]+)<', person.see(order).partition("<main")[2])


def test_end_of_monitoring_journey_unlinks_device_at_vendor(clinic_stack, cora, simulator_control):
    simulator_control.post("gateways", json={"gateway_uuid": "0F0E0D0C0B0A"})
    patient = cora.enrol(given_name="Harold", family_name="Whitcomb")
    form = f"/orders/new/?patient={patient_id_in(patient)}&how=activate"
    scale = device_type_id(cora.see(form), "Tenovi Scale")
    order = cora.fill(form, device_type=scale, gateway_id="0f0e-0d0c-0b0a").url.path
    wait_for(lambda: "Connected" in shown_states(cora, order), what="the first reading")

    cora.fill(f"/orders/end/{patient_id_in(patient)}/", reason="moved", discharge="on")

    wait_for(lambda: "Unlinked" in shown_states(cora, order), what="the end, read from the vendor")
    still_linked = [
        each for each in simulator_control.get("devices").json() if each["device"]["hardware_uuid"] == "0F0E0D0C0B0A"
    ]
    assert still_linked == []


def test_reassignment_journey_gives_late_reading_to_the_patient_who_took_it(clinic_stack, cora, simulator_control):
    simulator_control.post("gateways", json={"gateway_uuid": "0E0D0C0B0A09"})
    harold = cora.enrol(given_name="Harold", family_name="Ames")
    walter = cora.enrol(given_name="Walter", family_name="Ames")

    def activate_scale(patient):
        form = f"/orders/new/?patient={patient_id_in(patient)}&how=activate"
        scale = device_type_id(cora.see(form), "Tenovi Scale")
        order = cora.fill(form, device_type=scale, gateway_id="0e0d-0c0b-0a09").url.path
        wait_for(lambda: "Connected" in shown_states(cora, order), what="the first reading")

    activate_scale(harold)
    end = f"/orders/end/{patient_id_in(harold)}/"
    cora.fill(end, reason="moved", discharge="on")
    wait_for(lambda: "No longer linked, so no longer charged." in cora.see(end), what="the proof of the end")
    activate_scale(walter)

    linked = [each["device"]["hardware_uuid"] == "0E0D0C0B0A09" for each in simulator_control.get("devices").json()]
    walters = simulator_control.get("devices").json()[linked.index(True)]
    taken = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)  # stored in the gateway since Harold's time
    late = {"metric": "weight", "value_1": 201.4, "timestamp": taken.isoformat()}
    simulator_control.post("reading", json=late | {"hwi_device_id": walters["id"]})

    def weights(patient):
        return {value for metric, value, _ in stored_readings(clinic_stack, patient) if metric == "weight"}

    wait_for(lambda: "201.40" in weights(harold), what="the late reading")
    assert "201.40" not in weights(walter)
    assert "201.4" in cora.see(f"{harold}?days=30")


def test_cancel_line_journey_leaves_no_device_at_vendor(clinic_stack, cora, simulator_control):
    patient = cora.enrol(given_name="Walter", family_name="Briggs")
    simulator_control.post(
        "faults", json={"kind": "status", "status": 429, "match": {"method": "POST"}, "times": 1_000}
    )
    form = f"/orders/new/?patient={patient_id_in(patient)}"
    kit = re.search(r'name="kit" value="(\d+)"', cora.see(form)).group(1)
    address = {"name": "Walter Briggs", "street": "9 Elm Court", "city": "Dover", "state": "NH", "zip_code": "03820"}
    order = cora.fill(form, kit=kit, gateway="new", **address).url.path

    def cancelled():
        """What is just being sent can't be cancelled; refused, it can be."""
        for line in re.findall(r"/orders/lines/[0-9a-f-]{36}/cancel/", cora.see(order)):
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', cora.see(order)).group(1)
            cora.http.post(line, data={"csrfmiddlewaretoken": token}, headers={"Referer": str(cora.http.base_url)})
        return set(shown_states(cora, order)) == {"Cancelled"}

    wait_for(cancelled, what="the cancellation")
    simulator_control.delete("faults")  # not before: a busy machine cancels late

    account = re.search(r"pt-[0-9a-f-]{36}", cora.see(f"{patient}edit/")).group()
    assert account.lower() not in {device["patient"] for device in simulator_control.get("devices").json()}

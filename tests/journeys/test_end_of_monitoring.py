import re

from tests.journeys.conftest import eventually, patient_id


def device_type(page, name):
    return re.search(rf'<option value="(\d+)">{name}', page).group(1)


def states(person, order):
    """The state words of the order's page."""
    return re.findall(r'class="state [^>]*>([^<]+)<', person.see(order))


def test_a_discharged_patients_device_costs_nothing_once_the_vendors_record_says_so(clinic, cora, vendor):
    vendor.post("gateways", json={"gateway_uuid": "0F0E0D0C0B0A"})
    patient = cora.enrol(given_name="Harold", family_name="Whitcomb")
    form = f"/orders/new/?patient={patient_id(patient)}&how=activate"
    scale = device_type(cora.see(form), "Tenovi Scale")
    order = cora.fill(form, device_type=scale, gateway_id="0f0e-0d0c-0b0a").url.path
    eventually(lambda: "Connected" in states(cora, order), what="the first reading")

    cora.fill(f"/orders/end/{patient_id(patient)}/", reason="moved", discharge="on")

    eventually(lambda: "Unlinked" in states(cora, order), what="the end, read from the vendor")
    still_linked = [each for each in vendor.get("devices").json() if each["device"]["hardware_uuid"] == "0F0E0D0C0B0A"]
    assert still_linked == []


def test_what_is_cancelled_before_it_ships_never_ships(clinic, cora, vendor):
    patient = cora.enrol(given_name="Walter", family_name="Briggs")
    vendor.post("faults", json={"kind": "status", "status": 429, "match": {"method": "POST"}, "times": 1_000})
    form = f"/orders/new/?patient={patient_id(patient)}"
    kit = re.search(r'name="kit" value="(\d+)"', cora.see(form)).group(1)
    address = {"name": "Walter Briggs", "street": "9 Elm Court", "city": "Dover", "state": "NH", "zip_code": "03820"}
    order = cora.fill(form, kit=kit, gateway="new", **address).url.path

    def cancelled():
        """What is just being sent can't be cancelled; refused, it can be."""
        for line in re.findall(r"/orders/lines/[0-9a-f-]{36}/cancel/", cora.see(order)):
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', cora.see(order)).group(1)
            cora.http.post(line, data={"csrfmiddlewaretoken": token}, headers={"Referer": str(cora.http.base_url)})
        return set(states(cora, order)) == {"Cancelled"}

    eventually(cancelled, what="the cancellation")
    vendor.delete("faults")  # not before: a busy machine cancels late

    account = re.search(r"pt-[0-9a-f-]{36}", cora.see(f"{patient}edit/")).group()
    assert account.lower() not in {device["patient"] for device in vendor.get("devices").json()}

import contextlib
import re
import signal

from tests.journeys.conftest import eventually, patient_id, readings


def activate(cora, patient, gateway):
    form = f"/orders/new/?patient={patient_id(patient)}&how=activate"
    scale = re.search(r'value="(\d+)"[^>]*>Tenovi Scale<', cora.see(form)).group(1)
    answer = cora.fill(form, device_type=scale, gateway_id=gateway, sensor_id="")
    return re.search(r"/orders/[0-9a-f-]{36}/", str(answer.url)).group()


def device_of(vendor, gateway):
    found = [device for device in vendor.get("devices").json() if device["device"]["hardware_uuid"] == gateway]
    return found[0]["id"] if found else None


def test_a_device_handed_over_on_site_shows_its_first_reading(clinic, cora, nadia, vendor):
    patient = cora.enrol(given_name="Walter", family_name="Briggs", mrn="")
    order = activate(cora, patient, "a1b2-c3d4-e5f6")
    hwi_id = eventually(lambda: device_of(vendor, "A1B2C3D4E5F6"), what="the activation")
    vendor.post("reading", json={"hwi_device_id": hwi_id, "metric": "weight", "value_1": 187.4})

    eventually(lambda: "187.4" in nadia.see(patient), what="the reading on the page")
    eventually(lambda: "Connected" in cora.see(order), what="the order is told")


def test_a_gateway_that_the_vendor_does_not_know_is_explained(clinic, cora):
    patient = cora.enrol(given_name="Lucia", family_name="Ferrari", mrn="")
    order = activate(cora, patient, "0000-0000-00AA")

    page = eventually(lambda: unknown(cora.see(order)), what="the vendor's answer")
    assert "gateway" in page.lower()


def unknown(page):
    return page if "Unknown" in page else None


def test_a_mistyped_gateway_is_said_at_its_field_and_kept(clinic, cora):
    patient = cora.enrol(given_name="Nora", family_name="Sullivan", mrn="")
    form = f"/orders/new/?patient={patient_id(patient)}&how=activate"
    scale = re.search(r'value="(\d+)"[^>]*>Tenovi Scale<', cora.see(form)).group(1)

    page = cora.fill(form, device_type=scale, gateway_id="A1B2-C3D4", sensor_id="").text

    assert "12 characters" in page
    assert 'value="A1B2-C3D4"' in page


def test_a_webhook_is_on_the_open_page_by_its_own_nudge_before_any_sweep(clinic, cora, nadia, vendor):
    patient = cora.enrol(given_name="Opal", family_name="Henderson", mrn="")
    activate(cora, patient, "B2C3D4E5F6A1")
    hwi_id = eventually(lambda: device_of(vendor, "B2C3D4E5F6A1"), what="the activation")
    eventually(lambda: "Delivered" in nadia.see(patient), what="the device on the page")
    live = re.search(r'data-live-url="([^"]+)"', nadia.see(patient)).group(1).replace("&amp;", "&")
    version = re.search(r'data-live-version="([^"]+)"', nadia.see(patient)).group(1)

    def polled():
        answer = nadia.http.get(live, params={"v": version})
        return answer.text if answer.status_code == 200 and "133.4" in answer.text else None

    with without_sweeps(clinic):
        vendor.post("reading", json={"hwi_device_id": hwi_id, "metric": "weight", "value_1": 133.4})
        eventually(polled, what="the reading in the refreshed fragments")


@contextlib.contextmanager
def without_sweeps(clinic):
    """Whoever sends them hangs meanwhile."""
    beat = next(each for each in clinic.crew.processes if each.name == "beat")
    beat.send(signal.SIGSTOP)
    try:
        yield
    finally:
        beat.send(signal.SIGCONT)


def test_what_webhooks_lost_is_there_after_the_pull_and_a_second_pull_changes_nothing(clinic, cora, vendor):
    patient = cora.enrol(given_name="Ingrid", family_name="Solberg", mrn="")
    activate(cora, patient, "C3D4E5F6A1B2")
    hwi_id = eventually(lambda: device_of(vendor, "C3D4E5F6A1B2"), what="the activation")
    eventually(lambda: "Delivered" in cora.see(patient), what="the device here")
    vendor.post("webhooks", json={"drop_rate": 1.0})
    try:
        for month in range(1, 6):
            taken = {"timestamp": f"2026-0{month}-11T08:00:00Z", "created": f"2026-0{month}-11T08:01:00Z"}
            vendor.post("reading", json={"hwi_device_id": hwi_id, "metric": "weight", "value_1": 500 + month, **taken})
    finally:
        vendor.post("webhooks", json={"drop_rate": 0.0})

    clinic.manage("sync", "measurements")
    first = [row for row in readings(clinic, patient) if row[1].startswith("50")]
    everything = readings(clinic, patient)
    clinic.manage("sync", "measurements")

    assert first == [("weight", f"{500 + month}.00", "pull") for month in range(1, 6)]
    assert [row for row in readings(clinic, patient) if row in everything] == everything
    assert len([row for row in readings(clinic, patient) if row[1].startswith("50")]) == 5

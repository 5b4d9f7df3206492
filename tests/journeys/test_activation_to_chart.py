import contextlib
import re
import signal

from tests.journeys.conftest import patient_id_in, stored_readings, wait_for


def activate_device(cora, patient, gateway):
    form = f"/orders/new/?patient={patient_id_in(patient)}&how=activate"
    scale = re.search(r'value="(\d+)"[^>]*>Tenovi Scale<', cora.see(form)).group(1)
    answer = cora.fill(form, device_type=scale, gateway_id=gateway, sensor_id="")
    return re.search(r"/orders/[0-9a-f-]{36}/", str(answer.url)).group()


def device_id_on_gateway(vendor, gateway):
    found = [device for device in vendor.get("devices").json() if device["device"]["hardware_uuid"] == gateway]
    return found[0]["id"] if found else None


def test_activation_journey_shows_first_reading_on_chart(clinic_stack, cora, nadia, simulator_control):
    patient = cora.enrol(given_name="Walter", family_name="Briggs", mrn="")
    order = activate_device(cora, patient, "a1b2-c3d4-e5f6")
    hwi_id = wait_for(lambda: device_id_on_gateway(simulator_control, "A1B2C3D4E5F6"), what="the activation")
    simulator_control.post("reading", json={"hwi_device_id": hwi_id, "metric": "weight", "value_1": 187.4})

    wait_for(lambda: "187.4" in nadia.see(patient), what="the reading on the page")
    wait_for(lambda: "Connected" in cora.see(order), what="the order is told")


def test_activation_journey_explains_unknown_gateway(clinic_stack, cora):
    patient = cora.enrol(given_name="Lucia", family_name="Ferrari", mrn="")
    order = activate_device(cora, patient, "0000-0000-00AA")

    page = wait_for(lambda: page_if_unknown(cora.see(order)), what="the vendor's answer")
    assert "gateway" in page.lower()


def page_if_unknown(page):
    return page if "Unknown" in page else None


def test_activation_journey_shows_malformed_gateway_id_at_field_and_preserves_it(clinic_stack, cora):
    patient = cora.enrol(given_name="Nora", family_name="Sullivan", mrn="")
    form = f"/orders/new/?patient={patient_id_in(patient)}&how=activate"
    scale = re.search(r'value="(\d+)"[^>]*>Tenovi Scale<', cora.see(form)).group(1)

    page = cora.fill(form, device_type=scale, gateway_id="A1B2-C3D4", sensor_id="").text

    assert "12 characters" in page
    assert 'value="A1B2-C3D4"' in page


def test_webhook_wakeup_updates_live_page_without_sweep(clinic_stack, cora, nadia, simulator_control):
    patient = cora.enrol(given_name="Opal", family_name="Henderson", mrn="")
    activate_device(cora, patient, "B2C3D4E5F6A1")
    hwi_id = wait_for(lambda: device_id_on_gateway(simulator_control, "B2C3D4E5F6A1"), what="the activation")
    wait_for(lambda: "Delivered" in nadia.see(patient), what="the device on the page")
    live = re.search(r'data-live-url="([^"]+)"', nadia.see(patient)).group(1).replace("&amp;", "&")
    version = re.search(r'data-live-version="([^"]+)"', nadia.see(patient)).group(1)

    def polled():
        answer = nadia.http.get(live, params={"v": version})
        return answer.text if answer.status_code == 200 and "133.4" in answer.text else None

    with beat_paused(clinic_stack):
        simulator_control.post("reading", json={"hwi_device_id": hwi_id, "metric": "weight", "value_1": 133.4})
        wait_for(polled, what="the reading in the refreshed fragments")


@contextlib.contextmanager
def beat_paused(clinic):
    """The process that sends them hangs meanwhile."""
    beat = next(each for each in clinic.supervisor.processes if each.name == "beat")
    beat.send(signal.SIGSTOP)
    try:
        yield
    finally:
        beat.send(signal.SIGCONT)


def test_sync_command_pulls_lost_readings_and_changes_nothing_second_time(clinic_stack, cora, simulator_control):
    patient = cora.enrol(given_name="Ingrid", family_name="Solberg", mrn="")
    activate_device(cora, patient, "C3D4E5F6A1B2")
    hwi_id = wait_for(lambda: device_id_on_gateway(simulator_control, "C3D4E5F6A1B2"), what="the activation")
    wait_for(lambda: "Delivered" in cora.see(patient), what="the device here")
    simulator_control.post("webhooks", json={"drop_rate": 1.0})
    try:
        for month in range(1, 6):
            taken = {"timestamp": f"2026-0{month}-11T08:00:00Z", "created": f"2026-0{month}-11T08:01:00Z"}
            simulator_control.post(
                "reading", json={"hwi_device_id": hwi_id, "metric": "weight", "value_1": 500 + month, **taken}
            )
    finally:
        simulator_control.post("webhooks", json={"drop_rate": 0.0})

    clinic_stack.run_manage_command("sync_readings")
    first = [row for row in stored_readings(clinic_stack, patient) if row[1].startswith("50")]
    everything = stored_readings(clinic_stack, patient)
    clinic_stack.run_manage_command("sync_readings")

    assert first == [("weight", f"{500 + month}.00", "pull") for month in range(1, 6)]
    assert [row for row in stored_readings(clinic_stack, patient) if row in everything] == everything
    assert len([row for row in stored_readings(clinic_stack, patient) if row[1].startswith("50")]) == 5

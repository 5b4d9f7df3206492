"""An alert from its webhook on, with real processes: in the list, acknowledged and resolved."""

import datetime as dt
import re

import psycopg

from tests.journeys.conftest import patient_id_in, stored_readings, wait_for

# Enrolled, and with the device, since a month ago.
A_MONTH_EARLIER = """
WITH period AS (
    UPDATE patients_monitoringperiod SET started_at = started_at - interval '30 days' WHERE patient_id = %(p)s)
UPDATE devices_assignment SET started_at = started_at - interval '30 days' WHERE patient_id = %(p)s
"""
TODAY = 184  # lb


def activate_device(coordinator, patient, name, gateway):
    form = f"/orders/new/?patient={patient_id_in(patient)}&how=activate"
    kind = re.search(rf'value="(\d+)"[^>]*>{name}<', coordinator.see(form)).group(1)
    coordinator.fill(form, device_type=kind, gateway_id=gateway, sensor_id="")


def device_on_gateway(vendor, gateway):
    found = [device for device in vendor.get("devices").json() if device["device"]["hardware_uuid"] == gateway]
    return found[0]["id"] if found else None


def measuring_patient(stack, coordinator, vendor, *, device, gateway, **said):
    """(address, HWI id) of a patient who has had the device for a month."""
    patient = coordinator.enrol(mrn="", **said)
    activate_device(coordinator, patient, device, gateway)
    hwi_id = wait_for(lambda: device_on_gateway(vendor, gateway), what="the activation")
    send_reading(vendor, hwi_id, "weight", TODAY)
    wait_for(lambda: stored_readings(stack, patient), what="the first reading")
    with psycopg.connect(stack.env["DATABASE_URL"]) as connection:
        moved = connection.execute(A_MONTH_EARLIER, {"p": patient_id_in(patient)})
        assert moved.rowcount == 1
    return patient, hwi_id


def send_reading(vendor, hwi_id, metric, *values, ago=dt.timedelta(0)):
    taken = (dt.datetime.now(dt.UTC) - ago).isoformat(timespec="seconds").replace("+00:00", "Z")
    named = {f"value_{n}": value for n, value in enumerate(values, 1)}
    vendor.post("reading", json={"hwi_device_id": hwi_id, "metric": metric, "timestamp": taken, **named})


def page_of_row(page, name):
    """The part of the triage list between this patient's row and the next."""
    return next((row for row in page.split("<li")[1:] if name in row), "")


def post_form(user, page, action, **said):
    """Send a form of a page that the user has open, with its hidden fields."""
    text = user.see(page)
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', text, re.DOTALL).group()
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    answer = user.http.post(action, data=hidden | said, headers={"Referer": str(user.http.base_url)})
    assert answer.status_code == 200, (action, answer.status_code)
    return answer.text


def test_alert_journey_of_weight_gain_from_enrolment_to_resolved(clinic_stack, cora, nadia, simulator_control):
    patient, scale = measuring_patient(
        clinic_stack, cora, simulator_control, device="Tenovi Scale", gateway="C3D4E5F6A1B2",
        given_name="Hattie", family_name="Winslow", conditions=["heart_failure"],
    )  # fmt: skip
    assert not page_of_row(nadia.see("/triage/?section=warning"), "Winslow")

    for days in (4, 3, 2, 1):  # the days before arrive later: four pounds less
        send_reading(simulator_control, scale, "weight", TODAY - 4, ago=dt.timedelta(days=days))
    row = wait_for(lambda: page_of_row(nadia.see("/triage/?section=warning"), "Winslow"), what="the row of the list")
    episodes = set(re.findall(r"/triage/episodes/(\d+)/", nadia.see(patient) + row))
    assert episodes
    for episode in episodes:
        page = f"/triage/episodes/{episode}/"
        post_form(nadia, page, f"{page}acknowledge/")
        done = post_form(nadia, page, f"{page}resolve/", outcome="patient_called", text="Told to weigh again tomorrow")
        assert "Resolved" in done
        assert "patient called" in done

    assert not page_of_row(nadia.see("/triage/?section=warning"), "Winslow")

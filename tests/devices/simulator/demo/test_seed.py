"""Seed data of the demo: plausible, deterministic, with one scenario per patient."""

import json
from datetime import UTC, datetime, timedelta
from statistics import mean
from zoneinfo import ZoneInfo

import pytest

from devices.simulator import Simulator
from devices.simulator.demo.personas import persona_rows
from devices.simulator.runtime.clock import format_iso_time, parse_iso_time
from tests.devices.simulator.conftest import WebhookReceiver, create_client

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


class ManualClock:
    """Wall clock, set by the test."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def state_path(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "vendor.sqlite3"


@pytest.fixture(scope="module")
def demo_simulator(state_path):
    simulator = Simulator(state_path=state_path, demo=True, gap_seconds=0, clock=ManualClock())
    simulator.first_day = (json.dumps(simulator.devices()), simulator.state.store.count_measurements())
    yield simulator
    simulator.close()


@pytest.fixture(scope="module")
def readings_for(demo_simulator):
    """All readings of a patient by given name: REST rows, oldest first."""

    def of(given_name, metric=None, device=""):
        with create_client(demo_simulator) as client:
            rows = client.get(
                f"patients/{external_id_for(given_name)}/measurements/", params={"page": 1, "page_size": 1000}
            )
        found = [
            row for row in rows.json()["results"] if metric in (None, row["metric"]) and device in row["device_name"]
        ]
        return sorted(found, key=lambda row: row["timestamp"])

    return of


def external_id_for(given_name):
    return next(row["external_id"] for row in persona_rows() if row["given_name"] == given_name)


def timestamp_days_ago(days):
    return format_iso_time(NOW - timedelta(days=days))


def values_between(rows, since=1000.0, until=0.0):
    return [
        float(row["value_1"])
        for row in rows
        if timestamp_days_ago(since) <= row["timestamp"] < timestamp_days_ago(until)
    ]


def test_demo_personas_are_57_unique_patients_in_two_clinics():
    people = persona_rows()

    clinics = [row["clinic"] for row in people]
    assert (clinics.count("Elm Street Cardiology"), clinics.count("Harbor Family Medicine")) == (45, 12)
    for unique in ("external_id", "mrn", "phone"):
        assert len({row[unique] for row in people}) == 57
    assert all(row["external_id"].startswith("pt-") and row["phone"][5:10] == "55501" for row in people)


def test_demo_devices_are_connected_except_five_orders_and_two_lack_an_enrolled_patient(demo_simulator):
    states = [each["status"] for each in demo_simulator.devices() if each["status"] != "Connected"]
    known = {row["external_id"].casefold() for row in persona_rows()}

    assert sorted(states) == ["Delivered", "Dropship Requested", "Dropship Requested", "Shipped", "Shipped"]
    assert len({each["patient"] for each in demo_simulator.devices()} - known) == 2


def test_demo_history_covers_the_last_90_days(demo_simulator, readings_for):
    rows = readings_for("Anita")

    assert timestamp_days_ago(91) < rows[0]["timestamp"] < timestamp_days_ago(88)
    assert max(row["created"] for row in rows) <= format_iso_time(NOW)
    assert all(row["created"] > row["timestamp"] for row in rows)


def test_demo_readings_are_taken_in_the_morning_of_the_patient_time_zone(readings_for):
    for name, zone in (("Anita", "America/New_York"), ("Opal", "America/Phoenix"), ("Margaret", "America/Chicago")):
        hours = [
            parse_iso_time(row["timestamp"]).astimezone(ZoneInfo(zone)).hour for row in readings_for(name, "weight")
        ]
        assert 5 <= mean(hours) <= 9
        assert min(hours) >= 3


def test_demo_reading_offsets_follow_daylight_saving_time(readings_for):
    assert {row["timezone_offset"] for row in readings_for("Anita")} == {-4, -5}
    assert {row["timezone_offset"] for row in readings_for("Opal")} == {-7}


def test_demo_heart_failure_patient_gains_weight_in_the_last_week(readings_for):
    weights = readings_for("Harold", "weight")

    assert mean(values_between(weights, 2)) - mean(values_between(weights, 30, 10)) > 3


def test_demo_hypertension_patient_has_rising_pressure_and_a_gap_of_days(readings_for):
    pressures = readings_for("Rosa", "blood_pressure")

    assert mean(values_between(pressures, 5)) > 165
    assert mean(values_between(pressures, 5)) > mean(values_between(pressures, 80, 40)) + 6
    assert values_between(pressures, 20, 16) == []


def test_demo_diabetes_patient_has_lows_a_control_test_and_an_out_of_range_reading(readings_for):
    rows = readings_for("Samuel", "glucose")
    params = [row["filter_params"] for row in rows]

    assert len([value for value in values_between(rows, 14) if value < 70]) >= 2
    assert {each["meal_context"] for each in params if "meal_context" in each} >= {"fasting", "post-prandial"}
    assert [each for each in params if each.get("measurement_location") == "control solution"]
    assert [row["value_1"] for row in rows if "alert" in row["filter_params"]] == ["600.00"]


def test_demo_copd_patient_has_an_spo2_of_88_to_92(readings_for):
    oxygen = values_between(readings_for("George", "spO2"))

    assert 88 <= mean(oxygen) <= 92


def test_demo_patients_include_one_who_stopped_and_one_without_readings(readings_for):
    assert timestamp_days_ago(9.5) < readings_for("Mei-Lin")[-1]["timestamp"] < timestamp_days_ago(7.5)
    assert readings_for("Walter") == []


def test_demo_late_batch_of_several_days_arrives_within_a_minute(readings_for):
    late = [
        row
        for row in readings_for("Eleanor", device="BPM")
        if timestamp_days_ago(10) <= row["timestamp"] < timestamp_days_ago(4)
    ]

    created = [parse_iso_time(row["created"]) for row in late]
    assert len(late) > 8
    assert max(created) - min(created) < timedelta(minutes=1)


def test_demo_estimated_timestamps_are_marked_and_from_one_device(readings_for):
    marked = [row for row in readings_for("Raymond") if row["estimated_timestamp"]]

    assert len(marked) >= 6
    assert {row["device_name"] for row in marked} == {"Tenovi BPM - XL"}


def test_demo_replaced_gateway_changes_readings_and_the_hardware_log(demo_simulator, readings_for):
    rows = readings_for("Beatrice", device="Scale")
    before = {row["hardware_uuid"] for row in rows if row["timestamp"] < timestamp_days_ago(34)}
    after = {row["hardware_uuid"] for row in rows if row["timestamp"] >= timestamp_days_ago(34)}

    with create_client(demo_simulator) as client:
        logs = client.get("hardware-uuid-logs/").json()
    assert len(before) == len(after) == 1
    assert {log["old_hardware_uuid"] for log in logs} == before
    assert {log["new_hardware_uuid"] for log in logs} == after


def test_demo_odd_readings_belong_to_the_intended_patients(readings_for):
    pressures = readings_for("Dmitri", "blood_pressure")
    instants = [(row["timestamp"], row["filter_params"]["measurement_index"]) for row in pressures]

    assert len(instants) - len(set(instants)) == 1
    weights = sorted(readings_for("Patricia", "weight"), key=lambda row: row["timestamp"])
    assert [float(row["value_1"]) for row in weights][-2:] == [1.4, 1.6]
    assert [row["value_1"] for row in readings_for("Nora", "blood_pressure")].count("E-03") == 1
    assert {row["value_1"] for row in readings_for("Josephine", "battery_percentage", "BPM")} == {"12.00"}
    assert len({row["hardware_uuid"] for row in readings_for("Fatima", "blood_pressure")}) == 2
    assert len(readings_for("Yolanda", "irregular_heartbeat")) > 3


def test_demo_watch_pillbox_and_peak_flow_meter_send_what_their_pages_show(demo_simulator, readings_for):
    openings = readings_for("Beatrice", "pillbox_opened")
    with create_client(demo_simulator) as client:
        query = {"metric__name": "heart_rate_statistics", "page": 1, "page_size": 1000}
        hours = client.get(f"patients/{external_id_for('George')}/measurements/", params=query).json()["results"]
    found = {row["metric"] for row in readings_for("George")}

    assert 120 < len(openings) < 180
    assert {row["filter_params"]["compartment"].split()[1] for row in openings} == {"AM", "PM"}
    assert {"steps", "sleep", "heart_rate_statistics", "peak_expiratory_flow", "forced_expiratory_volume"} <= found
    assert all(
        {"min_heart_rate", "average_heart_rate", "max_heart_rate"} <= row["filter_params"].keys() for row in hours
    )
    assert {row["timestamp"][14:19] for row in hours} == {"00:00"}, "on the hour"


def test_demo_open_orders_show_an_invalid_address_and_a_delivery_date(demo_simulator):
    with create_client(demo_simulator) as client:
        stuck, arrived = (
            client.get("hwi-devices/", params={"patient__external_id": external_id_for(name)}).json()[0]
            for name in ("Opal", "Walter")
        )

    assert "Address not found" in stuck["device"]["fulfillment_request"]["invalid_address"]
    assert arrived["device"]["fulfillment_request"]["delivered_on"] == timestamp_days_ago(6)


def test_demo_live_reading_appears_in_rest_and_in_webhooks(demo_simulator):
    demo_simulator.webhooks.sender = WebhookReceiver()
    with create_client(demo_simulator) as client:
        client.post("webhooks/", json={"endpoint": "https://rpm.example/", "event": "MEASUREMENT"})
        rows = demo_simulator.live.send_next_reading()
        demo_simulator.deliver_webhooks()
        device = rows[0]["device_id"]
        shown = client.get(f"hwi-devices/{device}/measurements/", params={"page": 1}).json()["results"]

    assert rows[0]["value_1"] in {row["value_1"] for row in shown}
    assert device in {body["hwi_device_id"] for body in demo_simulator.webhooks.sender.bodies}


def test_demo_live_readings_rotate_through_all_devices(demo_simulator):
    spoken = [rows[0]["device_id"] for _ in range(60) if (rows := demo_simulator.live.send_next_reading())]

    assert len(set(spoken)) == len(spoken) == 60


def test_demo_live_readings_exclude_silent_patients_and_devices_that_follow_the_day(demo_simulator):
    silent = {external_id_for(name) for name in ("Mei-Lin", "Walter")}
    sent = [rows[0] for _ in range(120) if (rows := demo_simulator.live.send_next_reading())]

    assert sent
    assert not silent & {demo_simulator.device(row["device_id"])["patient"] for row in sent}
    assert not {"Tenovi Watch", "Tenovi Pillbox"} & {row["device_name"] for row in sent}


def test_demo_data_is_deterministic_and_a_restart_fills_the_missing_days(demo_simulator, tmp_path):
    watch = ManualClock()
    first = Simulator(state_path=tmp_path / "v", demo=True, clock=watch)
    assert (json.dumps(first.devices()), first.state.store.count_measurements()) == demo_simulator.first_day
    first.close()
    watch.now += timedelta(days=3)

    again = Simulator(state_path=tmp_path / "v", demo=True, gap_seconds=0, clock=watch)
    with create_client(again) as client:
        page = {"page": 1, "page_size": 1000, "created__gte": timestamp_days_ago(0)}
        fresh = client.get(f"patients/{external_id_for('Anita')}/measurements/", params=page).json()["results"]
        silent = client.get(f"patients/{external_id_for('Mei-Lin')}/measurements/", params=page).json()["results"]

    assert len({row["timestamp"][:10] for row in fresh if row["metric"] == "weight"}) >= 2
    assert silent == []
    assert again.webhooks.waiting_count() == 0
    again.close()

"""The demo's account: plausible, deterministic, and with each story where it belongs."""

import json
from datetime import UTC, datetime, timedelta
from statistics import mean
from zoneinfo import ZoneInfo

import pytest

from devices.simulator import Simulator
from devices.simulator.demo.personas import described
from devices.simulator.runtime.clock import iso, parse
from tests.devices.simulator.conftest import Receiver, a_client

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


class Watch:
    """A clock that tests push."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "vendor.sqlite3"


@pytest.fixture(scope="module")
def demo(path):
    simulator = Simulator(state=path, demo=True, gap_seconds=0, clock=Watch())
    simulator.first_day = (json.dumps(simulator.devices()), simulator.world.store.count_measurements())
    yield simulator
    simulator.close()


@pytest.fixture(scope="module")
def readings(demo):
    """All readings of somebody by given name: REST rows, oldest first."""

    def of(given_name, metric=None, device=""):
        with a_client(demo) as client:
            rows = client.get(
                f"patients/{external_id(given_name)}/measurements/", params={"page": 1, "page_size": 1000}
            )
        kept = [
            row for row in rows.json()["results"] if metric in (None, row["metric"]) and device in row["device_name"]
        ]
        return sorted(kept, key=lambda row: row["timestamp"])

    return of


def external_id(given_name):
    return next(row["external_id"] for row in described() if row["given_name"] == given_name)


def days_ago(days):
    return iso(NOW - timedelta(days=days))


def values(rows, since=1000.0, until=0.0):
    return [float(row["value_1"]) for row in rows if days_ago(since) <= row["timestamp"] < days_ago(until)]


def test_forty_people_in_two_clinics_are_described_once():
    people = described()

    clinics = [row["clinic"] for row in people]
    assert (clinics.count("Elm Street Cardiology"), clinics.count("Harbor Family Medicine")) == (28, 12)
    for unique in ("external_id", "mrn", "phone"):
        assert len({row[unique] for row in people}) == 40
    assert all(row["external_id"].startswith("pt-") and row["phone"][5:10] == "55501" for row in people)


def test_every_device_but_three_orders_is_connected_and_two_belong_to_nobody(demo):
    states = [each["status"] for each in demo.devices() if each["status"] != "Connected"]
    known = {row["external_id"].casefold() for row in described()}

    assert sorted(states) == ["Client Action Required", "Delivered", "Shipped"]
    assert len({each["patient"] for each in demo.devices()} - known) == 2


def test_the_past_ends_now_and_begins_90_days_ago(demo, readings):
    rows = readings("Anita")

    assert days_ago(91) < rows[0]["timestamp"] < days_ago(88)
    assert max(row["created"] for row in rows) <= iso(NOW)
    assert all(row["created"] > row["timestamp"] for row in rows)


def test_people_measure_in_the_mornings_and_evenings_of_their_own_zone(readings):
    for name, zone in (("Anita", "America/New_York"), ("Opal", "America/Phoenix"), ("Margaret", "America/Chicago")):
        hours = [parse(row["timestamp"]).astimezone(ZoneInfo(zone)).hour for row in readings(name, "weight")]
        assert 5 <= mean(hours) <= 9
        assert min(hours) >= 3


def test_offsets_follow_daylight_saving_and_lose_nothing_here(readings):
    assert {row["timezone_offset"] for row in readings("Anita")} == {-4, -5}
    assert {row["timezone_offset"] for row in readings("Opal")} == {-7}


def test_the_heart_failure_patient_gains_weight_in_the_last_week(readings):
    weights = readings("Harold", "weight")

    assert mean(values(weights, 2)) - mean(values(weights, 30, 10)) > 3


def test_the_hypertension_is_uncontrolled_and_grows_with_a_gap_of_days(readings):
    pressures = readings("Rosa", "blood_pressure")

    assert mean(values(pressures, 5)) > 165
    assert mean(values(pressures, 5)) > mean(values(pressures, 80, 40)) + 6
    assert values(pressures, 20, 16) == []


def test_the_diabetic_has_lows_a_control_test_and_a_reading_above_range(readings):
    rows = readings("Samuel", "glucose")
    params = [row["filter_params"] for row in rows]

    assert len([value for value in values(rows, 14) if value < 70]) >= 2
    assert {each["meal_context"] for each in params if "meal_context" in each} >= {"fasting", "post-prandial"}
    assert [each for each in params if each.get("measurement_location") == "control solution"]
    assert [row["value_1"] for row in rows if "alert" in row["filter_params"]] == ["412.00"]


def test_copd_lives_at_88_to_92(readings):
    oxygen = values(readings("George", "spO2"))

    assert 88 <= mean(oxygen) <= 92


def test_one_stopped_eight_days_ago_and_one_has_not_begun(readings):
    assert days_ago(9.5) < readings("Mei-Lin")[-1]["timestamp"] < days_ago(7.5)
    assert readings("Walter") == []
    assert readings("Curtis") == []


def test_a_batch_of_days_arrived_within_seconds(readings):
    late = [row for row in readings("Eleanor", device="BPM") if days_ago(10) <= row["timestamp"] < days_ago(4)]

    created = [parse(row["created"]) for row in late]
    assert len(late) > 8
    assert max(created) - min(created) < timedelta(minutes=1)


def test_estimated_times_are_evenly_spread_and_marked(readings):
    marked = [row for row in readings("Raymond") if row["estimated_timestamp"]]

    assert len(marked) >= 6
    assert {row["device_name"] for row in marked} == {"Tenovi BPM - XL"}


def test_a_replaced_gateway_left_its_id_on_the_older_readings_and_a_log_line(demo, readings):
    rows = readings("Beatrice", device="Scale")
    before = {row["hardware_uuid"] for row in rows if row["timestamp"] < days_ago(34)}
    after = {row["hardware_uuid"] for row in rows if row["timestamp"] >= days_ago(34)}

    with a_client(demo) as client:
        logs = client.get("hardware-uuid-logs/").json()
    assert len(before) == len(after) == 1
    assert {log["old_hardware_uuid"] for log in logs} == before
    assert {log["new_hardware_uuid"] for log in logs} == after


def test_odd_readings_stand_where_they_belong(readings):
    pressures = readings("Dmitri", "blood_pressure")
    moments = [(row["timestamp"], row["filter_params"]["measurement_index"]) for row in pressures]

    assert len(moments) - len(set(moments)) == 1
    assert min(values(readings("Patricia", "weight"))) == 1.4
    assert len(readings("Yolanda", "irregular_heartbeat")) > 3


def test_the_waiting_orders_say_why(demo):
    with a_client(demo) as client:
        stuck, arrived = (
            client.get("hwi-devices/", params={"patient__external_id": external_id(name)}).json()[0]
            for name in ("Curtis", "Walter")
        )

    assert "Address not found" in stuck["device"]["fulfillment_request"]["invalid_address"]
    assert arrived["device"]["fulfillment_request"]["delivered_on"] == days_ago(6)


def test_a_live_reading_is_in_rest_and_on_its_way_to_the_hooks(demo):
    demo.webhooks.sender = Receiver()
    with a_client(demo) as client:
        client.post("webhooks/", json={"endpoint": "https://rpm.example/", "event": "MEASUREMENT"})
        rows = demo.live.tick()
        demo.deliver_webhooks()
        device = rows[0]["device_id"]
        shown = client.get(f"hwi-devices/{device}/measurements/", params={"page": 1}).json()["results"]

    assert rows[0]["value_1"] in {row["value_1"] for row in shown}
    assert device in {body["hwi_device_id"] for body in demo.webhooks.sender.bodies}


def test_live_readings_go_round_and_then_calm_down(demo):
    spoken = [rows[0]["device_id"] for _ in range(60) if (rows := demo.live.tick())]

    assert len(set(spoken)) == len(spoken) == 60


def test_those_who_stopped_stay_silent_in_live_readings(demo):
    silent = {external_id(name) for name in ("Mei-Lin", "Walter", "Curtis")}
    spoken = [demo.device(rows[0]["device_id"])["patient"] for _ in range(120) if (rows := demo.live.tick())]

    assert spoken
    assert not silent & set(spoken)


def test_the_same_seed_tells_the_same_story_and_a_restart_fills_in_the_days_between(demo, tmp_path):
    watch = Watch()
    first = Simulator(state=tmp_path / "v", demo=True, clock=watch)
    assert (json.dumps(first.devices()), first.world.store.count_measurements()) == demo.first_day
    first.close()
    watch.now += timedelta(days=3)

    again = Simulator(state=tmp_path / "v", demo=True, gap_seconds=0, clock=watch)
    with a_client(again) as client:
        page = {"page": 1, "page_size": 1000, "created__gte": days_ago(0)}
        fresh = client.get(f"patients/{external_id('Anita')}/measurements/", params=page).json()["results"]
        silent = client.get(f"patients/{external_id('Mei-Lin')}/measurements/", params=page).json()["results"]

    assert len({row["timestamp"][:10] for row in fresh if row["metric"] == "weight"}) >= 2
    assert silent == []
    assert again.webhooks.waiting() == 0
    again.close()

"""Readings by REST and by webhook: the same reading, two shapes of time."""

from datetime import UTC, datetime, timedelta

import pytest

from devices.simulator.runtime.clock import iso


@pytest.fixture
def cuff(activate):
    return activate().json()


@pytest.fixture
def read(sim, cuff):
    """One blood pressure of the cuff, some minutes ago."""

    def take(minutes_ago=10, metric="blood_pressure", value_1=131, value_2=84, **more):
        taken = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        sim.read(
            [
                {
                    "hwi_device_id": cuff["id"],
                    "metric": metric,
                    "value_1": value_1,
                    "value_2": value_2,
                    "timestamp": iso(taken),
                    **more,
                }
            ]
        )

    return take


def rows(ask, path="patients/pt-7f3c/measurements/", **query):
    return ask.get(path, params={"page": 1, "page_size": 1000, **query}).json()["results"]


def test_rest_shows_two_decimals_and_the_servers_own_time(ask, read, cuff):
    read(filter_params={"measurement_index": 41})

    (row,) = rows(ask)
    assert (row["value_1"], row["value_2"]) == ("131.00", "84.00")
    assert row["created"] > row["timestamp"]
    assert row["hwi_device_id"] == cuff["id"]
    assert row["hardware_uuid"] == "A1B2C3D4E5F6"
    assert row["filter_params"] == {"measurement_index": 41}
    assert row["timezone_offset"] in (-4, -5)
    assert "id" not in row


def test_a_webhook_repeats_the_timestamp_as_created(ask, sim, hook, read, received):
    hook()
    read()
    sim.deliver_webhooks()

    payload = next(body for body in received.bodies if body.get("metric"))
    assert payload["created"] == payload["timestamp"]
    assert payload == {**rows(ask)[0], "created": payload["timestamp"]}


def test_coincident_readings_come_one_by_one_or_as_a_list(sim, ask, hook, cuff, received):
    single, listed = hook(endpoint="https://a.example/"), hook(endpoint="https://b.example/", post_as_array=True)
    at = iso(datetime.now(UTC))
    pair = [{"metric": "blood_pressure", "value_1": 120, "value_2": 80}, {"metric": "pulse", "value_1": 70}]

    sim.read([{"hwi_device_id": cuff["id"], "timestamp": at, **each} for each in pair])
    sim.deliver_webhooks()

    by_hook = {
        h["endpoint"]: [body for endpoint, _, body in received if endpoint == h["endpoint"]] for h in (single, listed)
    }
    assert [body["metric"] for body in by_hook["https://a.example/"]] == ["blood_pressure", "pulse"]
    assert [[row["metric"] for row in body] for body in by_hook["https://b.example/"]] == [["blood_pressure", "pulse"]]


def test_a_lone_reading_is_wrapped_only_sometimes_on_a_list_hook(sim, hook, read, received):
    hook(post_as_array=True)
    for minute in range(40):
        read(minutes_ago=minute)
    sim.deliver_webhooks()

    assert {type(body) for body in received.bodies} == {dict, list}


def test_a_device_pinned_to_a_hook_is_silent_on_the_others(sim, ask, hook, cuff, read, received):
    hook(endpoint="https://everyone.example/")
    pinned = hook(endpoint="https://pinned.example/", enabled_by_default=False)
    ask.post(f"hwi-devices/{cuff['id']}/properties/", json={"key": "measurement_webhook_id", "value": pinned["id"]})

    read()
    sim.deliver_webhooks()

    assert [endpoint for endpoint, _, _ in received] == ["https://pinned.example/"]


def test_windows_are_closed_below_and_open_above_on_either_time(ask, read):
    read(minutes_ago=30, created=iso(datetime(2026, 9, 20, 12, tzinfo=UTC)))
    read(minutes_ago=20, created=iso(datetime(2026, 9, 21, 12, tzinfo=UTC)))

    def count(**query):
        return len(rows(ask, **query))

    assert count(created__gte="2026-09-20T12:00:00Z", created__lt="2026-09-21T12:00:00Z") == 1
    assert count(created__gte="2026-09-20T12:00:00.000001Z") == 1
    assert count(created__lte="2000-01-01T00:00:00Z") == 2  # an old filter, ignored in silence
    assert count(timestamp__lt="2026-09-21T12:00:00Z") == 0


def test_a_time_that_cannot_be_read_is_400_beside_its_name(ask):
    answer = ask.get("patients/pt-7f3c/measurements/", params={"created__gte": "yesterday"})

    assert (answer.status_code, answer.json()) == (400, {"created__gte": ["Enter a valid date/time."]})


def test_metric_names_are_case_sensitive(ask, read):
    read(metric="spO2", value_1=96, value_2=0.71)

    assert len(rows(ask, metric__name="spO2")) == 1
    assert rows(ask, metric__name="spo2") == []


def test_without_page_a_list_ends_30_days_ago_in_silence(ask, read):
    read(minutes_ago=31 * 24 * 60)
    read(minutes_ago=5)

    assert len(ask.get("patients/pt-7f3c/measurements/").json()) == 1
    assert len(rows(ask)) == 2


def test_the_patient_of_a_reading_is_the_devices_present_one_and_found_ignoring_case(ask, read, cuff):
    read()
    body = {"device": cuff["device"], "patient": {"external_id": "pt-next"}}
    ask.put(f"hwi-devices/{cuff['id']}/", json=body)

    assert rows(ask) == []
    assert rows(ask, "patients/PT-NEXT/measurements/")[0]["patient_id"] == "pt-next"


def test_an_unknown_patient_has_no_readings_and_an_unknown_device_is_404(ask):
    assert rows(ask, "patients/pt-nobody/measurements/") == []
    assert ask.get("hwi-devices/nobody/measurements/").status_code == 404


def test_pages_of_readings_hold_all_of_them_once(sim, ask, cuff):
    at = datetime.now(UTC) - timedelta(hours=1)
    sim.read(
        [
            {
                "hwi_device_id": cuff["id"],
                "metric": "pulse",
                "value_1": n,
                "webhook": False,
                "timestamp": iso(at + timedelta(seconds=n)),
            }
            for n in range(25)
        ]
    )

    pages = [ask.get("patients/pt-7f3c/measurements/", params={"page": n, "page_size": 10}).json() for n in (1, 2, 3)]

    assert sorted(float(row["value_1"]) for page in pages for row in page["results"]) == list(range(25))
    assert pages[0]["next"].startswith("https://api.tenovi.com/")  # not the host that was asked
    assert pages[2]["next"] is None


def test_the_first_reading_of_a_delivered_device_connects_it(ask, read, cuff):
    read()

    device = ask.get(f"hwi-devices/{cuff['id']}/").json()
    assert device["status"] == "Connected"
    assert device["connected_on"]


@pytest.mark.parametrize("sent", [None, "N/A"])
def test_odd_second_values_can_be_sent_for_tests(ask, read, sent):
    read(value_2=sent)

    assert rows(ask)[0]["value_2"] == sent

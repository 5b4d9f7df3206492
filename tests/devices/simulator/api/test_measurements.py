"""Measurements of the simulator by REST and by webhook, and their two formats of time."""

from datetime import UTC, datetime, timedelta

import pytest

from devices.simulator.runtime.clock import format_iso_time


@pytest.fixture
def cuff(activate_device):
    return activate_device().json()


@pytest.fixture
def take_reading(sim, cuff):
    """One blood pressure of the cuff, some minutes ago."""

    def take(minutes_ago=10, metric="blood_pressure", value_1=131, value_2=84, **more):
        taken = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        sim.add_readings(
            [
                {
                    "hwi_device_id": cuff["id"],
                    "metric": metric,
                    "value_1": value_1,
                    "value_2": value_2,
                    "timestamp": format_iso_time(taken),
                    **more,
                }
            ]
        )

    return take


def measurement_rows(ask, path="patients/pt-7f3c/measurements/", **query):
    return ask.get(path, params={"page": 1, "page_size": 1000, **query}).json()["results"]


def test_simulator_rest_reading_has_two_decimals_and_a_server_created_time(vendor_api, take_reading, cuff):
    take_reading(filter_params={"measurement_index": 41})

    (row,) = measurement_rows(vendor_api)
    assert (row["value_1"], row["value_2"]) == ("131.00", "84.00")
    assert row["created"] > row["timestamp"]
    assert row["hwi_device_id"] == cuff["id"]
    assert row["hardware_uuid"] == "A1B2C3D4E5F6"
    assert row["filter_params"] == {"measurement_index": 41}
    assert row["timezone_offset"] in (-4, -5)
    assert "id" not in row


def test_simulator_measurement_webhook_repeats_the_timestamp_as_created(
    vendor_api, sim, register_webhook, take_reading, received_webhooks
):
    register_webhook()
    take_reading()
    sim.deliver_webhooks()

    payload = next(body for body in received_webhooks.bodies if body.get("metric"))
    assert payload["created"] == payload["timestamp"]
    assert payload == {**measurement_rows(vendor_api)[0], "created": payload["timestamp"]}


def test_simulator_simultaneous_readings_are_sent_singly_or_as_a_list(
    sim, vendor_api, register_webhook, cuff, received_webhooks
):
    single, listed = (
        register_webhook(endpoint="https://a.example/"),
        register_webhook(endpoint="https://b.example/", post_as_array=True),
    )
    at = format_iso_time(datetime.now(UTC))
    pair = [{"metric": "blood_pressure", "value_1": 120, "value_2": 80}, {"metric": "pulse", "value_1": 70}]

    sim.add_readings([{"hwi_device_id": cuff["id"], "timestamp": at, **each} for each in pair])
    sim.deliver_webhooks()

    by_hook = {
        h["endpoint"]: [body for endpoint, _, body in received_webhooks if endpoint == h["endpoint"]]
        for h in (single, listed)
    }
    assert [body["metric"] for body in by_hook["https://a.example/"]] == ["blood_pressure", "pulse"]
    assert [[row["metric"] for row in body] for body in by_hook["https://b.example/"]] == [["blood_pressure", "pulse"]]


def test_simulator_single_reading_is_only_sometimes_wrapped_in_a_list(
    sim, register_webhook, take_reading, received_webhooks
):
    register_webhook(post_as_array=True)
    for minute in range(40):
        take_reading(minutes_ago=minute)
    sim.deliver_webhooks()

    assert {type(body) for body in received_webhooks.bodies} == {dict, list}


def test_simulator_device_pinned_to_a_webhook_sends_to_no_other(
    sim, vendor_api, register_webhook, cuff, take_reading, received_webhooks
):
    register_webhook(endpoint="https://everyone.example/")
    pinned = register_webhook(endpoint="https://pinned.example/", enabled_by_default=False)
    vendor_api.post(
        f"hwi-devices/{cuff['id']}/properties/", json={"key": "measurement_webhook_id", "value": pinned["id"]}
    )

    take_reading()
    sim.deliver_webhooks()

    assert [endpoint for endpoint, _, _ in received_webhooks] == ["https://pinned.example/"]


def test_simulator_time_filters_include_the_start_and_exclude_the_end(vendor_api, take_reading):
    take_reading(minutes_ago=30, created=format_iso_time(datetime(2026, 9, 20, 12, tzinfo=UTC)))
    take_reading(minutes_ago=20, created=format_iso_time(datetime(2026, 9, 21, 12, tzinfo=UTC)))

    def count(**query):
        return len(measurement_rows(vendor_api, **query))

    assert count(created__gte="2026-09-20T12:00:00Z", created__lt="2026-09-21T12:00:00Z") == 1
    assert count(created__gte="2026-09-20T12:00:00.000001Z") == 1
    assert count(created__lte="2000-01-01T00:00:00Z") == 2  # an old filter, ignored in silence
    assert count(timestamp__lt="2026-09-21T12:00:00Z") == 0


def test_simulator_malformed_time_filter_returns_400(vendor_api):
    answer = vendor_api.get("patients/pt-7f3c/measurements/", params={"created__gte": "yesterday"})

    assert (answer.status_code, answer.json()) == (400, {"created__gte": ["Enter a valid date/time."]})


def test_simulator_metric_filter_is_case_sensitive(vendor_api, take_reading):
    take_reading(metric="spO2", value_1=96, value_2=0.71)

    assert len(measurement_rows(vendor_api, metric__name="spO2")) == 1
    assert measurement_rows(vendor_api, metric__name="spo2") == []


def test_simulator_measurement_list_without_page_covers_only_30_days(vendor_api, take_reading):
    take_reading(minutes_ago=31 * 24 * 60)
    take_reading(minutes_ago=5)

    assert len(vendor_api.get("patients/pt-7f3c/measurements/").json()) == 1
    assert len(measurement_rows(vendor_api)) == 2


def test_simulator_reading_belongs_to_the_current_patient_of_its_device(vendor_api, take_reading, cuff):
    take_reading()
    body = {"device": cuff["device"], "patient": {"external_id": "pt-next"}}
    vendor_api.put(f"hwi-devices/{cuff['id']}/", json=body)

    assert measurement_rows(vendor_api) == []
    assert measurement_rows(vendor_api, "patients/PT-NEXT/measurements/")[0]["patient_id"] == "pt-next"


def test_simulator_unknown_patient_has_no_readings_and_unknown_device_is_404(vendor_api):
    assert measurement_rows(vendor_api, "patients/pt-nobody/measurements/") == []
    assert vendor_api.get("hwi-devices/nobody/measurements/").status_code == 404


def test_simulator_measurement_pages_contain_every_reading_once(sim, vendor_api, cuff):
    at = datetime.now(UTC) - timedelta(hours=1)
    sim.add_readings(
        [
            {
                "hwi_device_id": cuff["id"],
                "metric": "pulse",
                "value_1": n,
                "webhook": False,
                "timestamp": format_iso_time(at + timedelta(seconds=n)),
            }
            for n in range(25)
        ]
    )

    pages = [
        vendor_api.get("patients/pt-7f3c/measurements/", params={"page": n, "page_size": 10}).json() for n in (1, 2, 3)
    ]

    assert sorted(float(row["value_1"]) for page in pages for row in page["results"]) == list(range(25))
    assert pages[0]["next"].startswith("https://api.tenovi.com/")  # not the host that was asked
    assert pages[2]["next"] is None


def test_simulator_first_reading_connects_a_delivered_device(vendor_api, take_reading, cuff):
    take_reading()

    device = vendor_api.get(f"hwi-devices/{cuff['id']}/").json()
    assert device["status"] == "Connected"
    assert device["connected_on"]


@pytest.mark.parametrize("sent", [None, "N/A"])
def test_simulator_reading_accepts_an_odd_second_value(vendor_api, take_reading, sent):
    take_reading(value_2=sent)

    assert measurement_rows(vendor_api)[0]["value_2"] == sent

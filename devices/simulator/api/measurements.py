"""Measurements: storing readings, listing them by REST and sending them by webhook."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from devices.simulator.api import devices, gateways, patients
from devices.simulator.api.pagination import list_response
from devices.simulator.runtime.clock import format_iso_time, parse_iso_time, utc_offset_hours
from devices.simulator.runtime.messages import ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState
from devices.simulator.runtime.store import MEASUREMENT_COLUMNS

MAX_UNPAGED_AGE = timedelta(days=30)
WINDOW_CONDITIONS = {
    "created__gte": "created >= ?",
    "created__lt": "created < ?",
    "timestamp__gte": "timestamp >= ?",
    "timestamp__lt": "timestamp < ?",
}
TWO_DECIMALS = Decimal("0.01")


def format_two_decimals(value: Any) -> str | None:
    """`"72.00"`; null stays null; anything else is passed through unchanged, for tests of odd input."""
    if value is None:
        return None
    try:
        return str(Decimal(str(value)).quantize(TWO_DECIMALS, ROUND_HALF_UP))
    except InvalidOperation:
        return str(value)


def new_measurement(
    state: SimulatorState,
    document: Json,
    *,
    metric: str,
    value_1: Any,
    value_2: Any = 0,
    taken: datetime | None = None,
    created: datetime | None = None,
    estimated: bool = False,
    filter_params: Json | None = None,
) -> Json:
    """A row as the vendor stores it; `created` is its server's time, some seconds after `taken` by default."""
    taken = taken or state.clock.now()
    created = created or max(state.clock.now(), taken)
    return {
        "device_id": document["id"],
        "metric": metric,
        "device_name": document["device"]["name"],
        "hardware_uuid": document["carries"] or document["device"]["hardware_uuid"],
        "sensor_code": devices.reading_sensor_code(document),
        "value_1": format_two_decimals(value_1),
        "value_2": format_two_decimals(value_2),
        "created": format_iso_time(created),
        "timestamp": format_iso_time(taken),
        "timezone_offset": utc_offset_hours(taken, document["time_zone"]),
        "estimated_timestamp": estimated,
        "filter_params": filter_params,
    }


def store_measurements(state: SimulatorState, document: Json, rows: list[Json], *, notify: bool = True) -> None:
    """Store coincident readings of one device, record its check-in, and queue their webhooks after the commit."""
    state.store.add_measurements(rows)
    latest = max(row["created"] for row in rows)
    document["last_measurement"] = max(document["last_measurement"] or "", latest)
    for each in document["properties"]:
        each["synced"] = True  # a setting reaches the hardware with the next measurement
    devices.save_device(state, document)
    gateways.record_gateway_checkin(state, rows[0]["hardware_uuid"], document["device"]["sensor_code"], latest)
    if notify:
        payloads = [measurement_payload(state, document, row) for row in rows]
        state.after_commit(lambda: queue_measurement_webhooks(state, document, payloads))


def measurement_json(state: SimulatorState, document: Json, row: Json) -> Json:
    """As REST shows it. The patient is the device's current one, not the one at the time of the reading."""
    person = patients.patient_of_device(state, document)
    shown: Json = {"metric": row["metric"], "device_name": row["device_name"], "hwi_device_id": document["id"]}
    shown["patient_id"] = person["external_id"] if person else None
    return shown | {name: row[name] for name in MEASUREMENT_COLUMNS[3:]}


def measurement_payload(state: SimulatorState, document: Json, row: Json) -> Json:
    """As a webhook shows it: `created` repeats `timestamp`, "for backwards compatibility"."""
    return {**measurement_json(state, document, row), "created": row["timestamp"]}


def queue_measurement_webhooks(state: SimulatorState, document: Json, payloads: list[Json]) -> None:
    """To the webhook that the device is pinned to, else to all that are enabled by default.

    One POST for each metric, or one with a list of all; a single reading is wrapped at random.
    """
    pinned = [each["value"] for each in document["properties"] if each["key"] == "measurement_webhook_id"]
    for hook in state.store.all("webhook"):
        wanted = hook["id"] in pinned if pinned else hook["enabled_by_default"]
        if hook["event"] != "MEASUREMENT" or not wanted:
            continue
        bodies: list[Any] = payloads
        if hook["post_as_array"] and not (len(payloads) == 1 and state.random.random() < 0.5):
            bodies = [payloads]
        for body in bodies:
            state.webhook_sender.queue_delivery(hook, "MEASUREMENT", body)


# Endpoints


def list_device_measurements(state: SimulatorState, request: Request, key: str) -> Response:
    return measurement_list_response(state, request, [devices.get_device_or_404(state, key)])


def list_patient_measurements(state: SimulatorState, request: Request, external_id: str) -> Response:
    """All of a patient's devices, unlinked ones too; an unknown patient has no readings and is no error."""
    known = patients.find_patient(state, external_id)
    owned = [each for each in state.store.all("device") if known and each["patient"] == external_id.casefold()]
    return measurement_list_response(state, request, owned)


def measurement_list_response(state: SimulatorState, request: Request, documents: list[Json]) -> Response:
    by_id, metric = {each["id"]: each for each in documents}, request.query.get("metric__name")
    rows = state.store.measurements(list(by_id), window_conditions(state, request.query))
    return list_response(
        request,
        [row for row in rows if metric in (None, "", row["metric"])],
        search_texts=lambda row: (row["metric"], row["device_name"]),
        serialize=lambda row: measurement_json(state, by_id[row["device_id"]], row),
    )


def window_conditions(state: SimulatorState, query: dict[str, str]) -> list[tuple[str, str]]:
    conditions = []
    for name, comparison in WINDOW_CONDITIONS.items():
        if query.get(name):
            try:
                conditions.append((comparison, format_iso_time(parse_iso_time(query[name]))))
            except (ValueError, OverflowError) as error:
                raise ApiError(400, {name: ["Enter a valid date/time."]}) from error
    if not query.get("page"):
        conditions.append((WINDOW_CONDITIONS["timestamp__gte"], format_iso_time(state.clock.now() - MAX_UNPAGED_AGE)))
    return conditions

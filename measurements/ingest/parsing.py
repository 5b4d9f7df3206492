"""Parse one measurement item of the vendor, of either payload generation, into a ParsedReading."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

import msgspec

from devices.hardware_ids import normalise_hardware_uuid
from devices.inbox.payload_parsing import InvalidPayload, JsonNumber, PayloadItem, to_plain_json
from devices.tenovi import parse_time
from measurements.models.measurement import EARLIEST_TAKEN_AT, MeasurementSource, TimeSource

PLAIN_DECIMAL = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)
PLAIN_INTEGER = re.compile(r"-?\d{1,9}", re.ASCII)
METRIC_NAME_PATTERN = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]{0,62}[^\s\x00-\x1f])?")
VALUE_QUANTUM = Decimal("0.01")
LARGEST_VALUE = Decimal(999_999)
LARGEST_INDEX = 2_147_483_647
MAX_TIME_AHEAD = dt.timedelta(hours=24)
ABSENT_VALUES = (None, "", "N/A")
METRIC_ALIASES = {"blood_glucose": "glucose"}
CONTROL_SOLUTION = "control solution"


class ParsedReading(msgspec.Struct, frozen=True):
    """One parsed item. Values in the vendor's units with two decimals, times in UTC."""

    hwi_id: uuid.UUID
    metric: str
    raw_metric: str
    taken_at: dt.datetime
    time_source: str
    index: int
    value_1: Decimal
    value_2: Decimal | None
    estimated: bool
    timezone_offset: int | None
    created: dt.datetime | None  # REST only: when the vendor's server stored it
    patient_id: str
    hardware_uuid: str
    sensor_code: str
    filter_params: dict[str, Any]

    @property
    def control(self) -> bool:
        """A control-solution test of the meter, not a reading of the patient."""
        return str(self.filter_params.get("measurement_location", "")).strip().lower() == CONTROL_SOLUTION


def parse_reading(item: PayloadItem, *, source: str) -> ParsedReading:
    """Raises InvalidPayload. In a webhook `created` repeats the time taken; in a pull it is when the vendor got it."""
    fields = item.fields
    raw_metric = parse_metric(fields.get("metric"))
    metric = METRIC_ALIASES.get(raw_metric, raw_metric)
    time_source = TimeSource.TIMESTAMP if fields.get("timestamp") else TimeSource.CREATED
    taken_at = parse_field_time(fields.get(time_source), str(time_source))
    value_1, value_2 = parse_value(fields.get("value_1"), "value_1"), parse_value(fields.get("value_2"), "value_2")
    if value_1 is None:
        raise InvalidPayload("value_1 is missing.")
    if metric == "blood_pressure" and value_2 is None:
        raise InvalidPayload("A blood pressure without its diastolic value (value_2).")
    params = parse_filter_params(fields.get("filter_params"))
    return ParsedReading(
        hwi_id=parse_hwi_id(fields.get("hwi_device_id")),
        metric=metric,
        raw_metric=raw_metric,
        taken_at=taken_at,
        time_source=time_source,
        index=parse_measurement_index(params.get("measurement_index")),
        value_1=value_1,
        value_2=value_2,
        estimated=parse_flag(fields.get("estimated_timestamp"), "estimated_timestamp"),
        timezone_offset=parse_timezone_offset(fields.get("timezone_offset")),
        created=parse_field_time(fields.get("created"), "created") if source == MeasurementSource.PULL else None,
        patient_id=truncate_text(fields.get("patient_id")),
        hardware_uuid=normalise_hardware_uuid_cached(truncate_text(fields.get("hardware_uuid")))[:255],
        sensor_code=truncate_text(fields.get("sensor_code")),
        filter_params=to_plain_json(params),
    )


# The same few hundred devices recur.
parse_uuid = lru_cache(4096)(uuid.UUID)
normalise_hardware_uuid_cached = lru_cache(4096)(normalise_hardware_uuid)


def parse_hwi_id(value: Any) -> uuid.UUID:
    try:
        return parse_uuid(truncate_text(value))
    except ValueError as error:
        raise InvalidPayload("hwi_device_id is missing or not a UUID.") from error


def parse_metric(value: Any) -> str:
    return validate_metric_name("" if isinstance(value, JsonNumber) else truncate_text(value))


@lru_cache(256)
def validate_metric_name(text: str) -> str:
    name = text.strip()
    if not METRIC_NAME_PATTERN.fullmatch(name):
        raise InvalidPayload("metric is missing, or not a name of at most 64 characters.")
    return name


def truncate_text(value: Any) -> str:
    return value[:255] if isinstance(value, str) else ""


def parse_value(value: Any, name: str) -> Decimal | None:
    """Rounded half up to two decimals. Accepts plain ASCII decimals, quoted or not."""
    text = value.strip() if isinstance(value, str) else value
    if text in ABSENT_VALUES:
        return None
    if not isinstance(text, str):
        raise InvalidPayload(f"{name} is not a plain decimal number.")
    return parse_decimal(text, name)


@lru_cache(4096)
def parse_decimal(text: str, name: str) -> Decimal:
    """Cached: vital signs are the same few hundred numbers."""
    if not PLAIN_DECIMAL.fullmatch(text):
        raise InvalidPayload(f"{name} is not a plain decimal number.")
    number = Decimal(text)
    if abs(number) > LARGEST_VALUE:
        raise InvalidPayload(f"{name} is beyond any instrument.")
    return number.quantize(VALUE_QUANTUM, rounding=ROUND_HALF_UP)


def parse_field_time(value: Any, name: str) -> dt.datetime:
    try:
        time = parse_time(truncate_text(value))
    except ValueError as error:
        raise InvalidPayload(f"{name} is not a time with a zone, such as 2026-09-20T12:30:00Z.") from error
    if not EARLIEST_TAKEN_AT <= time <= dt.datetime.now(dt.UTC) + MAX_TIME_AHEAD:
        raise InvalidPayload(f"{name} lies before 2015 or more than 24 hours ahead.")
    return time


def parse_flag(value: Any, name: str) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise InvalidPayload(f"{name} is neither true nor false.")


def parse_timezone_offset(value: Any) -> int | None:
    """Whole hours from UTC, for display only: an unusable value becomes None."""
    if isinstance(value, JsonNumber) and PLAIN_INTEGER.fullmatch(value) and abs(int(value)) <= 14:
        return int(value)
    return None


def parse_filter_params(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidPayload("filter_params is not an object.")
    return value


def parse_measurement_index(value: Any) -> int:
    """0 where the vendor gives none."""
    if value in ABSENT_VALUES:
        return 0
    if isinstance(value, str) and PLAIN_INTEGER.fullmatch(value) and 0 <= int(value) <= LARGEST_INDEX:
        return int(value)
    raise InvalidPayload("measurement_index is not a number from 0.")

"""One item of the vendor's, judged: a Reading, or Unusable with a reason for a person. Both payload generations."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

import msgspec

from devices.hardware_ids import normalise_hardware_uuid
from devices.inbox.payload_parsing import Item, Number, Unusable, plain
from devices.tenovi import parse_time
from measurements.models.measurement import EARLIEST, MeasurementSource, TimeSource

PLAIN_DECIMAL = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)
PLAIN_INTEGER = re.compile(r"-?\d{1,9}", re.ASCII)
METRIC_NAME = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]{0,62}[^\s\x00-\x1f])?")
CENT = Decimal("0.01")
LARGEST_VALUE = Decimal(999_999)
LARGEST_INDEX = 2_147_483_647
AHEAD = dt.timedelta(hours=24)
ABSENT = (None, "", "N/A")
SAME_METRIC = {"blood_glucose": "glucose"}
CONTROL_SOLUTION = "control solution"


class Reading(msgspec.Struct, frozen=True):
    """What one item says. Values in the vendor's units, two places; times in UTC."""

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
        """A test of the meter, not the patient's blood."""
        return str(self.filter_params.get("measurement_location", "")).strip().lower() == CONTROL_SOLUTION


def reading_of(item: Item, *, source: str) -> Reading:
    """Raises Unusable. `source` decides what `created` means: in a webhook it repeats the time taken."""
    fields = item.fields
    raw_metric = _metric(fields.get("metric"))
    metric = SAME_METRIC.get(raw_metric, raw_metric)
    taken_at, time_source = _taken(fields)
    value_1, value_2 = _value(fields.get("value_1"), "value_1"), _value(fields.get("value_2"), "value_2")
    if value_1 is None:
        raise Unusable("value_1 is missing.")
    if metric == "blood_pressure" and value_2 is None:
        raise Unusable("A blood pressure without its diastolic value (value_2).")
    params = _params(fields.get("filter_params"))
    return Reading(
        hwi_id=_hwi_id(fields.get("hwi_device_id")),
        metric=metric,
        raw_metric=raw_metric,
        taken_at=taken_at,
        time_source=time_source,
        index=_index(params.get("measurement_index")),
        value_1=value_1,
        value_2=value_2,
        estimated=_flag(fields.get("estimated_timestamp"), "estimated_timestamp"),
        timezone_offset=_offset(fields.get("timezone_offset")),
        created=_created(fields) if source == MeasurementSource.PULL else None,
        patient_id=_text(fields.get("patient_id")),
        hardware_uuid=_hardware(_text(fields.get("hardware_uuid")))[:255],
        sensor_code=_text(fields.get("sensor_code")),
        filter_params=plain(params),
    )


# The same few hundred devices speak again and again.
_uuid = lru_cache(4096)(uuid.UUID)
_hardware = lru_cache(4096)(normalise_hardware_uuid)


def _hwi_id(value: Any) -> uuid.UUID:
    try:
        return _uuid(_text(value))
    except ValueError as error:
        raise Unusable("hwi_device_id is missing or not a UUID.") from error


def _metric(value: Any) -> str:
    return _metric_name("" if isinstance(value, Number) else _text(value))


@lru_cache(256)
def _metric_name(text: str) -> str:
    name = text.strip()
    if not METRIC_NAME.fullmatch(name):
        raise Unusable("metric is missing, or not a name of at most 64 characters.")
    return name


def _text(value: Any) -> str:
    return value[:255] if isinstance(value, str) else ""


def _value(value: Any, name: str) -> Decimal | None:
    """Two places, half up. Strings and unquoted numbers alike, in plain ASCII decimals only."""
    text = value.strip() if isinstance(value, str) else value
    if text in ABSENT:
        return None
    if not isinstance(text, str):
        raise Unusable(f"{name} is not a plain decimal number.")
    return _decimal(text, name)


@lru_cache(4096)
def _decimal(text: str, name: str) -> Decimal:
    """Kept, because vital signs are the same few hundred numbers again and again."""
    if not PLAIN_DECIMAL.fullmatch(text):
        raise Unusable(f"{name} is not a plain decimal number.")
    number = Decimal(text)
    if abs(number) > LARGEST_VALUE:
        raise Unusable(f"{name} is beyond any instrument.")
    return number.quantize(CENT, rounding=ROUND_HALF_UP)


def _taken(fields: dict[str, Any]) -> tuple[dt.datetime, str]:
    source = TimeSource.TIMESTAMP if fields.get("timestamp") else TimeSource.CREATED
    taken_at = _time(fields.get(source), str(source))
    if not EARLIEST <= taken_at <= dt.datetime.now(dt.UTC) + AHEAD:
        raise Unusable(f"{source} lies before 2015 or more than 24 hours ahead.")
    return taken_at, source


def _created(fields: dict[str, Any]) -> dt.datetime:
    created = _time(fields.get("created"), "created")
    if not EARLIEST <= created <= dt.datetime.now(dt.UTC) + AHEAD:
        raise Unusable("created lies before 2015 or more than 24 hours ahead.")
    return created


def _time(value: Any, name: str) -> dt.datetime:
    try:
        return parse_time(_text(value))
    except ValueError as error:
        raise Unusable(f"{name} is not a time with a zone, such as 2026-09-20T12:30:00Z.") from error


def _flag(value: Any, name: str) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise Unusable(f"{name} is neither true nor false.")


def _offset(value: Any) -> int | None:
    """Whole hours from UTC. Only for showing, so a strange one costs nothing but itself."""
    if isinstance(value, Number) and PLAIN_INTEGER.fullmatch(value) and abs(int(value)) <= 14:
        return int(value)
    return None


def _params(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unusable("filter_params is not an object.")
    return value


def _index(value: Any) -> int:
    """0 where the vendor gives none."""
    if value in ABSENT:
        return 0
    if isinstance(value, str) and PLAIN_INTEGER.fullmatch(value) and 0 <= int(value) <= LARGEST_INDEX:
        return int(value)
    raise Unusable("measurement_index is not a number from 0.")

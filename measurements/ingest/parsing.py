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
from devices.inbox.lenient_fields import MAX_TEXT_LENGTH, LenientReader, is_absent
from devices.inbox.payload_parsing import InvalidPayload, JsonNumber, PayloadItem, to_plain_json
from devices.tenovi import parse_time
from measurements.ingest import vendor_words
from measurements.ingest.placement import MAX_TIME_AHEAD
from measurements.models.measurement import EARLIEST_TAKEN_AT, MeasurementSource, TimeSource
from measurements.models.metric import METRICS_OF_ONE_VALUE

PLAIN_DECIMAL = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)
METRIC_NAME_PATTERN = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]{0,62}[^\s\x00-\x1f])?")
VALUE_QUANTUM = Decimal("0.01")
LARGEST_VALUE = Decimal(999_999)
LARGEST_INDEX = 2_147_483_647
TIME_OUT_OF_RANGE = "{name} lies before 2015 or more than 24 hours ahead."
MAX_UTC_OFFSET_HOURS = 14
UTC_OFFSET = re.compile(r"([+-]\d\d):?00|([+-]\d):00", re.ASCII)


class ParsedReading(msgspec.Struct, frozen=True):
    """One parsed item. Values in the vendor's units with two decimals, times in UTC, known words in one spelling.

    It has no `value_1` exactly where it is `beyond_meter`. `dropped` names the fields beside identity and values that
    could not be read.
    """

    hwi_id: uuid.UUID
    metric: str
    raw_metric: str
    taken_at: dt.datetime
    time_source: str
    index: int
    value_1: Decimal | None
    value_2: Decimal | None
    estimated: bool
    timezone_offset: int | None
    created: dt.datetime | None  # REST only: when the vendor's server stored it
    patient_id: str
    hardware_uuid: str
    sensor_code: str
    filter_params: dict[str, Any]
    dropped: tuple[str, ...] = ()
    beyond_meter: str = ""
    stamped_at: dt.datetime | None = None  # where the device's clock is ahead; `taken_at` is then the place in time

    @property
    def identity_at(self) -> dt.datetime:
        """The vendor's stamp in whole seconds, by which the same reading is recognised."""
        stamp = self.stamped_at or self.taken_at
        return stamp.replace(microsecond=0) if stamp.microsecond else stamp

    @property
    def control(self) -> bool:
        """A control-solution test of the meter, not a reading of the patient."""
        return bool(self.filter_params.get("measurement_location") == vendor_words.CONTROL_SOLUTION)


def parse_reading(item: PayloadItem, *, source: str) -> ParsedReading:
    """Raises InvalidPayload where device, metric, time or a value can't be read; reads everything else leniently.

    In a webhook `created` repeats the time taken; in a pull it is when the vendor got it.
    """
    fields, reader = item.fields, LenientReader()
    raw_metric = parse_metric(fields.get("metric"))
    metric = normalise_metric_cached(raw_metric)
    time_source = TimeSource.CREATED if is_absent(fields.get("timestamp")) else TimeSource.TIMESTAMP
    taken_at = parse_field_time(fields.get(time_source), str(time_source))
    params = vendor_words.normalise_filter_params(reader.mapping("filter_params", fields.get("filter_params")))
    beyond_meter = vendor_words.find_beyond_meter(metric, fields.get("value_1"), params.get("alert"))
    value_1 = None if beyond_meter else parse_value(fields.get("value_1"), "value_1")
    if value_1 is None and not beyond_meter:
        raise InvalidPayload("value_1 is missing.")
    if beyond_meter:
        params = vendor_words.add_as_sent(params, "value_1", fields.get("value_1"))
    value_2 = parse_second_value(metric, fields.get("value_2"), reader)
    if metric == "blood_pressure" and value_2 is None:
        raise InvalidPayload("A blood pressure without its diastolic value (value_2).")
    given_index = params.get("measurement_index")
    if isinstance(given_index, JsonNumber) and len(given_index) > MAX_TEXT_LENGTH:
        raise InvalidPayload("measurement_index has more digits than any instrument's.")
    index = reader.integer("measurement_index", given_index, lowest=0, highest=LARGEST_INDEX)
    hardware_uuid = reader.text("hardware_uuid", fields.get("hardware_uuid"))
    return ParsedReading(
        hwi_id=parse_hwi_id(fields.get("hwi_device_id")),
        metric=metric,
        raw_metric=raw_metric,
        taken_at=taken_at,
        time_source=time_source,
        index=index or 0,
        value_1=value_1,
        value_2=value_2,
        estimated=reader.flag("estimated_timestamp", fields.get("estimated_timestamp")),
        timezone_offset=parse_timezone_offset(fields.get("timezone_offset"), reader),
        created=parse_vendor_time(fields.get("created"), reader) if source == MeasurementSource.PULL else None,
        patient_id=reader.text("patient_id", fields.get("patient_id")),
        hardware_uuid=normalise_hardware_uuid_cached(hardware_uuid)[:255],
        sensor_code=reader.text("sensor_code", fields.get("sensor_code")),
        filter_params=to_plain_json(params),
        dropped=tuple(reader.dropped),
        beyond_meter=beyond_meter,
    )


# The same few hundred devices recur.
parse_uuid = lru_cache(4096)(uuid.UUID)
normalise_hardware_uuid_cached = lru_cache(4096)(normalise_hardware_uuid)
normalise_metric_cached = lru_cache(256)(vendor_words.normalise_metric)


def parse_hwi_id(value: Any) -> uuid.UUID:
    try:
        return parse_uuid(truncate_text(value).strip())
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
    if is_absent(value):
        return None
    if not isinstance(value, str):
        raise InvalidPayload(f"{name} is not a plain decimal number.")
    return parse_decimal(value.strip(), name)


def parse_second_value(metric: str, value: Any, reader: LenientReader) -> Decimal | None:
    """Of a metric with one value it is a filler or a deviation, which costs no reading."""
    try:
        return parse_value(value, "value_2")
    except InvalidPayload:
        if metric not in METRICS_OF_ONE_VALUE:
            raise
        return reader.drop("value_2", None)


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
        raise InvalidPayload(TIME_OUT_OF_RANGE.format(name=name))
    return time


def parse_vendor_time(value: Any, reader: LenientReader) -> dt.datetime | None:
    try:
        return None if is_absent(value) else parse_field_time(value, "created")
    except InvalidPayload:
        return reader.drop("created", None)


def parse_timezone_offset(value: Any, reader: LenientReader) -> int | None:
    """Whole hours from UTC, for display only: -4, "-4", "-04:00"."""
    written = UTC_OFFSET.fullmatch(value.strip()) if type(value) is str else None
    hours = written[1] or written[2] if written else value
    return reader.integer("timezone_offset", hours, lowest=-MAX_UTC_OFFSET_HOURS, highest=MAX_UTC_OFFSET_HOURS)

"""Parsing of one measurement: identity and values strictly, everything beside them as far as possible."""

import datetime as dt
import json
import uuid
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.inbox.payload_parsing import InvalidPayload, PayloadItem, parse_items
from measurements.ingest import vendor_words
from measurements.ingest.parsing import parse_reading
from measurements.models import Metric
from measurements.models.measurement import MeasurementSource
from measurements.models.metric import METRICS_OF_ONE_VALUE
from tests.measurements.webhook_items import measurement_item

HWI_ID = uuid.UUID("0b7e6a52-5d1c-4c1e-9a57-3f6f0b1f2a10")
ABSENT = [None, "", " ", [], {}, "N/A", "n/a", "null", "None", "-"]


def parse(source=MeasurementSource.WEBHOOK, **changes):
    item = measurement_item(HWI_ID, **({"metric": "glucose", "value_1": "40.00", "value_2": "0.00"} | changes))
    (parsed,) = parse_items(json.dumps(item).encode())
    assert isinstance(parsed, PayloadItem)
    return parse_reading(parsed, source=source)


@pytest.mark.parametrize("written", [7, 7.0, "7", " 7.0 ", "7e0"])
def test_parse_whole_number_in_any_spelling_as_index_and_offset(written):
    reading = parse(filter_params={"measurement_index": written}, timezone_offset=written)

    assert (reading.index, reading.timezone_offset, reading.dropped) == (7, 7, ())


@pytest.mark.parametrize(
    ("written", "hours"), [("-04:00", -4), ("+0500", 5), ("+5:00", 5), (-300, None), (5.5, None), ("EST", None)]
)
def test_parse_offset_is_whole_hours_or_dropped(written, hours):
    reading = parse(timezone_offset=written)

    assert reading.timezone_offset == hours
    assert reading.dropped == (() if hours is not None else ("timezone_offset",))


@pytest.mark.parametrize("written", [True, "true", "True", "YES", "1", 1, 1.0, " true "])
def test_parse_flag_written_as_text_or_number_is_true(written):
    assert parse(estimated_timestamp=written).estimated


@pytest.mark.parametrize("written", [False, "false", "No", "0", 0, 0.0, *ABSENT])
def test_parse_flag_written_as_text_or_number_is_false(written):
    reading = parse(estimated_timestamp=written)

    assert (reading.estimated, reading.dropped) == (False, ())


@pytest.mark.parametrize("absent", ABSENT)
def test_parse_absent_decorations_in_any_spelling(absent):
    names = ("value_2", "patient_id", "hardware_uuid", "sensor_code", "timezone_offset", "filter_params")
    reading = parse(**dict.fromkeys(names, absent))

    assert (reading.value_1, reading.value_2, reading.patient_id, reading.filter_params) == (40, None, "", {})
    assert (reading.hardware_uuid, reading.sensor_code, reading.timezone_offset) == ("", "", None)
    assert parse(filter_params={"measurement_index": absent}).index == 0
    assert reading.dropped == ()


def test_parse_absent_timestamp_written_as_word_falls_back_to_created():
    reading = parse(timestamp="N/A", created="2026-09-20T12:30:41Z")

    assert (reading.taken_at.second, reading.time_source) == (41, "created")


def test_parse_ids_without_spaces_around():
    reading = parse(hwi_device_id=f" {HWI_ID}\t", patient_id=" pt-7f3c ", sensor_code=" 10 ", hardware_uuid=" a1b2 ")

    assert reading.hwi_id == HWI_ID
    assert (reading.patient_id, reading.sensor_code, reading.hardware_uuid) == ("pt-7f3c", "10", "A1B2")


def test_parse_ids_written_as_numbers():
    reading = parse(patient_id=54321.0, sensor_code=10)

    assert (reading.patient_id, reading.sensor_code) == ("54321", "10")


@pytest.mark.parametrize(
    "params", ['{"meal_context": "fasting"}', [{"meal_context": "fasting"}], {" meal_context": "fasting "}]
)
def test_parse_filter_params_as_text_or_list_of_one(params):
    assert parse(filter_params=params).filter_params["meal_context"] == "fasting"


@pytest.mark.parametrize("written", ["2026-11-01 10:00:00+0000", "20261101T100000Z", "2026-11-01T05:00-05"])
def test_parse_taken_time_in_other_iso_spellings(written):
    assert parse(timestamp=written).taken_at == dt.datetime(2026, 11, 1, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"hwi_device_id": "the cuff"}, {"hwi_device_id": []}, {"metric": 5}, {"metric": {}}, {"value_1": "forty"},
        {"value_1": [40]}, {"value_1": "-"}, {"value_1": True}, {"timestamp": "noon"}, {"timestamp": 1789907400},
        {"metric": "blood_pressure", "value_2": "N/A"}, {"metric": "blood_pressure", "value_2": "low"},
        {"metric": "grip_strength", "value_2": "strong"},
    ],
)  # fmt: skip
def test_parse_identity_and_values_strictly(changes):
    with pytest.raises(InvalidPayload):
        parse(**changes)


@pytest.mark.parametrize(
    ("changes", "limit"),
    [
        ({"value_1": "HI"}, "above"), ({"value_1": " hi "}, "above"), ({"value_1": "High"}, "above"),
        ({"value_1": "LO"}, "below"), ({"value_1": "Low"}, "below"),
        ({"value_1": "601.00", "filter_params": {"alert": "sensor_result_above_range"}}, "above"),
        ({"value_1": "9", "filter_params": {"alert": "Sensor-Result Below Range"}}, "below"),
        ({"value_1": None, "filter_params": {"alert": "HI"}}, "above"),
        ({"metric": "Blood-Glucose", "value_1": "hI"}, "above"),
        ({"value_1": "LO", "filter_params": {"alert": "sensor_result_above_range"}}, "below"),
    ],
)  # fmt: skip
def test_parse_glucose_beyond_the_meter_has_a_side_and_no_value(changes, limit):
    reading = parse(**changes)

    assert (reading.value_1, reading.beyond_meter) == (None, limit)
    assert reading.filter_params.get("as_sent", {}).get("value_1") == changes["value_1"]


@pytest.mark.parametrize(
    "changes",
    [{"metric": "weight"}, {"metric": "blood_pressure", "value_2": "80"}, {"metric": "grip_strength"}],
)
def test_parse_beyond_the_meter_of_glucose_only(changes):
    with pytest.raises(InvalidPayload):
        parse(value_1="HI", **changes)
    assert parse(value_1="40", filter_params={"alert": "sensor_result_above_range"}, **changes).beyond_meter == ""


@pytest.mark.parametrize("written", ["HIGHER", "H", "HI 600", ">600", "---"])
def test_parse_other_text_as_glucose_is_unreadable(written):
    with pytest.raises(InvalidPayload):
        parse(value_1=written)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
DECORATIONS = ("patient_id", "hardware_uuid", "sensor_code", "device_name", "timezone_offset", "estimated_timestamp",
               "filter_params", "value_2", "created")  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(DECORATIONS), JSON_VALUES), JSON_VALUES)
def test_parse_decoration_never_costs_the_reading(decorations, index):
    params = {"filter_params": {"measurement_index": index}} | decorations

    for source in MeasurementSource:
        assert parse(source, **params).value_1 == Decimal(40)


SEPARATORS = st.sampled_from(["", " ", "-", "_", "  ", " - ", "\u2011", "\u00a0"])


@st.composite
def spellings(draw, words):
    """A known word, with another case and other separators."""
    word = draw(st.sampled_from(words))
    letters = (draw(st.sampled_from([each.lower(), each.upper()])) if each.isalnum() else draw(SEPARATORS)
               for each in word)  # fmt: skip
    return word, "".join(letters)


METRIC_WORDS = sorted([*METRICS_OF_ONE_VALUE, *vendor_words.METRICS_OF_TWO_VALUES])
PARAM_WORDS = [(name, word) for name, known in vendor_words.FILTER_PARAMS.items() for word in known.values()]


@settings(max_examples=60, deadline=None)
@given(spellings(METRIC_WORDS))
def test_parse_metric_in_any_spelling_and_keep_the_raw_one(spelling):
    word, written = spelling
    reading = parse(metric=written, value_2="20")

    assert (reading.metric, reading.raw_metric) == (word, written.strip())


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(PARAM_WORDS))
def test_parse_filter_params_in_any_spelling_and_keep_the_raw_one(data, param):
    name, word = param
    _, key = data.draw(spellings([name]))
    _, written = data.draw(spellings([word]))
    params = parse(metric="temperature", filter_params={key: written}).filter_params

    assert params[name] == word
    assert params.get("as_sent", {key: word}) == {key: written}


@pytest.mark.parametrize("written", ["spo2", "SpO2", "SPO2", "SpO\u2082", "Sp O2", "sp-o2"])
def test_parse_saturation_metric_in_spellings_of_integrators(written):
    assert parse(metric=written, value_1="84").metric == "spO2"


def test_parse_unknown_words_as_they_came():
    reading = parse(metric="Grip Strength", filter_params={"meal_context": "Bedtime", "Mood": "Fine"})

    assert reading.metric == "Grip Strength"
    assert reading.filter_params == {"meal_context": "Bedtime", "Mood": "Fine"}


def test_parse_both_of_two_spellings_of_one_name():
    params = parse(filter_params={"meal_context": "fasting", "Meal Context": "post-prandial"}).filter_params

    assert (params["meal_context"], params["Meal Context"]) == ("fasting", "post-prandial")


@pytest.mark.parametrize("written", ["control solution", "Control_Solution", "CONTROL-SOLUTION"])
def test_parse_control_solution_in_any_spelling(written):
    assert parse(filter_params={"measurement_location": written}).control


@pytest.mark.django_db
def test_known_metrics_and_their_second_values_are_those_of_the_reference_data():
    known = dict(Metric.objects.filter(known=True).values_list("code", "has_second_value"))

    assert {code for code, second in known.items() if second} == set(vendor_words.METRICS_OF_TWO_VALUES)
    assert {code for code, second in known.items() if not second} == set(METRICS_OF_ONE_VALUE)

"""Vocabulary and decoding: the vendor's statuses, times and rows."""

import json

import msgspec
import pytest

from devices.hardware_ids import (
    GATEWAY_ID_NEEDED,
    IMEI_NEEDED,
    MALFORMED_HARDWARE_UUID,
    fold_device_name,
    hardware_uuid_problem,
    imei_checksum_problem,
    normalise_hardware_uuid,
    passes_luhn,
)
from devices.statuses import DeviceState
from devices.tenovi import (
    HwiDevice,
    HwiDeviceType,
    PatientDetails,
    VendorPatient,
    fold_known_words,
    match_known_word,
    parse_device_state,
    parse_time,
    sanitize_json,
)
from devices.tenovi.decoding import parse_row, parse_rows

ID = "0b7e6a52-5d1c-4c1e-9a57-3f6f0b1f2a10"
SCALE = {"id": ID, "device": {"name": "Tenovi Scale"}}


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("Pending Shipment", DeviceState.PENDING),
        ("Dropship Requested", DeviceState.REQUESTED),
        ("Ready to Ship", DeviceState.READY),
        ("On Hold", DeviceState.ON_HOLD),
        ("Client Action Required", DeviceState.ACTION_REQUIRED),
        ("Shipped", DeviceState.SHIPPED),
        ("Dropshipped", DeviceState.SHIPPED),
        ("Delivered", DeviceState.DELIVERED),
        ("Connected", DeviceState.CONNECTED),
        ("Returned", DeviceState.RETURNED),
        ("Unlinked", DeviceState.UNLINKED),
        ("Unknown Gateway ID", DeviceState.UNKNOWN_GATEWAY),
        ("  client   ACTION required ", DeviceState.ACTION_REQUIRED),
        ("client_action-required", DeviceState.ACTION_REQUIRED),
        ("ReadyToShip", DeviceState.READY),
        ("DROP-SHIPPED", DeviceState.SHIPPED),
        ("Teleported", DeviceState.OTHER),
        ("", DeviceState.OTHER),
        (None, DeviceState.OTHER),
        ("Replaced", None),
    ],
)
def test_device_state_maps_vendor_statuses_and_unknown_ones_to_other(words, state):
    assert parse_device_state(words) == state


def test_known_word_is_matched_only_where_exactly_one_results():
    known = fold_known_words(["on hold", "pre-paid", "prepaid"])

    assert match_known_word("On-Hold", known) == "on hold"
    assert match_known_word("Pre Paid", known) == "Pre Paid", "could be either"
    assert match_known_word("on holder", known) == "on holder"


def test_device_state_rank_rises_with_each_later_stage():
    way = ["requested", "action_required", "ready", "shipped", "delivered", "connected", "unlinked"]

    stages = [DeviceState(state).stage for state in way]

    assert stages == sorted(set(stages))


@pytest.mark.parametrize(
    ("text", "in_utc"),
    [
        ("2026-09-20T12:30:00Z", "2026-09-20T12:30:00+00:00"),
        ("2026-09-20T12:30:00.5Z", "2026-09-20T12:30:00.500000+00:00"),
        ("2026-09-20T12:30:00.123456789Z", "2026-09-20T12:30:00.123456+00:00"),
        ("2026-09-20T08:30:00-04:00", "2026-09-20T12:30:00+00:00"),
        ("2026-09-20T18:00:00.000000+05:30", "2026-09-20T12:30:00+00:00"),
        ("2026-11-01 10:00:00+0000", "2026-11-01T10:00:00+00:00"),
        ("2026-11-01 10:00:00 +00", "2026-11-01T10:00:00+00:00"),
        ("2026-11-01t10:00:00z", "2026-11-01T10:00:00+00:00"),
        (" 2026-11-01T10:00Z\n", "2026-11-01T10:00:00+00:00"),
        ("20261101T100000-0500", "2026-11-01T15:00:00+00:00"),
        ("2026-11-01 10:00:00,5 UTC", "2026-11-01T10:00:00.500000+00:00"),
        ("2026-11-01T10:00:00.12345678901234 GMT", "2026-11-01T10:00:00.123456+00:00"),
        ("2026-11-01T10:00:00\N{MINUS SIGN}05:00", "2026-11-01T15:00:00+00:00"),
        ("2026-W38-7T12:30:00Z", "2026-09-20T12:30:00+00:00"),
    ],
)
def test_parse_time_converts_to_utc(text, in_utc):
    assert parse_time(text).isoformat() == in_utc


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-09-20",
        "2026-09-20T12:30:00",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-09-20T24:30:00Z",
        "2026-09-20T12:30:00198Z000",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
        "infinity",
        "2026-09-20 12:30:00",
        "2026-09-20T12:30:00 PST",
        "2026-09-20T12:30:00+0",
        "1789907400",
        "20/09/2026 12:30:00Z",
        "٢٠٢٦-09-20T12:30:00Z",
    ],
)
def test_parse_time_rejects_anything_but_a_full_timestamp_with_zone(text):
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("a1b2-c3d4-e5f6", "A1B2C3D4E5F6"),
        (" A1:B2 C3\N{EN DASH}D4 e5f6 ", "A1B2C3D4E5F6"),
        ("35 600000 0000017", "356000000000017"),
        (None, ""),
    ],
)
def test_normalise_hardware_uuid_matches_the_vendor_normalisation(typed, normal):
    assert normalise_hardware_uuid(typed) == normal


@pytest.mark.parametrize("right", ["A1B2C3D4E5F6", "356000000000017"])
def test_hardware_problem_accepts_a_gateway_id_or_imei(right):
    assert hardware_uuid_problem(right) is None


@pytest.mark.parametrize(
    "wrong", ["", "A1B2C3D4E5F", "A1B2C3D4E5FG", "A1B2C3D4E5F60", "35600000000001", "3560000000000177"]
)
def test_hardware_problem_explains_an_invalid_id(wrong):
    assert "12 characters" in hardware_uuid_problem(wrong)


@pytest.mark.parametrize(
    ("typed", "cellular", "problem"),
    [
        ("A1B2C3D4E5F6", False, None),
        ("A1B2C3D4E5F6", True, IMEI_NEEDED),
        ("356000000000017", True, None),
        ("356000000000017", False, GATEWAY_ID_NEEDED),
        ("356000000000", False, None),
        ("356000000000", True, IMEI_NEEDED),
        ("A1B2", True, MALFORMED_HARDWARE_UUID),
    ],
)
def test_hardware_problem_fits_the_device_type(typed, cellular, problem):
    assert hardware_uuid_problem(typed, cellular=cellular) == problem


def test_hardware_warning_reports_a_wrong_imei_check_digit():
    assert passes_luhn("490154203237518")
    assert imei_checksum_problem("490154203237518") is None
    assert "last digit" in imei_checksum_problem("490154203237519")
    assert hardware_uuid_problem("490154203237519") is None
    assert imei_checksum_problem("A1B2C3D4E5F6") is None


def test_fold_name_ignores_the_kind_of_dash():
    dashes = ["Tenovi BPM - L", "Tenovi BPM \N{EN DASH} L", "tenovi  bpm\N{EM DASH}l", "Tenovi BPM-L"]

    assert {fold_device_name(name) for name in dashes} == {"tenovi bpm - l"}


def test_clean_strips_spaces_in_keys_and_prefers_the_exact_key():
    assert sanitize_json({"status ": "Delivered", "more": [{" a": 1}]}) == {"status": "Delivered", "more": [{"a": 1}]}
    assert sanitize_json({"status": "Shipped", "status ": "Delivered"}) == {"status": "Shipped"}
    assert sanitize_json({"status ": "Delivered", "status": "Shipped"}) == {"status": "Shipped"}


def test_clean_replaces_characters_that_the_database_can_not_store():
    assert sanitize_json(json.loads('{"a": ["x\\u0000y", "\\ud83d", "\\ud83d\\ude00"]}')) == {
        "a": ["x\ufffdy", "\ufffd", "😀"]
    }


def test_read_row_requires_only_id_and_name_of_a_device():
    device = parse_row(SCALE | {"brand_new": {"key": 1}, "meta_data": None}, HwiDevice)

    assert (device.state, device.external_id, device.hardware_uuid) == (DeviceState.OTHER, None, "")


def test_read_row_takes_the_patient_id_of_the_first_api():
    assert parse_row(SCALE | {"patient_id": "pt-7f3c"}, HwiDevice).external_id == "pt-7f3c"
    assert parse_row(SCALE | {"patient": {"external_id": None}, "patient_id": "pt-1"}, HwiDevice).external_id == "pt-1"


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "7"},
        {"device": None},
        {"device": {"name": ""}},
        {"device": {"name": "x" * 300}},
        {"status": 5},
        {"connected_on": "2026-09-20T12:30:00"},
        {"connected_on": "0001-01-01T00:00:00+14:00"},
        {"unlinked_on": "9999-12-31T23:59:59Z"},
        {"unlinked_on": True},
        {"patient": []},
    ],
)
def test_read_rows_reports_an_invalid_device_without_its_values(odd):
    listing = parse_rows([SCALE | odd, SCALE], HwiDevice)

    assert len(listing.rows) == 1
    (unreadable,) = listing.unreadable_rows
    assert "$" in unreadable.problem or "`" in unreadable.problem
    assert "x" * 20 not in repr(listing)


def test_read_rows_accepts_costs_as_text_or_number():
    types = [{"id": ID, "name": "Scale", "monthly_cost": cost} for cost in ("1.50", 1.5, 2, None)]

    assert [row.monthly_cost for row in parse_rows(types, HwiDeviceType).rows] == ["1.50", 1.5, 2, None]


def test_vendor_patient_json_always_contains_sms_opt_in():
    assert VendorPatient(external_id="pt-1", email="", name=None).to_json() == {
        "external_id": "pt-1",
        "sms_opt_in": False,
    }
    assert PatientDetails(external_id="pt-1", sms_opt_in=True, city="Dover", address_status="Verified").to_json() == {
        "external_id": "pt-1",
        "sms_opt_in": True,
        "city": "Dover",
    }


def test_schema_reprs_contain_no_patient_name():
    patient = parse_row({"external_id": "pt-7f3c", "name": "Rosa Quill"}, VendorPatient)

    assert "Rosa" not in repr([patient, parse_row(SCALE | {"patient": {"name": "Rosa"}}, HwiDevice)])


def test_schema_rows_are_immutable():
    with pytest.raises(AttributeError):
        parse_row(SCALE, HwiDevice).status = "Connected"


def test_read_row_rejects_a_null_row():
    with pytest.raises(msgspec.ValidationError):
        parse_row(None, HwiDevice)

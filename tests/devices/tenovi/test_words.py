"""The vendor's words, times and rows to ours."""

import json

import msgspec
import pytest

from devices.hardware_ids import fold_name, hardware_problem, hardware_warning, normalise_hardware_uuid, passes_luhn
from devices.statuses import RANK, DeviceState
from devices.tenovi import HwiDevice, HwiDeviceType, PatientDetails, VendorPatient, clean, device_state, parse_time
from devices.tenovi.decoding import read_row, read_rows

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
        ("Teleported", DeviceState.OTHER),
        ("", DeviceState.OTHER),
        (None, DeviceState.OTHER),
        ("Replaced", None),
    ],
)
def test_each_of_the_vendors_words_has_a_state_and_an_unknown_one_is_other(words, state):
    assert device_state(words) == state


def test_a_later_stage_ranks_higher():
    way = ["requested", "action_required", "ready", "shipped", "delivered", "connected", "unlinked"]

    assert [RANK[DeviceState(state)] for state in way] == sorted({RANK[DeviceState(state)] for state in way})


@pytest.mark.parametrize(
    ("text", "in_utc"),
    [
        ("2026-09-20T12:30:00Z", "2026-09-20T12:30:00+00:00"),
        ("2026-09-20T12:30:00.5Z", "2026-09-20T12:30:00.500000+00:00"),
        ("2026-09-20T12:30:00.123456789Z", "2026-09-20T12:30:00.123456+00:00"),
        ("2026-09-20T08:30:00-04:00", "2026-09-20T12:30:00+00:00"),
        ("2026-09-20T18:00:00.000000+05:30", "2026-09-20T12:30:00+00:00"),
    ],
)
def test_times_are_read_with_their_zone_and_kept_in_utc(text, in_utc):
    assert parse_time(text).isoformat() == in_utc


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-09-20",
        "2026-09-20T12:30Z",
        "2026-09-20T12:30:00",
        "2026-09-20 12:30:00Z",
        "20260920T123000Z",
        "2026-W38-7T12:30:00Z",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-09-20T24:30:00Z",
        "2026-09-20T12:30:00198Z000",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
        "infinity",
        "٢٠٢٦-09-20T12:30:00Z",
        "2026-09-20T12:30:00Z\n",
    ],
)
def test_what_is_not_exactly_a_time_is_refused(text):
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
def test_hardware_ids_are_normalised_as_the_vendor_does(typed, normal):
    assert normalise_hardware_uuid(typed) == normal


@pytest.mark.parametrize("right", ["A1B2C3D4E5F6", "356000000000017"])
def test_a_gateway_id_or_an_imei_is_right(right):
    assert hardware_problem(right) is None


@pytest.mark.parametrize(
    "wrong", ["", "A1B2C3D4E5F", "A1B2C3D4E5FG", "A1B2C3D4E5F60", "35600000000001", "3560000000000177"]
)
def test_anything_else_is_explained(wrong):
    assert "12 characters" in hardware_problem(wrong)


def test_a_wrong_check_digit_of_an_imei_is_a_doubt_only():
    assert passes_luhn("490154203237518")
    assert hardware_warning("490154203237518") is None
    assert "last digit" in hardware_warning("490154203237519")
    assert hardware_problem("490154203237519") is None
    assert hardware_warning("A1B2C3D4E5F6") is None


def test_names_are_compared_without_regard_to_the_dash():
    dashes = ["Tenovi BPM - L", "Tenovi BPM \N{EN DASH} L", "tenovi  bpm\N{EM DASH}l", "Tenovi BPM-L"]

    assert {fold_name(name) for name in dashes} == {"tenovi bpm - l"}


def test_stray_spaces_in_keys_are_stripped_and_the_exact_key_wins():
    assert clean({"status ": "Delivered", "more": [{" a": 1}]}) == {"status": "Delivered", "more": [{"a": 1}]}
    assert clean({"status": "Shipped", "status ": "Delivered"}) == {"status": "Shipped"}
    assert clean({"status ": "Delivered", "status": "Shipped"}) == {"status": "Shipped"}


def test_texts_that_the_database_cannot_store_are_marked():
    assert clean(json.loads('{"a": ["x\\u0000y", "\\ud83d", "\\ud83d\\ude00"]}')) == {"a": ["x\ufffdy", "\ufffd", "😀"]}


def test_a_device_needs_an_id_and_a_name_and_nothing_else():
    device = read_row(SCALE | {"brand_new": {"key": 1}, "meta_data": None}, HwiDevice)

    assert (device.state, device.external_id, device.hardware_uuid) == (DeviceState.OTHER, None, "")


def test_a_device_of_the_first_api_still_names_its_patient():
    assert read_row(SCALE | {"patient_id": "pt-7f3c"}, HwiDevice).external_id == "pt-7f3c"
    assert read_row(SCALE | {"patient": {"external_id": None}, "patient_id": "pt-1"}, HwiDevice).external_id == "pt-1"


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
def test_a_device_that_cannot_be_trusted_is_reported_without_its_values(odd):
    listing = read_rows([SCALE | odd, SCALE], HwiDevice)

    assert len(listing.rows) == 1
    (unreadable,) = listing.unreadable
    assert "$" in unreadable.problem or "`" in unreadable.problem
    assert "x" * 20 not in repr(listing)


def test_money_is_read_as_text_or_number():
    types = [{"id": ID, "name": "Scale", "monthly_cost": cost} for cost in ("1.50", 1.5, 2, None)]

    assert [row.monthly_cost for row in read_rows(types, HwiDeviceType).rows] == ["1.50", 1.5, 2, None]


def test_consent_is_always_said_and_false_unless_given():
    assert VendorPatient(external_id="pt-1", email="", name=None).to_json() == {
        "external_id": "pt-1",
        "sms_opt_in": False,
    }
    assert PatientDetails(external_id="pt-1", sms_opt_in=True, city="Dover", address_status="Verified").to_json() == {
        "external_id": "pt-1",
        "sms_opt_in": True,
        "city": "Dover",
    }


def test_reprs_show_nobody():
    patient = read_row({"external_id": "pt-7f3c", "name": "Rosa Quill"}, VendorPatient)

    assert "Rosa" not in repr([patient, read_row(SCALE | {"patient": {"name": "Rosa"}}, HwiDevice)])


def test_rows_cannot_be_changed():
    with pytest.raises(AttributeError):
        read_row(SCALE, HwiDevice).status = "Connected"


def test_a_mutation_of_nothing_is_an_error():
    with pytest.raises(msgspec.ValidationError):
        read_row(None, HwiDevice)

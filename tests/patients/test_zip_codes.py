"""ZIP codes: state, city and time zone from the table, known by heart here."""

import re
import zoneinfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patients import zip_codes
from patients.us_states import STATES, US_TIME_ZONES, time_zone_choices

CAPITALS = """
AL 36104 AK 99801 AZ 85001 AR 72201 CA 95814 CO 80202 CT 06103 DE 19901 DC 20500 FL 32301 GA 30303 HI 96813 ID 83702
IL 62701 IN 46225 IA 50309 KS 66603 KY 40601 LA 70802 ME 04330 MD 21401 MA 02201 MI 48933 MN 55102 MS 39205 MO 65101
MT 59623 NE 68502 NV 89701 NH 03301 NJ 08608 NM 87501 NY 12207 NC 27601 ND 58501 OH 43215 OK 73102 OR 97301 PA 17101
RI 02903 SC 29217 SD 57501 TN 37219 TX 78701 UT 84111 VT 05602 VA 23219 WA 98507 WV 25301 WI 53703 WY 82001
AS 96799 GU 96910 MP 96950 PR 00901 VI 00801 AA 34002 AE 09012 AP 96201
NY 10001 NY 06390 NY 00501 MA 05501 TX 88510 CA 90210 DC 20001 VA 20101
"""
MATCHING = re.findall(r"([A-Z]{2}) (\d{5})", CAPITALS)
EASTERN, CENTRAL, MOUNTAIN = "America/New_York", "America/Chicago", "America/Denver"
PACIFIC = "America/Los_Angeles"
# Places whose zone is not that of most of their state.
BORDER_ZONES = [
    *(("46402", "IN", "Gary", CENTRAL), ("47710", "IN", "Evansville", CENTRAL), ("32501", "FL", "Pensacola", CENTRAL)),
    *(("79901", "TX", "El Paso", MOUNTAIN), ("86515", "AZ", "Window Rock", MOUNTAIN)),
    *(("86040", "AZ", "Page", "America/Phoenix"), ("83814", "ID", "Coeur d'Alene", PACIFIC)),
    *(("37402", "TN", "Chattanooga", EASTERN), ("42101", "KY", "Bowling Green", CENTRAL)),
    *(
        ("49938", "MI", "Ironwood", CENTRAL),
        ("67735", "KS", "Goodland", MOUNTAIN),
        ("57701", "SD", "Rapid City", MOUNTAIN),
    ),
    *(("69361", "NE", "Scottsbluff", MOUNTAIN), ("58601", "ND", "Dickinson", MOUNTAIN)),
    *(("97914", "OR", "Ontario", MOUNTAIN), ("99546", "AK", "Adak", "America/Adak")),
    *(("89883", "NV", "West Wendover", MOUNTAIN), ("00801", "VI", "St Thomas", "America/Puerto_Rico")),
    *(("96799", "AS", "Pago Pago", "Pacific/Pago_Pago"), ("96910", "GU", "Hagatna", "Pacific/Guam")),
]


@pytest.mark.parametrize(("zip_code", "state", "city", "zone"), BORDER_ZONES)
def test_suggest_time_zone_goes_by_zip_code(zip_code, state, city, zone):
    """By the clocks: Ontario, Oregon, has a zone of Boise, whose clocks are Denver's."""
    found = zip_codes.suggest_time_zone(zip_code=f"{zip_code}-1234", state=state, clinic_zone="America/Anchorage")

    assert found.reason == zip_codes.BY_ZIP_CODE
    assert not zip_codes.differs_from_zip_code(zone, zip_code)
    assert zip_codes.address_problem(zip_code=zip_code, state=state, city=city) == ""


@pytest.mark.parametrize(
    ("zip_code", "state", "zone", "reason"),
    [
        *(("", "IN", "America/Indiana/Indianapolis", "by state"), ("00000", "TX", CENTRAL, "by state")),
        *(("", "KY", EASTERN, "by state"), ("1234", "AZ", "America/Phoenix", "by state")),
        *(("", "", "clinic", "as the clinic's"), ("09012", "AE", "clinic", "as the clinic's")),
    ],
)
def test_suggest_time_zone_without_a_zip_code_goes_by_state_then_clinic(zip_code, state, zone, reason):
    found = zip_codes.suggest_time_zone(zip_code=zip_code, state=state, clinic_zone="clinic")

    assert (found.time_zone, found.reason) == (zone, reason)


@pytest.mark.parametrize(("state", "zip_code"), MATCHING)
def test_find_zip_code_knows_the_state_and_cities(state, zip_code):
    found = zip_codes.find_zip_code(zip_code)

    assert found.state == state
    assert all(zip_codes.address_problem(zip_code=zip_code, state=state, city=city) == "" for city in found.cities)


@pytest.mark.parametrize(
    ("zip_code", "state", "city", "said"),
    [
        ("10001", "NH", "", "ZIP code 10001 is New York, New York."),
        ("46402", "IL", "Gary", "ZIP code 46402 is Gary, Indiana."),
        ("46402-1234", "IN", "Chicago", "ZIP code 46402 is Gary, Indiana."),
        ("00000", "NH", "Concord", "There is no ZIP code 00000."),
        *(
            ("", "NH", "Concord", ""),
            ("0330", "NH", "Concord", ""),
            ("03301", "", "", ""),
            ("03301", "", "Concord", ""),
        ),
        *(("55102", "MN", "Saint Paul", ""), ("55102", "MN", "ST. PAUL", ""), ("83814", "ID", "COEUR D ALENE", "")),
        *(("76102", "TX", "Ft. Worth", ""), ("63701", "MO", "Cape  Girardeau", ""), ("10001", "NY", "Manhattan", "")),
    ],
)
def test_address_problem_names_the_place_of_the_zip_code(zip_code, state, city, said):
    assert zip_codes.address_problem(zip_code=zip_code, state=state, city=city) == said


@settings(max_examples=60)
@given(text=st.text(max_size=12))
def test_zip_code_functions_accept_every_text(text):
    assert zip_codes.find_zip_code(text) is None or text[:5].isdigit()
    zip_codes.address_problem(zip_code=text, state=text, city=text)


@pytest.mark.parametrize(
    ("zone", "zip_code", "differs"),
    [
        *((EASTERN, "46402", True), (CENTRAL, "46402", False), (EASTERN, "48201", False), (MOUNTAIN, "85001", True)),
        *(("Asia/Kolkata", "03301", True), (EASTERN, "00000", False), (EASTERN, "09012", False), ("", "03301", False)),
    ],
)
def test_differs_from_zip_code_compares_clocks_and_not_names(zone, zip_code, differs):
    assert zip_codes.differs_from_zip_code(zone, zip_code) is differs


def test_zip_code_table_has_every_state_and_only_known_zones():
    rows = [line.split(" ", 3) for line in zip_codes.TABLE.read_text().splitlines()[1:]]
    zones = {zone for _, _, zone, _ in rows} - {zip_codes.NO_ZONE}
    of_states = {zone for _, state, zone, _ in rows if state in STATES} - {zip_codes.NO_ZONE}

    assert [code for code, *_ in rows] == sorted({code for code, *_ in rows})
    assert len(rows) > 42_000
    assert {state for _, state, _, _ in rows} >= set(STATES)
    assert zones <= zoneinfo.available_timezones()
    assert of_states == set(US_TIME_ZONES)


def test_time_zone_choices_name_zones_of_the_united_states_in_words():
    (_, us_zones), (_, others) = time_zone_choices()

    assert dict(us_zones)["America/Indiana/Indianapolis"] == "Eastern Time (Indianapolis)"
    assert dict(us_zones)["America/Boise"] == "Mountain Time (Boise)"
    assert not {name for name, _ in us_zones} & {name for name, _ in others}

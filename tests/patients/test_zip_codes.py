"""Capitals of all states and a few special places, known by heart."""

import re

import pytest

from patients import zip_codes
from patients.us_states import STATES

KNOWN = """
AL 36104 AK 99801 AZ 85001 AR 72201 CA 95814 CO 80202 CT 06103 DE 19901 DC 20500 FL 32301 GA 30303 HI 96813 ID 83702
IL 62701 IN 46225 IA 50309 KS 66603 KY 40601 LA 70802 ME 04330 MD 21401 MA 02201 MI 48933 MN 55102 MS 39205 MO 65101
MT 59623 NE 68502 NV 89701 NH 03301 NJ 08608 NM 87501 NY 12207 NC 27601 ND 58501 OH 43215 OK 73102 OR 97301 PA 17101
RI 02903 SC 29217 SD 57501 TN 37219 TX 78701 UT 84111 VT 05602 VA 23219 WA 98507 WV 25301 WI 53703 WY 82001
AS 96799 GU 96910 MP 96950 PR 00901 VI 00801 AA 34002 AE 09012 AP 96201
NY 10001 NY 06390 NY 00501 MA 05501 TX 88510 CA 90210 DC 20001 VA 20101
"""
MATCHING = re.findall(r"([A-Z]{2}) (\d{5})", KNOWN)


@pytest.mark.parametrize(("state", "zip_code"), MATCHING)
def test_zip_code_warning_is_empty_for_matching_state(state, zip_code):
    assert zip_codes.zip_state_mismatch(state=state, zip_code=zip_code) == ""


def test_zip_code_prefixes_cover_every_state():
    assert set(zip_codes.ZIP_PREFIXES_BY_STATE) == set(STATES) == {state for state, _ in MATCHING}


@pytest.mark.parametrize(("state", "zip_code"), [("NH", "10001"), ("NH", "00000"), ("CA", "03301-1234")])
def test_zip_code_warning_appears_for_zip_code_of_another_state(state, zip_code):
    assert zip_codes.zip_state_mismatch(state=state, zip_code=zip_code) == zip_codes.ZIP_STATE_WARNING


@pytest.mark.parametrize(("state", "zip_code"), [("", "10001"), ("NH", ""), ("", ""), ("NH", "1"), ("NH", "1000l")])
def test_zip_code_warning_is_empty_for_missing_or_malformed_parts(state, zip_code):
    assert zip_codes.zip_state_mismatch(state=state, zip_code=zip_code) == ""

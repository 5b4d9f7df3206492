"""Diagnoses: the form of codes and the conditions that follow from them."""

import pytest
from django.core.exceptions import ValidationError

from patients.programmes.diagnoses import conditions_from_diagnoses, is_common_code, parse_diagnoses


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("I10", ["I10"]),
        (" i10, e119;E11.9 ", ["I10", "E11.9"]),
        ("O09A1 M97.01XA", ["O09.A1", "M97.01XA"]),
        ("U07.1 C4A.0", ["U07.1", "C4A.0"]),
    ],
)
def test_parse_diagnoses_reads_codes_with_and_without_dot(typed, codes):
    assert parse_diagnoses(typed) == codes


@pytest.mark.parametrize("typed", ["high pressure", "I1", "10I", "I10.", "E11.12345", "I10, 250.00", "E11..9"])
def test_parse_diagnoses_refuses_and_names_what_is_no_code(typed):
    with pytest.raises(ValidationError, match=r"No ICD-10-CM code: .*[A-Z0-9]"):
        parse_diagnoses(typed)


def test_parse_diagnoses_refuses_more_codes_than_a_claim_has_room_for():
    with pytest.raises(ValidationError, match="at most 12"):
        parse_diagnoses(" ".join(f"I{n}" for n in range(10, 23)))


@pytest.mark.parametrize(
    ("codes", "conditions"),
    [
        (["I10"], ["hypertension"]),
        (["I11.0"], ["hypertension", "heart_failure"]),
        (["I13.10", "E11.9"], ["hypertension", "ckd", "diabetes"]),
        (["I50.22", "I10", "I11.0"], ["heart_failure", "hypertension"]),
        (["J44.1"], ["copd"]),
        (["O14.03"], ["pregnancy"]),
        (["Z99.9"], []),
    ],
)
def test_conditions_follow_from_diagnoses(codes, conditions):
    assert conditions_from_diagnoses(codes) == conditions
    assert all(is_common_code(code) for code in codes) == bool(conditions)

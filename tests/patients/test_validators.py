import pytest
from django.core.exceptions import ValidationError

from patients.validators import normalize_to_e164, validate_phone

PHONE = "+16035550142"


@pytest.mark.parametrize("typed", ["(603) 555-0142", "603.555.0142", "1 603 555 0142", "+1 (603) 555\u20110142", PHONE])
def test_normalize_to_e164_accepts_spellings_of_one_number(typed):
    assert normalize_to_e164(typed) == PHONE


@pytest.mark.parametrize("typed", ["+44 20 7946 0000", "+49 1511 2345678", "787-555-0142"])
def test_normalize_to_e164_accepts_valid_numbers_of_other_regions(typed):
    validate_phone(normalize_to_e164(typed))


@pytest.mark.parametrize(
    "typed",
    [
        *("555-0142", "+1 555 0142", "0000000000", "(603) 055-0142", "(603) 155-0142", "(055) 555-0142"),
        *("123 456 7890", "911", "+44 0000 000000", "(603) 555-0142 or 555-0143", "(603) 555-0142 x12", "\u200b"),
    ],
)
def test_normalize_to_e164_rejects_numbers_that_are_not_valid_in_their_region(typed):
    with pytest.raises(ValidationError):
        normalize_to_e164(typed)
    with pytest.raises(ValidationError):
        validate_phone(typed)

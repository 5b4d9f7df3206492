import pytest
from django.core.exceptions import ValidationError

from patients.validators import normalize_to_e164, validate_phone, validate_plain_text

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


@pytest.mark.parametrize(
    "text",
    [
        *(
            "O'Brien",
            "7",
            "\u738b",
            "\u0646\u0648\u0631",
            "Ann-Lou",
            "N\u0303",
            "\u0928\u0947\u0939\u093e",
            "St. Mary's #4",
        ),
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",  # Persian, with a joiner between two letters
        "\u0d28\u0d4d\u200d",  # Malayalam, with a joiner after a virama
    ],
)
def test_validate_plain_text_accepts_text_that_can_be_read(text):
    validate_plain_text(text)


@pytest.mark.parametrize(
    "text",
    [
        *("\u200b", "\u3164", "\u2800", "\u115f", "\u00ad", "-", "...", "'", "\U0001f600", "\u0301"),
        *(
            "\ufeffAnn",
            "An\u061cn",
            "An\u200bn",
            "Ann\u2060",
            "An\u202en",
            "Ann\ufe0f",
            "An\x07n",
            "An\u034fn",
            "Ann\U000e0041",
        ),
        *("An\u200dn", "\u200d\u0639\u0644\u06cc", "\u0639\u0644\u06cc\u200c", "\u0639\u200c\u200c\u0644", "Ann\u2028"),
    ],
)
def test_validate_plain_text_rejects_text_without_letters_or_with_invisible_characters(text):
    with pytest.raises(ValidationError):
        validate_plain_text(text)

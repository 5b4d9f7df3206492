"""Patient search by whole numbers and ids: phone, account id, MRN, our own id."""

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patients import search
from patients.models import Patient
from tests.factories import PatientFactory

PHONE_DIGITS = "6035550177"
LETTERS = st.text(st.characters(codec="utf-8"), max_size=90)


def found_by(text):
    return list(Patient.objects.filter(search.patient_search_filter(text)))


@pytest.mark.parametrize(
    "asked",
    [
        *("(603) 555-0177", "603-555-0177", "603.555.0177", "6035550177", "+1 603 555 0177", "1-603-555-0177"),
        *("tel:+16035550177", "555-0177", "555\u20110177", "\uff16\uff10\uff13 555 0177", " 603 5550177 "),
    ],
)
def test_search_finds_a_phone_in_any_spelling(elm, asked):
    patient = PatientFactory(clinic=elm, phone="+16035550177")
    PatientFactory(clinic=elm, phone="+16035550178")
    PatientFactory(clinic=elm, phone="")

    assert found_by(asked) == [patient]


@settings(max_examples=60)
@given(gaps=st.lists(st.sampled_from(["", " ", "-", ".", "(", ") ", "\u2013", "\u00a0"]), min_size=10, max_size=10))
def test_match_phone_ignores_every_separator(gaps):
    typed = "".join(gap + digit for gap, digit in zip(gaps, PHONE_DIGITS, strict=True))

    assert search.match_phone(typed) == search.match_phone(PHONE_DIGITS)


@pytest.mark.parametrize(
    "asked", ["0177", "50177", "603555017", "6035550177000000", "rosa 6035550177", "+44 603 555 0177"]
)
def test_search_finds_no_phone_by_a_part_or_by_another_number(elm, asked):
    PatientFactory(clinic=elm, phone="+16035550177", mrn="")

    assert found_by(asked) == []


@pytest.mark.parametrize("asked", ["acct-Z\u00fcrich", "ACCT-Z\u00dcRICH", " acct-zu\u0308rich "])
def test_search_finds_an_account_id_ignoring_case_only(elm, asked):
    patient = PatientFactory(clinic=elm, external_id="acct-Z\u00fcrich")
    PatientFactory(clinic=elm, external_id="acct-Zurich")

    assert found_by(asked) == [patient]


def test_search_finds_our_own_id(elm, rosa):
    PatientFactory(clinic=elm)

    assert [found_by(str(rosa.pk)), found_by(rosa.pk.hex.upper()), found_by(str(uuid.uuid4()))] == [[rosa], [rosa], []]


@settings(max_examples=60)
@given(text=LETTERS)
@pytest.mark.django_db
def test_search_accepts_every_text(text):
    found_by(text)

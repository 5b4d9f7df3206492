import pytest
import time_machine
from django.core.exceptions import ValidationError

from patients.imports.rows.columns import match_headings
from patients.imports.rows.values import DAY_FIRST, MONTH_FIRST, CellRules, convert_cell, possible_date_orders


def convert(name, text, kind="", **rules):
    return convert_cell(name, text, kind, CellRules(**rules))


@pytest.mark.parametrize(
    ("text", "order", "value"),
    [
        ("1951-04-09", MONTH_FIRST, "1951-04-09"),
        ("1951/4/9", DAY_FIRST, "1951-04-09"),
        ("1951-04-09 00:00:00", DAY_FIRST, "1951-04-09"),
        ("1951-04-09T00:00:00", DAY_FIRST, "1951-04-09"),
        ("04/09/1951", MONTH_FIRST, "1951-04-09"),
        ("04/09/1951", DAY_FIRST, "1951-09-04"),
        ("4.9.1951", DAY_FIRST, "1951-09-04"),
        ("9-Apr-1951", MONTH_FIRST, "1951-04-09"),
        ("April 9, 1951", MONTH_FIRST, "1951-04-09"),
        ("19510409", MONTH_FIRST, "1951-04-09"),
        ("18727", MONTH_FIRST, "1951-04-09"),
        ("4/9/51", MONTH_FIRST, "1951-04-09"),
        ("", MONTH_FIRST, ""),
    ],
)
def test_convert_birth_date_reads_dates_as_people_write_them(text, order, value):
    assert convert("birth_date", text, date_order=order)[0] == value


@pytest.mark.parametrize(
    "text", ["13/13/1951", "02/30/1951", "soon", "0", "60", "1951", "99999", "\uff14/9/1951", "4/9/26", "-5", "1e5"]
)
@time_machine.travel("2026-11-30", tick=False)
def test_convert_birth_date_refuses_what_is_no_date(text):
    with pytest.raises(ValidationError):
        convert("birth_date", text)


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("03/04/1951", {MONTH_FIRST, DAY_FIRST}),
        ("13/04/1951", {DAY_FIRST}),
        ("04/13/1951", {MONTH_FIRST}),
        ("04/04/1951", set()),
        ("1951-04-03", set()),
        ("April 3, 1951", set()),
    ],
)
def test_possible_date_orders_names_each_order_that_gives_a_day(text, orders):
    assert possible_date_orders(text) == orders


@pytest.mark.parametrize(
    ("text", "value", "is_noted"),
    [
        ("03301", "03301", False),
        ("3301", "03301", True),
        ("501", "00501", True),
        ("3301-1234", "03301-1234", True),
        ("33011234", "03301-1234", True),
        ("033011234", "03301-1234", True),
        ("03301-1234", "03301-1234", False),
        ("12", "12", False),
        ("3301x", "3301x", False),
        ("", "", False),
    ],
)
def test_convert_zip_code_fills_zeros_and_marks_them(text, value, is_noted):
    assert convert("zip_code", text)[0] == value
    assert bool(convert("zip_code", text)[1]) is is_noted


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("state", "nh", "NH"),
        ("state", "N.H.", "NH"),
        ("state", "New Hampshire", "NH"),
        ("sex", "F", "female"),
        ("sex", "", "unknown"),
        ("sms_consent", "Yes", True),
        ("sms_consent", "", False),
        ("conditions", "HTN; Heart failure", ["hypertension", "heart_failure"]),
        ("conditions", "", []),
        ("time_zone", "Eastern", "America/New_York"),
        ("time_zone", "America/Chicago", "America/Chicago"),
        ("time_zone", "", ""),
    ],
)
def test_convert_cell_reads_words(name, text, value):
    assert convert(name, text)[0] == value


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("sex", "yes", ""),
        ("state", "Ontario", ""),
        ("time_zone", "Middle-earth", ""),
        ("mrn", "1.23E+05", ""),
        ("sms_consent", "maybe", ""),
        ("conditions", "gout", ""),
        ("city", "", "formula"),
        ("city", "", "error"),
        ("mrn", "2026-03-01", "date"),
        ("mrn", "1234567890123456", "number"),
    ],
)
def test_convert_cell_refuses_what_it_can_not_read(name, text, kind):
    with pytest.raises(ValidationError):
        convert(name, text, kind)


def test_convert_cell_fills_mrns_that_arrive_as_numbers():
    assert convert("mrn", "42", "number", mrn_digits=5) == ("00042", "Filled with zeros: 00042.")
    assert convert("mrn", "42", "", mrn_digits=5) == ("42", "")


def test_match_headings_finds_columns_by_name():
    headings = ["  LAST NAME*", "first_name", "Name", "D.O.B.", "Zip Code", "zip", "Remarks"]

    assert match_headings(headings) == {"family_name": 0, "given_name": 1, "birth_date": 3, "zip_code": 4}
    assert match_headings(["Patient", "Birthdate"]) == {"full_name": 0, "birth_date": 1}

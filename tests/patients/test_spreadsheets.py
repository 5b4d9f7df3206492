from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patients import csv_writer


@given(st.text())
@settings(deadline=None)
def test_no_text_begins_as_a_formula_does(text):
    assert not csv_writer.safe(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("first", [*"=+-@\uff1d\uff0b\uff0d\uff20", "\t", "\r", "\n", " =", "\N{NO-BREAK SPACE}@"])
def test_whatever_a_spreadsheet_would_run_gets_an_apostrophe(first):
    assert csv_writer.safe(f"{first}1+1") == f"'{first}1+1"


def test_a_negative_number_stays_a_number():
    assert (csv_writer.safe(Decimal("-3.50")), csv_writer.safe("-3.50")) == ("-3.50", "'-3.50")


def test_every_cell_of_a_file_is_safe_and_its_name_is_all_that_the_browser_is_told():
    text = csv_writer.written(("who", "what"), [("=1+1", Decimal(-2))])

    assert text == "\N{ZERO WIDTH NO-BREAK SPACE}who,what\r\n'=1+1,-2\r\n"
    answer = csv_writer.to_download(text, name="rows.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="rows.csv"'
    assert answer.content.decode() == text

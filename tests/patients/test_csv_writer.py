from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patients import csv_writer


@given(st.text())
@settings(deadline=None)
def test_csv_cell_text_never_starts_as_a_formula(text):
    assert not csv_writer.escape_formula(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("first", [*"=+-@\uff1d\uff0b\uff0d\uff20", "\t", "\r", "\n", " =", "\N{NO-BREAK SPACE}@"])
def test_csv_cell_formula_prefix_gets_an_apostrophe(first):
    assert csv_writer.escape_formula(f"{first}1+1") == f"'{first}1+1"


def test_csv_cell_preserves_negative_number():
    assert (csv_writer.escape_formula(Decimal("-3.50")), csv_writer.escape_formula("-3.50")) == ("-3.50", "'-3.50")


def test_csv_download_escapes_every_cell_and_sets_filename():
    text = csv_writer.write_csv(("who", "what"), [("=1+1", Decimal(-2))])

    assert text == "\N{ZERO WIDTH NO-BREAK SPACE}who,what\r\n'=1+1,-2\r\n"
    answer = csv_writer.csv_response(text, name="rows.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="rows.csv"'
    assert answer.content.decode() == text

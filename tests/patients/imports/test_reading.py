import codecs
import contextlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patients.imports.reading import archives
from patients.imports.reading.files import read_table
from patients.imports.reading.tables import UnreadableFile, column_letters
from patients.imports.reading.workbooks import column_index
from tests.patients.imports.workbook_files import (
    DATE_STYLE,
    MAIN,
    sheet_xml,
    workbook,
    workbook_parts,
    zip_parts,
)

CSV = "Last name,DOB\nNúñez,1951-04-09\n"


def cells_of(data):
    return [row.cells for row in read_table(data).rows]


@pytest.mark.parametrize(
    "data",
    [
        CSV.encode(),
        codecs.BOM_UTF8 + CSV.encode(),
        codecs.BOM_UTF16_LE + CSV.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + CSV.encode("utf-16-be"),
        CSV.encode("utf-16-le"),
        CSV.encode("utf-16-be"),
        CSV.encode("cp1252"),
        CSV.replace(",", ";").encode(),
        CSV.replace(",", "\t").encode("utf-16"),
        CSV.replace("\n", "\r\n").encode(),
        CSV.replace("\n", "\r").encode(),
        b"sep=;\r\n" + CSV.replace(",", ";").encode(),
        ("\n" + CSV).encode(),
        'Last name,DOB,\n"Núñez",1951-04-09,\n,,\n'.encode(),
    ],
)
def test_read_table_recognises_encoding_and_separator(data):
    table = read_table(data)

    assert table.headings == ["Last name", "DOB"]
    assert [row.cells for row in table.rows] == [["Núñez", "1951-04-09"]]
    assert bool(table.notes) is (data == CSV.encode("cp1252"))


def test_read_table_prefers_the_separator_that_gives_known_headings():
    assert cells_of(b"Last name;DOB;Remark, or none\nA;1951-04-09;x, y, z\n") == [["A", "1951-04-09", "x, y, z"]]


def test_read_table_counts_rows_as_a_spreadsheet_does():
    table = read_table(b'\nLast name,DOB\n"two\nlines",1\n\n,\nB,2\n')

    assert [row.number for row in table.rows] == [3, 6]


def test_read_table_marks_rows_of_text_with_more_cells_than_headings():
    (row,) = read_table(b"Last name,DOB\nDelgado, Rosa,1951-04-09\n").rows

    assert row.kinds == {2: "overflow"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\n\n,,\n", "Only one column|empty"),
        (b"Last name,DOB\n", "no row below"),
        (b"Last name\nDelgado\n", "Only one column"),
        (b'Last name,DOB\n"Delgado,1951-04-09\n', "Line 2: a quotation mark"),
        (b'Last name,DOB\n"Del"gado,1951\n', "Line 2: a quotation mark"),
        (b"Last name,DOB\nA,\x00\n" * 3, "UTF-8, UTF-16 or Windows-1252"),
        (b"Last name,DOB\nA,\x81\n", "UTF-8, UTF-16 or Windows-1252"),
        (b"<html><table></table>", "web page"),
        (b"%PDF-1.7", "no list of patients"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), r"\(.xls\)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
        (zip_parts({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "no Excel workbook"),
        (b"Last name,DOB\n" + b"A,1\n" * 10_001, "more than 10,000 rows"),
        (b",".join([b"x"] * 51) + b"\nA\n", "more than 50 columns"),
        (b"Last name,DOB\nA," + b"x" * 1_001 + b"\n", "Cell B2 has more than 1,000 characters"),
        (b"Last name,DOB\nA," + b"x" * 140_000 + b"\n", "more than 1,000 characters"),
        (b"a,b\n" + b"x,y\n" * 1_400_000, "larger than 5 MB"),
    ],
)
def test_read_table_refuses_unusable_files_in_words(data, words):
    with pytest.raises(UnreadableFile, match=words):
        read_table(data)


def test_read_table_reads_cells_of_a_workbook():
    rows = [
        ["Last name", "DOB", "MRN", "ZIP"],
        ["Delgado", (f"s='{DATE_STYLE}'", "<v>18727</v>"), 123, ("", "<f>A1</f><v>3301</v>")],
        ["Nguyễn", "1951-04-09", 1.5, ("", "<f>A1</f>")],
        ["Osei", ("t='e'", "<v>#N/A</v>"), ("t='b'", "<v>1</v>"), ("t='str'", "<f>B1</f><v>x</v>")],
    ]
    table = read_table(workbook(*rows))

    assert [row.cells for row in table.rows] == [
        ["Delgado", "1951-04-09", "123", "3301"],
        ["Nguyễn", "1951-04-09", "1.5", ""],
        ["Osei", "", "True", "x"],
    ]
    assert [row.kinds for row in table.rows] == [
        {1: "date", 2: "number", 3: "number"},
        {2: "number", 3: "formula"},
        {1: "error"},
    ]


def test_read_table_replaces_nul_of_a_workbook():
    (row,) = read_table(workbook(["a", "b"], ["x_x0000_y", "1"])).rows

    assert "\x00" not in row.cells[0]


def test_read_table_reads_the_first_visible_sheet_with_cells():
    empty, hidden, first, second = (
        sheet_xml([]),
        sheet_xml([["x"]]),
        sheet_xml([["a", "b"], ["1", "2"]]),
        sheet_xml([["y"]]),
    )
    table = read_table(zip_parts(workbook_parts(empty, hidden, first, second, states=("visible", "hidden"))))

    assert (table.headings, table.notes) == (["a", "b"], ["Read from sheet “Sheet3”. Not read: “Sheet4”."])


ROWS = (["a", "b"], ["1", "2"])
MERGED = "<mergeCells><mergeCell ref='{}'/></mergeCells>"
SHARED = f"<sst xmlns='{MAIN}'><si><t>{{}}</t></si></sst>"


def many_shared(text, cells):
    """A workbook of which each cell shows the same text."""
    row = [("t='s'", "<v>0</v>")] * 10
    return zip_parts(workbook_parts(sheet_xml([row] * (cells // 10))) | {"xl/sharedStrings.xml": SHARED.format(text)})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (workbook(*ROWS, more=MERGED.format("A1:B1")), "The headings A1:B1 are merged"),
        (workbook(*ROWS, more=MERGED.format("A2:B2")), "The cells A2:B2 are merged"),
        (workbook(*ROWS, properties="<workbookPr date1904='1'/>"), "from 1904"),
        (workbook(), "no visible sheet"),
        (zip_parts(workbook_parts(sheet_xml(ROWS)) | {"xl/vbaProject.bin": b"x"}), "macros"),
        (zip_parts(workbook_parts(sheet_xml(ROWS)) | {"xl/macrosheets/sheet1.xml": b"x"}), "macros"),
        (zip_parts(workbook_parts("<worksheet><sheetData><row><c r='A1'>")), "damaged"),
        (zip_parts(workbook_parts("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")), "damaged"),
        (zip_parts(workbook_parts(sheet_xml(ROWS).replace("'A2'", "'AZ2'"))), "Cell AZ2 is beyond 50 columns"),
        (zip_parts(workbook_parts(sheet_xml(ROWS).replace("'A2'", "'A1048576'"))), "Row 1,048,576 is used"),
        (zip_parts(workbook_parts(sheet_xml(ROWS)) | {"xl/media/a.bin": bytes(2**21)}), "more than 30 times"),
        (zip_parts(workbook_parts(sheet_xml(ROWS)) | {"xl/media/a.bin": bytes(51 * 2**20)}), "more than 50 MB"),
        (many_shared("x" * 1_001, 20), "Cell A1 has more than 1,000 characters"),
        (many_shared(os.urandom(400).hex(), 70_000), "too much text"),
    ],
)
def test_read_table_refuses_unusable_workbooks_in_words(data, words):
    with pytest.raises(UnreadableFile, match=words):
        read_table(data)


def test_read_table_refuses_archive_with_encrypted_part():
    data = bytearray(workbook(*ROWS))
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        data[data.index(start) + (6 if start[2] == 3 else 8)] |= archives.ENCRYPTED_FLAG

    with pytest.raises(UnreadableFile, match="password"):
        read_table(bytes(data))


@given(st.integers(0, 1_000_000))
def test_column_letters_and_column_index_are_inverse(index):
    assert column_index(column_letters(index)) == index


@settings(max_examples=60)
@given(st.data())
def test_read_table_of_a_damaged_workbook_is_read_or_refused(data):
    parts = workbook_parts(sheet_xml([["Last name", "DOB"], ["A", 18727]]))
    name = data.draw(st.sampled_from(["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"]))
    part = bytearray(parts[name].encode())
    at, length = data.draw(st.integers(0, len(part) - 1)), data.draw(st.integers(0, 30))
    part[at : at + length] = data.draw(st.binary(max_size=5))

    with contextlib.suppress(UnreadableFile):
        read_table(zip_parts(parts | {name: bytes(part)}))


@settings(max_examples=60)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_read_table_of_any_bytes_is_read_or_refused(data):
    with contextlib.suppress(UnreadableFile):
        read_table(data)

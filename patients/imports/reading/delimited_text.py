"""CSV files: encoding (UTF-8, UTF-16, Windows-1252) and separator (comma, semicolon, tab) are recognised."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator

from patients.imports.reading.tables import MAX_CELL_LETTERS, Table, TableRow, UnreadableFile, build_table
from patients.imports.rows.columns import match_headings

BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
SEPARATOR_LINE = re.compile(r"sep=([,;\t])\r?\n", re.IGNORECASE)  # Excel's own first line
SAMPLE_BYTES = 2_000
OTHER_ENCODING = "The file is no text in UTF-8, UTF-16 or Windows-1252. Save it as “CSV UTF-8”."


def read_delimited_text(data: bytes) -> Table:
    text, note = decode_text(data)
    if "\x00" in text:
        raise UnreadableFile(OTHER_ENCODING)
    if re.match(r"\s*<(!doctype|html|\?xml|table)", text, re.IGNORECASE):
        raise UnreadableFile("The file is a web page or XML. Save it as CSV or as an Excel workbook (.xlsx).")
    if named := SEPARATOR_LINE.match(text):
        separator, text = named[1], text[named.end() :]
    else:
        separator = find_separator(text)
    return build_table(iterate_rows(text, separator), notes=[note] if note else [], is_text=True)


def decode_text(data: bytes) -> tuple[str, str]:
    """The text, and a note where the encoding could only be assumed."""
    encoding, note = guess_encoding(data), ""
    try:
        if encoding:
            return data.decode(encoding), note
        return data.decode("utf-8"), note
    except UnicodeDecodeError:
        if encoding:
            raise UnreadableFile(OTHER_ENCODING) from None
    try:
        return data.decode("cp1252"), "Read as Windows-1252. Please check letters with accents in the names."
    except UnicodeDecodeError:
        raise UnreadableFile(OTHER_ENCODING) from None


def guess_encoding(data: bytes) -> str:
    """By the byte order mark; UTF-16 without one by its zero bytes. Empty if neither is found."""
    for bom, encoding in BOMS:
        if data.startswith(bom):
            return encoding
    sample = data[:SAMPLE_BYTES]
    zeros = [sample[n::2].count(0) / max(1, len(sample) // 2) for n in (0, 1)]
    if max(zeros) < 0.4:
        return ""
    return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"


def find_separator(text: str) -> str:
    """The one by which most headings are recognised, then the one that gives most columns."""
    rank: dict[str, tuple[int, int]] = {}
    for separator in SEPARATORS:
        try:
            headings = next(
                (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)), []
            )
        except csv.Error:
            continue
        rank[separator] = (len(match_headings(headings)), len(headings))
    best = max(rank, key=rank.__getitem__, default=",")
    if rank.get(best, (0, 0))[1] < 2:
        raise UnreadableFile("Only one column was found. Separate columns by comma, semicolon or tab.")
    return best


def iterate_rows(text: str, separator: str) -> Iterator[TableRow]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number, begins_at = 0, 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableFile(csv_error_text(str(error), line=begins_at)) from None
        number, begins_at = number + 1, reader.line_num + 1
        yield TableRow(number, cells)


def csv_error_text(error: str, *, line: int) -> str:
    """In words, for the errors of the csv module."""
    if "field limit" in error:
        return f"Line {line} has a cell with more than {MAX_CELL_LETTERS:,} characters. Please shorten it."
    return f"Line {line}: a quotation mark is out of place or never closed, so the cells can't be told apart."

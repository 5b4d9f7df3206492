"""XLSX workbooks: the first visible sheet with cells, read by calamine after our own scan of its XML.

The scan finds what the library does not show (formulas without a stored value, error values) and what would cost memory
in it: cells far out, and long texts that many cells share.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from dataclasses import dataclass, field
from typing import Any

import python_calamine as calamine

from patients.imports.reading.archives import DAMAGED, PASSWORD, open_archive, parse_part, read_relations
from patients.imports.reading.tables import (
    DATE,
    ERROR,
    FORMULA,
    MAX_CELL_LETTERS,
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_UNPACKED_BYTES,
    NUMBER,
    Table,
    TableRow,
    UnreadableFile,
    build_table,
    column_letters,
)

CELL_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
LAST_ROW = 2 * MAX_ROWS  # empty rows in between included
SHARED_STRINGS = "xl/sharedStrings.xml"
NO_CELLS = "The workbook holds no visible sheet with rows."
OLD_DATES = "The workbook counts days from 1904. Save the sheet as CSV, and import that."


@dataclass(frozen=True)
class SheetPart:
    name: str
    path: str


@dataclass
class SheetScan:
    """Element by element of one sheet. `kinds`: FORMULA or ERROR by (row, column), from 0."""

    string_lengths: list[int]
    kinds: dict[tuple[int, int], str] = field(default_factory=dict)
    used: bool = False
    row: int = -1
    column: int = -1
    cell_type: str = ""
    reads_value: bool = False
    shared_letters: int = 0

    def handle_element(self, element: str, attributes: dict[str, str]) -> None:
        self.reads_value = False
        if element == "row":
            self.row, self.column = int(attributes.get("r", self.row + 2)) - 1, -1
        elif element == "c":
            self.begin_cell(attributes)
        elif element in ("v", "is", "f"):
            self.use_cell(element)

    def begin_cell(self, attributes: dict[str, str]) -> None:
        self.cell_type = attributes.get("t", "n")
        if reference := CELL_REFERENCE.fullmatch(attributes.get("r", "")):
            self.row, self.column = int(reference[2]) - 1, column_index(reference[1])
        elif "r" in attributes:
            raise UnreadableFile(DAMAGED)
        else:
            self.column += 1

    def use_cell(self, element: str) -> None:
        place = (self.row, self.column)
        self.used = True
        if self.column >= MAX_COLUMNS:
            raise UnreadableFile(
                f"Cell {column_letters(self.column)}{self.row + 1} is beyond {MAX_COLUMNS} columns. Please remove "
                "columns that are not needed."
            )
        if self.row >= LAST_ROW:
            raise UnreadableFile(f"Row {self.row + 1:,} is used. The file may have {MAX_ROWS:,} rows. Please split it.")
        if element == "f":
            self.kinds[place] = FORMULA
            return
        self.kinds.pop(place, None)  # a formula with its value stored
        if self.cell_type == "e":
            self.kinds[place] = ERROR
        self.reads_value = element == "v" and self.cell_type == "s"

    def handle_text(self, text: str) -> None:
        """The index of a shared string."""
        if not self.reads_value or not text.strip():
            return
        try:
            letters = self.string_lengths[int(text)]
        except (ValueError, IndexError):
            raise UnreadableFile(DAMAGED) from None
        if letters > MAX_CELL_LETTERS:
            raise UnreadableFile(
                f"Cell {column_letters(self.column)}{self.row + 1} has more than {MAX_CELL_LETTERS:,} characters. "
                "Please shorten it."
            )
        self.shared_letters += letters
        if self.shared_letters > MAX_UNPACKED_BYTES:
            raise UnreadableFile("The sheet holds too much text. Please remove columns that are not needed.")


def column_index(letters: str) -> int:
    """ "A" to 0, "AB" to 27."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def read_workbook(data: bytes) -> Table:
    with open_archive(data) as archive:
        lengths = shared_string_lengths(archive)
        scans = [(part, scan_sheet(archive, part, lengths)) for part in visible_sheets(archive)]
    used = [(part, scan) for part, scan in scans if scan.used]
    if not used:
        raise UnreadableFile(NO_CELLS)
    part, scan = used[0]
    others = ", ".join(f"“{other.name}”" for other, _ in used[1:])
    notes = [f"Read from sheet “{part.name}”. Not read: {others}."] if others else []
    rows, merged = read_cells(data, part.name)
    refuse_merged_cells(merged, heading_row=next((n for n, row in enumerate(rows) if any(map(cell_text, row))), 0))
    return build_table((table_row(n, row, scan.kinds) for n, row in enumerate(rows)), notes=notes, is_text=False)


def shared_string_lengths(archive: zipfile.ZipFile) -> list[int]:
    lengths: list[int] = []
    if SHARED_STRINGS not in archive.namelist():
        return lengths

    def note_string(element: str, _: dict[str, str]) -> None:
        if element == "si":
            lengths.append(0)

    def add_length(text: str) -> None:
        if lengths:
            lengths[-1] += len(text)

    parse_part(archive, SHARED_STRINGS, note_string, text=add_length)
    return lengths


def visible_sheets(archive: zipfile.ZipFile) -> list[SheetPart]:
    paths, sheets = read_relations(archive), []

    def note_sheet(element: str, attributes: dict[str, str]) -> None:
        if element == "workbookPr" and attributes.get("date1904", "0") in ("1", "true"):
            raise UnreadableFile(OLD_DATES)
        relation = next((value for name, value in attributes.items() if name.rpartition("}")[2] == "id"), "")
        if element == "sheet" and attributes.get("state", "visible") == "visible" and relation in paths:
            sheets.append(SheetPart(attributes.get("name", ""), paths[relation]))

    parse_part(archive, "xl/workbook.xml", note_sheet)
    return [sheet for sheet in sheets if "/worksheets/" in sheet.path]


def scan_sheet(archive: zipfile.ZipFile, part: SheetPart, string_lengths: list[int]) -> SheetScan:
    scan = SheetScan(string_lengths)
    try:
        parse_part(archive, part.path, scan.handle_element, text=scan.handle_text)
    except ValueError:
        raise UnreadableFile(DAMAGED) from None
    return scan


def read_cells(data: bytes, sheet_name: str) -> tuple[list[list[Any]], list[Any]]:
    """All rows from the first one, and the merged ranges."""
    try:
        with calamine.load_workbook(io.BytesIO(data)) as workbook:
            sheet = workbook.get_sheet_by_name(sheet_name)
            return sheet.to_python(skip_empty_area=False), sheet.merged_cell_ranges or []
    except calamine.PasswordError:
        raise UnreadableFile(PASSWORD) from None
    except (calamine.CalamineError, ValueError, OverflowError):
        raise UnreadableFile(DAMAGED) from None


def refuse_merged_cells(merged: list[Any], *, heading_row: int) -> None:
    for (top, left), (bottom, right) in merged:
        if bottom < heading_row:
            continue
        cells = f"{column_letters(left)}{top + 1}:{column_letters(right)}{bottom + 1}"
        what = "The headings" if top <= heading_row else "The cells"
        raise UnreadableFile(f"{what} {cells} are merged. Each column needs a cell of its own: unmerge them.")


def table_row(index: int, values: list[Any], kinds: dict[tuple[int, int], str]) -> TableRow:
    found = {n: kind for n in range(len(values)) if (kind := kinds.get((index, n)))}
    for n, value in enumerate(values):
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[n] = NUMBER
        elif isinstance(value, dt.date):
            found[n] = DATE
    return TableRow(index + 1, [cell_text(value) for value in values], found)


def cell_text(value: Any) -> str:
    """Numbers without a needless ".0", dates in ISO form."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date) else str(value)

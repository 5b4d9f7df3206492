"""Tables as read from a file: headings, rows of text cells, and the limits that hold for every format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_FILE_BYTES = 5 * 1024 * 1024
MAX_UNPACKED_BYTES = 50 * 1024 * 1024
MAX_COMPRESSION_RATIO = 30
MAX_ROWS = 10_000  # without the headings
MAX_COLUMNS = 50
MAX_CELL_LETTERS = 1_000

NUMBER, DATE, FORMULA, ERROR = "number", "date", "formula", "error"
OVERFLOW = "overflow"  # of the first cell beyond the headings, where it means that a separator isn't quoted


class UnreadableFile(Exception):
    """Nothing of the file is imported; the text says why and what to do, for the person who chose the file."""


@dataclass(frozen=True)
class TableRow:
    """`number` as a spreadsheet counts. `kinds`: by column, what a cell is that isn't text (NUMBER, DATE, ...)."""

    number: int
    cells: list[str]
    kinds: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    headings: list[str]
    rows: list[TableRow]
    notes: list[str]  # how the file was read, where it could have been read otherwise


def column_letters(index: int) -> str:
    """0 to "A", 27 to "AB"."""
    letters = ""
    while index >= 0:
        letters, index = chr(ord("A") + index % 26) + letters, index // 26 - 1
    return letters


def build_table(rows: Iterable[TableRow], *, notes: list[str], is_text: bool) -> Table:
    """The first row with text holds the headings. Empty rows are left out. Raises UnreadableFile.

    In text, a row with more cells than headings has lost its quotation marks; in a sheet, it has remarks beside it.
    """
    headings: list[str] | None = None
    found: list[TableRow] = []
    for row in rows:
        cells = trim_cells(row)
        if not cells:
            continue
        check_cell_lengths(row.number, cells)
        if headings is None:
            headings = [" ".join(cell.split()) for cell in cells]
            continue
        if len(found) == MAX_ROWS:
            raise UnreadableFile(f"The file has more than {MAX_ROWS:,} rows. Please split it.")
        found.append(TableRow(row.number, cells, row.kinds))
    if headings is None:
        raise UnreadableFile("The file is empty.")
    if not found:
        raise UnreadableFile("The file has headings, but no row below them.")
    width = len(headings) if is_text else max(len(headings), *(len(row.cells) for row in found))
    if width > MAX_COLUMNS:
        raise UnreadableFile(f"The file has more than {MAX_COLUMNS} columns. Please remove those that are not needed.")
    named = [heading or f"Column {column_letters(n)}" for n, heading in enumerate(pad(headings, width))]
    return Table(named, [fit_row(row, width) for row in found], notes)


def fit_row(row: TableRow, width: int) -> TableRow:
    overflow = {width: OVERFLOW} if len(row.cells) > width else {}
    return TableRow(row.number, pad(row.cells, width)[:width], row.kinds | overflow)


def trim_cells(row: TableRow) -> list[str]:
    """Without spaces at their ends and without empty cells at the end of the row. PostgreSQL stores no NUL, which a
    workbook can hold as "_x0000_"."""
    cells = [cell.replace("\x00", "\N{REPLACEMENT CHARACTER}").strip() for cell in row.cells]
    last = max((n for n, cell in enumerate(cells) if cell or n in row.kinds), default=-1)
    return cells[: last + 1]


def check_cell_lengths(number: int, cells: list[str]) -> None:
    for n, cell in enumerate(cells):
        if len(cell) > MAX_CELL_LETTERS:
            raise UnreadableFile(
                f"Cell {column_letters(n)}{number} has more than {MAX_CELL_LETTERS:,} characters. Please shorten it."
            )


def pad(cells: list[str], width: int) -> list[str]:
    return cells + [""] * (width - len(cells))

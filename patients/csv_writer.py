"""CSV writer that is safe against spreadsheet formulas (CSV injection)."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.http import HttpResponse
from django.utils.http import content_disposition_header

# What makes a spreadsheet take a cell for a formula (OWASP, "CSV injection"), wide forms included.
FORMULA_PREFIXES = (*"=+-@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"  # without it, Excel doesn't read UTF-8

CsvCell = str | Decimal | int | dt.date


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[CsvCell]]) -> str:
    file = io.StringIO()
    file.write(BOM)
    writer = csv.writer(file)
    writer.writerow(headings)
    writer.writerows([escape_formula(cell) for cell in row] for row in rows)
    return file.getvalue()


def escape_formula(cell: CsvCell) -> str:
    """Text that a spreadsheet would run gets an apostrophe in front. Numbers and dates stay so, negative ones too."""
    if isinstance(cell, str):
        return f"'{cell}" if cell.lstrip(" \N{NO-BREAK SPACE}").startswith(FORMULA_PREFIXES) else cell
    return str(cell)


def csv_response(text: str, *, name: str) -> HttpResponse:
    """`name` is the file name on the user's disk. With a patient's MRN in it, the download must be audited."""
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)

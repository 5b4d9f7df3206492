"""XLSX writer: one sheet of rows. Text is written as text, so that none of it becomes a formula or a link."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Sequence

import xlsxwriter
from django.http import HttpResponse
from django.utils.http import content_disposition_header

from patients.csv_writer import CsvCell

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADING_ROW = 0


def write_xlsx(headings: Sequence[str], rows: Iterable[Sequence[CsvCell]]) -> bytes:
    """Numbers and dates are cells of their kind; the headings stay in view."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        bold, as_date = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "yyyy-mm-dd"})
        for column, heading in enumerate(headings):
            sheet.write_string(HEADING_ROW, column, heading, bold)
        for number, row in enumerate(rows, HEADING_ROW + 1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell)
                elif isinstance(cell, dt.date):
                    sheet.write_datetime(number, column, cell, as_date)
                else:
                    sheet.write_number(number, column, cell)
        sheet.freeze_panes(HEADING_ROW + 1, 0)
        sheet.autofit()
    return file.getvalue()


def xlsx_response(content: bytes, *, name: str) -> HttpResponse:
    """`name` is the file name on the user's disk."""
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    return HttpResponse(content, content_type=XLSX_TYPE, headers=headers)

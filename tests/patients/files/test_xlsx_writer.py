import datetime as dt
import io
import zipfile
from decimal import Decimal

from python_calamine import CalamineWorkbook

from patients.files import xlsx_writer


def test_xlsx_cells_are_text_numbers_and_dates_and_never_formulas_or_links():
    row = ("=HYPERLINK(1)", "https://a.example", "+1", "12", "{=1}", "", Decimal("-3.50"), 7, dt.date(2026, 11, 2))
    content = xlsx_writer.write_xlsx([f"=h{n}" for n in range(len(row))], [row])

    headings, cells = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert headings == [f"=h{n}" for n in range(len(row))]
    assert cells == [*row[:6], -3.5, 7, row[8]]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet

"""Small XLSX files for tests, written part by part so that each can be wrong in one place."""

import io
import zipfile
from xml.sax.saxutils import escape

TYPES = "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = (
    f"<styleSheet xmlns='{MAIN}'><fonts><font/></fonts><fills><fill/></fills><borders><border/></borders>"
    "<cellXfs><xf numFmtId='0'/><xf numFmtId='14' applyNumberFormat='1'/></cellXfs></styleSheet>"
)
DATE_STYLE = 1


def cell_xml(place, value):
    """A text, a number, or XML of the cell's inside with its attributes: ("s='1'", "<v>1</v>")."""
    if isinstance(value, tuple):
        return f"<c r='{place}' {value[0]}>{value[1]}</c>"
    if isinstance(value, int | float):
        return f"<c r='{place}'><v>{value}</v></c>"
    return f"<c r='{place}' t='inlineStr'><is><t>{escape(value)}</t></is></c>" if value else ""


def sheet_xml(rows, more=""):
    lines = [
        f"<row r='{n}'>{''.join(cell_xml(f'{chr(65 + at)}{n}', value) for at, value in enumerate(row))}</row>"
        for n, row in enumerate(rows, 1)
    ]
    return f"<worksheet xmlns='{MAIN}'><sheetData>{''.join(lines)}</sheetData>{more}</worksheet>"


def workbook_parts(*sheets, properties="", states=()):
    """Parts by name; `sheets` are XML."""
    entries = "".join(
        f"<sheet name='Sheet{n}' sheetId='{n}' state='{(*states, *['visible'] * 9)[n - 1]}' r:id='rId{n}'/>"
        for n in range(1, len(sheets) + 1)
    )
    relations = "".join(
        f"<Relationship Id='rId{n}' Type='{RELATIONS}/worksheet' Target='worksheets/sheet{n}.xml'/>"
        for n in range(1, len(sheets) + 1)
    )
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    return {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": f"<Relationships xmlns='{package}'><Relationship Id='r1' Type='{RELATIONS}/officeDocument' "
        "Target='xl/workbook.xml'/></Relationships>",
        "xl/workbook.xml": f"<workbook xmlns='{MAIN}' xmlns:r='{RELATIONS}'>{properties}"
        f"<sheets>{entries}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships xmlns='{package}'>{relations}</Relationships>",
        "xl/styles.xml": STYLES,
        **{f"xl/worksheets/sheet{n}.xml": sheet for n, sheet in enumerate(sheets, 1)},
    }


def zip_parts(parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def workbook(*rows, more="", **how):
    """One sheet."""
    return zip_parts(workbook_parts(sheet_xml(rows, more), **how))

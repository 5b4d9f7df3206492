"""Recognises what an uploaded file is by its first bytes, whatever its name, and reads it to a table."""

from __future__ import annotations

from patients.imports.reading.archives import PASSWORD
from patients.imports.reading.delimited_text import read_delimited_text
from patients.imports.reading.tables import MAX_FILE_BYTES, Table, UnreadableFile
from patients.imports.reading.workbooks import read_workbook

ZIP_START = b"PK\x03\x04"
COMPOUND_FILE_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and .xlsx with a password
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
OLD_WORKBOOK = "This is an old Excel workbook (.xls). Save it as .xlsx or as CSV."
OTHER_STARTS = (b"%PDF", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"PK\x05\x06")


def read_table(data: bytes) -> Table:
    """Raises UnreadableFile with the reason in words."""
    check_file_size(len(data))
    if not data.strip():
        raise UnreadableFile("The file is empty.")
    if data.startswith(COMPOUND_FILE_START):
        raise UnreadableFile(PASSWORD if ENCRYPTED_STREAM in data else OLD_WORKBOOK)
    if data.startswith(OTHER_STARTS):
        raise UnreadableFile("This is no list of patients. Choose a CSV file or an Excel workbook (.xlsx).")
    return read_workbook(data) if data.startswith(ZIP_START) else read_delimited_text(data)


def check_file_size(size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise UnreadableFile(f"The file is larger than {MAX_FILE_BYTES // 1024 // 1024} MB. Please split it.")


def is_workbook(data: bytes) -> bool:
    return data.startswith(ZIP_START)

"""Checks of an XLSX archive before any of it is unpacked, and streaming reads of its XML parts.

Sizes are those of the archive's directory; `zipfile` never unpacks more of a part than its directory entry announces.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from patients.imports.reading.tables import MAX_COMPRESSION_RATIO, MAX_UNPACKED_BYTES, UnreadableFile

ENCRYPTED_FLAG = 0x1
RATIO_COUNTS_FROM_BYTES = 1024 * 1024  # small parts of empty XML compress well
READ_BYTES = 256 * 1024
DAMAGED = "The workbook is damaged. Open it in Excel, save it anew and try again."
NOT_A_WORKBOOK = "The file is no Excel workbook (.xlsx). Save it as .xlsx or as CSV."
PASSWORD = "The workbook is protected by a password. Save a copy without one."  # noqa: S105 - words, no secret
MACROS = "The workbook holds macros. Save it as an Excel workbook (.xlsx) without macros."

Handler = Callable[[str, dict[str, str]], None]


def open_archive(data: bytes) -> zipfile.ZipFile:
    """Raises UnreadableFile for what is no plain XLSX, and for archives that unpack to more than is allowed."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise UnreadableFile(DAMAGED) from None
    parts = archive.infolist()
    if any(part.flag_bits & ENCRYPTED_FLAG for part in parts):
        raise UnreadableFile(PASSWORD)
    check_unpacked_sizes(parts)
    names = {part.filename for part in parts}
    if any(name.lower().endswith("vbaproject.bin") or name.lower().startswith("xl/macrosheets/") for name in names):
        raise UnreadableFile(MACROS)
    if "xl/workbook.xml" not in names:
        raise UnreadableFile(NOT_A_WORKBOOK)
    return archive


def check_unpacked_sizes(parts: list[zipfile.ZipInfo]) -> None:
    unpacked, packed = (sum(getattr(part, size) for part in parts) for size in ("file_size", "compress_size"))
    if unpacked > MAX_UNPACKED_BYTES:
        size = MAX_UNPACKED_BYTES // 1024 // 1024
        raise UnreadableFile(f"The workbook unpacks to more than {size} MB. Save only the sheet with the patients.")
    parts_and_all = [(unpacked, packed), *((part.file_size, part.compress_size) for part in parts)]
    for size, stored in parts_and_all:
        if size > RATIO_COUNTS_FROM_BYTES and size > MAX_COMPRESSION_RATIO * max(1, stored):
            raise UnreadableFile(
                f"The workbook unpacks to more than {MAX_COMPRESSION_RATIO} times its size, as no list of patients "
                "does. Copy the rows to a new workbook."
            )


def parse_part(
    archive: zipfile.ZipFile, name: str, handle: Handler, *, text: Callable[[str], None] | None = None
) -> None:
    """Call `handle` with each element's local name and attributes. Raises UnreadableFile, also for a DTD."""
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.StartElementHandler = lambda element, attributes: handle(element.rpartition("}")[2], attributes)
    if text:
        parser.CharacterDataHandler = text
    try:
        with archive.open(name) as part:
            while chunk := part.read(READ_BYTES):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (KeyError, expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError):
        raise UnreadableFile(DAMAGED) from None


def refuse_doctype(*_: Any) -> None:
    raise UnreadableFile(DAMAGED)


def read_relations(archive: zipfile.ZipFile) -> dict[str, str]:
    """Names of the workbook's parts by relation id."""
    targets: dict[str, str] = {}

    def note_target(element: str, attributes: dict[str, str]) -> None:
        if element == "Relationship" and "Id" in attributes:
            target = attributes.get("Target", "")
            path = target if target.startswith("/") else posixpath.join("/xl", target)
            targets[attributes["Id"]] = posixpath.normpath(path).lstrip("/")

    parse_part(archive, "xl/_rels/workbook.xml.rels", note_target)
    return targets

"""Characters that the fonts of documents have a glyph for; PDF/UA refuses a text with any other."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

FONT_FOLDER = Path(__file__).parent / "fonts"
MISSING = "\N{WHITE SQUARE}"
SEGMENTED_COVERAGE = 12  # the format of a `cmap` subtable that lists all code points


def replace_missing(text: str) -> str:
    """A white square for each character without a glyph; lines stay lines."""
    known = covered_code_points()
    return "".join(sign if ord(sign) in known or sign == "\n" else MISSING for sign in text)


@cache
def covered_code_points() -> frozenset[int]:
    """By all fonts: a heading may be bold."""
    return frozenset.intersection(*(read_code_points(file.read_bytes()) for file in FONT_FOLDER.glob("*.ttf")))


def read_code_points(font: bytes) -> frozenset[int]:
    """From the `cmap` table of a TrueType font."""
    (table_count,) = struct.unpack_from(">H", font, 4)
    tables = (struct.unpack_from(">4s4xI", font, 12 + 16 * n) for n in range(table_count))
    start = next(offset for tag, offset in tables if tag == b"cmap")
    (subtable_count,) = struct.unpack_from(">H", font, start + 2)
    for n in range(subtable_count):
        subtable = start + struct.unpack_from(">I", font, start + 8 + 8 * n)[0]
        if struct.unpack_from(">H", font, subtable)[0] == SEGMENTED_COVERAGE:
            (group_count,) = struct.unpack_from(">I", font, subtable + 12)
            groups = (struct.unpack_from(">II", font, subtable + 16 + 12 * group) for group in range(group_count))
            return frozenset(code for first, last in groups for code in range(first, last + 1))
    raise ValueError("The font has no list of all its code points.")

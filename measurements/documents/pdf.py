"""PDF of a document: a Typst template and its data, compiled to PDF/UA-1 (tagged, fonts embedded, language set)."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from measurements.documents.glyphs import FONT_FOLDER, replace_missing

COMPILER = Path(__file__).with_name("typst_process.py")
COMPILER_SECONDS = 10.0  # a report takes 0.1 s; what takes longer doesn't end


class DocumentError(Exception):
    """The PDF was not made. The compiler's words are not passed on: they quote the document."""


def compile_pdf(template: str, data: dict[str, Any], *, created_at: dt.datetime) -> bytes:
    """`template`: a path below `templates/`. It reads `data` as JSON, so that no value is ever markup."""
    request = {
        "template": (settings.BASE_DIR / "templates" / template).read_text(),
        "data": printable(data),
        "fonts": str(FONT_FOLDER),
        "created_at": int(created_at.timestamp()),
    }
    # Isolated (-I): no module of a folder or of the environment; nothing of our secrets in its environment.
    command = [sys.executable, "-I", str(COMPILER)]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=COMPILER_SECONDS,
            check=False,
            cwd="/",
            env={},
        )
    except subprocess.TimeoutExpired:
        raise DocumentError(f"not done after {COMPILER_SECONDS:.0f} s") from None
    if done.returncode:
        raise DocumentError(f"the compiler ended with {done.returncode}")
    return done.stdout


def printable(data: Any) -> Any:
    """With a glyph for every character of each text in it."""
    if isinstance(data, str):
        return replace_missing(data)
    if isinstance(data, dict):
        return {name: printable(value) for name, value in data.items()}
    return [printable(value) for value in data] if isinstance(data, list) else data

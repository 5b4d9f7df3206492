"""Style sheet mistakes that tests of page texts cannot detect."""

import re

from tests.source_code import ROOT

SHEETS = {sheet.name: sheet.read_text() for sheet in (ROOT / "static").glob("*.css")}


def test_stylesheets_match_no_unhashed_file_name():
    """Static files are served with a hash in the name: `icon-no.439e821418cd.svg`."""
    asking = [
        name
        for name, text in SHEETS.items()
        if re.search(r"""\[(src|href)\$?=["'][^"']*\.(svg|png|css|js)["']\]""", text)
    ]

    assert asking == []


def test_stylesheet_connection_warning_is_sticky_at_top():
    rule = re.search(r"^\.live-notice \{([^}]*)\}", SHEETS["app.css"], re.MULTILINE)

    assert "position: sticky; top: 0;" in rule[1]

"""What a style sheet gets wrong without anybody noticing in a test of words."""

import re

from tests.source import ROOT

SHEETS = {sheet.name: sheet.read_text() for sheet in (ROOT / "static").glob("*.css")}


def test_no_style_asks_for_the_whole_name_of_a_file():
    """Static files are served with a hash in the name: `icon-no.439e821418cd.svg`."""
    asking = [
        name
        for name, text in SHEETS.items()
        if re.search(r"""\[(src|href)\$?=["'][^"']*\.(svg|png|css|js)["']\]""", text)
    ]

    assert asking == []


def test_that_the_connection_is_gone_stays_in_sight_however_far_down_one_reads():
    rule = re.search(r"^\.live-trouble \{([^}]*)\}", SHEETS["app.css"], re.MULTILINE)

    assert "position: sticky; top: 0;" in rule[1]

"""docs/components.html shows every component once, as the templates and sheets are now.

`WRITE_DOCS=1 make test ARGS=tests/test_component_page.py` writes it anew after a change of a template.
"""

import os
import re

import pytest

from tests.browsers import DESKTOP, PHONE, shot
from tests.components import gallery
from tests.source import ROOT

PAGE = ROOT / "docs" / "components.html"


def test_the_page_of_components_is_what_the_templates_give():
    written = gallery.written()
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(written)

    assert PAGE.read_text() == written, "a template changed: WRITE_DOCS=1 make test ARGS=tests/test_component_page.py"


def test_every_tone_and_mark_stands_on_it():
    text = gallery.written()

    for tone in ("ok", "info", "warn", "bad", "idle", "up", "down"):
        assert f"state--{tone}" in text
    for part in ("note--error", "errorlist", "timeline", "spark", "measured", "key--hollow", "step--now", "empty"):
        assert part in text


def test_it_asks_the_database_nothing_and_names_only_sheets_that_exist():
    sheets = re.findall(r'(?:href|src)="(\.\./static/[^"]+)"', gallery.written())

    assert len(sheets) == 6
    assert all((PAGE.parent / sheet).is_file() for sheet in sheets)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_opens_from_a_folder_and_nothing_spills_over(opened, viewport, theme):
    page = opened(viewport=viewport, color_scheme=theme)
    page.goto(PAGE.as_uri())

    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shot(page, "components")

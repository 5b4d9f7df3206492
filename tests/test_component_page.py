"""docs/components.html shows every component once, as the templates and sheets are now.

`WRITE_DOCS=1 make test ARGS=tests/test_component_page.py` writes it anew after a change of a template.
"""

import os
import re

import pytest

from tests.browsers import DESKTOP, PHONE, save_screenshot
from tests.components import gallery
from tests.source_code import ROOT

PAGE = ROOT / "docs" / "components.html"


def test_component_page_matches_current_templates():
    written = gallery.render_component_page()
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(written)

    assert PAGE.read_text() == written, "a template changed: WRITE_DOCS=1 make test ARGS=tests/test_component_page.py"


def test_component_page_shows_every_tone_and_component():
    text = gallery.render_component_page()

    for tone in ("ok", "info", "warn", "bad", "idle", "up", "down"):
        assert f"state--{tone}" in text
    for part in ("note--error", "errorlist", "timeline", "spark", "measured", "key--hollow", "step--now", "empty"):
        assert part in text


def test_component_page_needs_no_database_and_links_existing_stylesheets():
    sheets = re.findall(r'(?:href|src)="(\.\./static/[^"]+)"', gallery.render_component_page())

    assert len(sheets) == 7
    assert all((PAGE.parent / sheet).is_file() for sheet in sheets)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_component_page_opens_as_file_without_horizontal_overflow(open_browser_page, viewport, theme):
    page = open_browser_page(viewport=viewport, color_scheme=theme)
    page.goto(PAGE.as_uri())

    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    save_screenshot(page, "components")

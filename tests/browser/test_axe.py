"""That our use of axe sees what it is there to see."""

from tests.browser.axe import look


def test_axe_does_see_what_is_wrong(browser_of):
    page = browser_of(None)
    page.set_content("<html lang='en'><title>t</title><main><h1>t</h1><p style='color: #ccc'>pale</p><input></main>")

    found = look(page, "a bad page")

    assert [line for line in found if "1280 light: label (critical)" in line]
    assert len([line for line in found if "color-contrast" in line]) >= 2


def test_axe_does_see_what_a_phone_alone_shows(browser_of):
    page = browser_of(None)
    style = "<style>b { display: none; color: #ccc } @media (max-width: 600px) { b { display: inline } }</style>"
    page.set_content(f"<html lang='en'><title>t</title>{style}<main><h1>t</h1><p>dark <b>pale</b></p></main>")

    assert [line.partition(" (")[0] for line in look(page, "a page")] == ["a page, 390 dark: color-contrast"]

"""The axe helpers detect violations on a page that has them."""

from tests.browser.axe import find_axe_violations

PAGE = "<html lang='en'><title>t</title>"
PALE_IN_DARK = "<style>@media (prefers-color-scheme: dark) { p { color: #ccc } }</style>"


def test_find_axe_violations_reports_missing_label_and_low_contrast(browser_for):
    page = browser_for(None)
    style = "<style>p { color: #ccc } @media (prefers-color-scheme: dark) { p { color: #ddd } }</style>"
    page.set_content(f"{PAGE}{style}<main><h1>t</h1><p>pale</p><input></main>")

    found = find_axe_violations(page, "a bad page")

    assert [line for line in found if "1280 light: label (critical)" in line]
    contrast = [line.partition(":")[0] for line in found if "color-contrast" in line]
    assert contrast == ["a bad page, 1280 light", "a bad page, 1280 dark"]


def test_find_axe_violations_reports_contrast_of_phone_only_text(browser_for):
    page = browser_for(None)
    style = "<style>b { display: none; color: #ccc } @media (max-width: 600px) { b { display: inline } }</style>"
    page.set_content(f"{PAGE}{style}<main><h1>t</h1><p>dark <b>pale</b></p></main>")

    assert [line.partition(" (")[0] for line in find_axe_violations(page, "a page")] == [
        "a page, 390 dark: color-contrast"
    ]


def test_find_axe_violations_measures_a_dark_colour_that_no_page_before_has_shown(browser_for):
    page, measured = browser_for(None), set()
    page.set_content(f"{PAGE}<main><h1>t</h1><p>dark</p></main>")
    assert find_axe_violations(page, "first", measured) == []
    page.set_content(f"{PAGE}{PALE_IN_DARK}<main><h1>t</h1><p>pale</p></main>")

    assert [line.partition(" (")[0] for line in find_axe_violations(page, "second", measured)] == [
        "second, 1280 dark: color-contrast"
    ]


def test_find_axe_violations_measures_text_again_that_another_element_covered(browser_for):
    page, measured = browser_for(None), set()
    cover = "<i style='position: absolute; inset: 0; background: linear-gradient(red, blue)'></i>"
    page.set_content(f"{PAGE}{PALE_IN_DARK}<main><h1>t</h1><p style='position: relative'>pale{cover}</p></main>")
    assert find_axe_violations(page, "covered", measured) == []
    page.set_content(f"{PAGE}{PALE_IN_DARK}<main><h1>t</h1><p style='position: relative'>pale</p></main>")

    assert [line.partition(" (")[0] for line in find_axe_violations(page, "open", measured)] == [
        "open, 1280 dark: color-contrast"
    ]

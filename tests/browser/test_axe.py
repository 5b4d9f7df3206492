"""The axe helpers detect violations on a page that has them."""

from tests.browser.axe import find_axe_violations


def test_find_axe_violations_reports_missing_label_and_low_contrast(browser_for):
    page = browser_for(None)
    page.set_content("<html lang='en'><title>t</title><main><h1>t</h1><p style='color: #ccc'>pale</p><input></main>")

    found = find_axe_violations(page, "a bad page")

    assert [line for line in found if "1280 light: label (critical)" in line]
    assert len([line for line in found if "color-contrast" in line]) >= 2


def test_find_axe_violations_reports_contrast_of_phone_only_text(browser_for):
    page = browser_for(None)
    style = "<style>b { display: none; color: #ccc } @media (max-width: 600px) { b { display: inline } }</style>"
    page.set_content(f"<html lang='en'><title>t</title>{style}<main><h1>t</h1><p>dark <b>pale</b></p></main>")

    assert [line.partition(" (")[0] for line in find_axe_violations(page, "a page")] == [
        "a page, 390 dark: color-contrast"
    ]

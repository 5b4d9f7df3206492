def test_sign_in_page_fits_both_widths(page):
    page.goto("/patients/")

    assert page.get_by_role("button", name="Sign in").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

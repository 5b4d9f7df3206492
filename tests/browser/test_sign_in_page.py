def test_the_way_in_is_drawn_without_a_complaint_at_both_widths(page):
    page.goto("/patients/")

    assert page.get_by_role("button", name="Sign in").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

"""Charts on paper: black and white, who and which days, and every print written down."""

import pytest

from patients.models import AuditEvent
from tests.browser.pages import COUNT
from tests.browser.vitals import drawn
from tests.browsers import SHOTS, shot, until

pytestmark = pytest.mark.django_db(transaction=True)

# Every pixel of a canvas without a colour of its own.
GREY = """(selector) => {
  const canvas = document.querySelector(selector);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b, seen] = data.subarray(i, i + 4);
    if (seen > 8 && Math.max(r, g, b) - Math.min(r, g, b) > 12) return false;
  }
  return true;
}"""


def test_paper_is_black_and_white_and_says_what_it_shows(browse, measured, rosa, nadia):
    page = browse(f"/patients/{rosa.pk}/", color_scheme="dark")
    page.get_by_role("link", name="Print").click()
    drawn(page)

    shot(page, "paper-screen")
    for code in ("blood_pressure", "weight", "glucose"):
        assert page.evaluate(GREY, f"#plot-{code} canvas"), code
    assert page.evaluate(COUNT, ["#plot-blood_pressure canvas", "--series-1"]) > 300
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="print")
    assert page.get_by_text("Printed by Nadia Haddad").is_visible()
    assert not page.get_by_role("button", name="Print").is_visible()
    shot(page, "paper")
    page.pdf(path=SHOTS / "paper.pdf", format="Letter")
    assert AuditEvent.objects.filter(action="print", actor_id=nadia.pk).count() == 1


def test_a_print_of_the_open_page_is_written_down_and_drawn_for_paper(browse, measured, rosa):
    page = browse(f"/patients/{rosa.pk}/")
    drawn(page)

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    until(lambda: page.evaluate(GREY, "#plot-blood_pressure canvas"))
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    until(lambda: not page.evaluate(GREY, "#plot-blood_pressure canvas"))
    printed = AuditEvent.objects.filter(action="print")
    until(printed.exists)
    assert [event.route for event in printed] == ["patients:printed"]


def test_without_scripts_a_print_of_the_page_is_its_table_and_no_empty_boxes(browse, measured, rosa):
    page = browse(f"/patients/{rosa.pk}/?days=30", java_script_enabled=False)
    assert page.get_by_role("link", name="Blood pressure as a table").is_visible(), "on the screen the way to it"

    page.emulate_media(media="print")

    assert page.locator(".plot:visible, .strip:visible").count() == 0
    assert page.locator("#readings table").is_visible()
    assert page.get_by_text("average").first.is_visible()

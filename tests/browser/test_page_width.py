"""No page of the admin and no print gets wider than its window or paper, however long the words in it are.

The product's own pages are measured by `test_accessibility.py`, which opens each of them.
"""

import pytest

from tests.browser.long_words import SMALL_PHONE, find_wide_pages
from tests.browser.page_addresses import page_addresses

pytestmark = pytest.mark.django_db(transaction=True)

LETTER_WIDTH = {"width": 720, "height": 960}  # of US letter between its margins
LANDSCAPE_WIDTH = {"width": 979, "height": 700}


def test_admin_page_with_long_words_is_not_wider_than_a_small_phone(clinic_with_long_words, browser_for):
    who = "administrator here"
    page = browser_for(clinic_with_long_words.people[who])
    page.set_viewport_size(SMALL_PHONE)

    assert find_wide_pages(page, page_addresses(clinic_with_long_words, who, below="/admin/")) == []


def test_printed_page_with_long_words_is_not_wider_than_its_paper(clinic_with_long_words, browser_for):
    page, rosa = browser_for(clinic_with_long_words.people["clinician here"]), clinic_with_long_words.rosa
    page.set_viewport_size(LETTER_WIDTH)
    page.emulate_media(media="print")
    order = clinic_with_long_words.order.pk

    own = (f"/patients/{rosa.pk}/print/", f"/patients/{rosa.pk}/", f"/orders/{order}/", "/orders/", "/devices/")
    assert find_wide_pages(page, own) == []
    page.set_viewport_size(LANDSCAPE_WIDTH)
    assert find_wide_pages(page, ["/patients/"]) == []

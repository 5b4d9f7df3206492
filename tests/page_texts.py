"""What a page says, without its markup."""

import re


def strip_markup(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def page_text(response):
    return strip_markup(response.content.decode())


def missing_words(response, *words):
    """Those of the words that the page does not say."""
    said = page_text(response)
    return [each for each in words if each not in said]

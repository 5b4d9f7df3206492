"""What a page says, without its markup."""

import re


def plain(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def text(response):
    return plain(response.content.decode())


def unsaid(response, *words):
    """Those of the words that the page does not say."""
    said = text(response)
    return [each for each in words if each not in said]

"""No text says "1 deliveries": a number is followed by a plural only through `count_noun` or Django's `pluralize`."""

import ast
import re

import pytest

from patients.wording import count_noun
from tests.source_code import ROOT, product_modules

# Words that end with s and are no plurals of what is counted.
OTHER_WORDS = {
    "address",
    "as",
    "does",
    "has",
    "is",
    "its",
    "less",
    "lies",
    "minus",
    "needs",
    "plus",
    "status",
    "this",
    "us",
    "was",
    "yes",
}
NOUN = r"(?:more |other |new )?([a-z]+s)\b"
IN_TEMPLATE = re.compile(r"\{\{[^}]*\}\}(?:</\w+>)?\s+" + NOUN)
IN_SCRIPT = re.compile(r"\$\{[^}]*\}\s+" + NOUN)
IN_FORMAT = re.compile(r"(?:\{[a-z_0-9]*\}|%d) " + NOUN)
# Text for developers and logs, where a wire format or a limit is described.
NOT_SHOWN = ("devices.tenovi.", "devices.simulator", "config.")


def plurals_in_markup(text, pattern):
    return [" ".join(found[0].split()) for found in pattern.finditer(text) if found[1] not in OTHER_WORDS]


def is_constant(node):
    """Whether an f-string's value is a constant such as MAX_ROWS, which is more than one."""
    names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
    return bool(names) and all(name.isupper() for name in names)


def plurals_in_code(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for value, text in zip(node.values, node.values[1:], strict=False):
                found = isinstance(text, ast.Constant) and re.match(r" " + NOUN, text.value)
                if found and isinstance(value, ast.FormattedValue) and not is_constant(value.value):
                    yield found[1]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (found[1] for found in IN_FORMAT.finditer(node.value))


@pytest.mark.parametrize("folder", ["templates", "static"])
def test_pages_and_mails_and_scripts_count_through_the_filter(folder):
    pattern = IN_TEMPLATE if folder == "templates" else IN_SCRIPT
    paths = [path for path in (ROOT / folder).rglob("*") if path.suffix in (".html", ".txt", ".js")]
    own = [path for path in paths if "vendor" not in path.parts]
    found = {path.relative_to(ROOT).as_posix(): plurals_in_markup(path.read_text(), pattern) for path in own}

    assert {path: texts for path, texts in found.items() if texts} == {}


def test_messages_count_through_count_noun():
    modules = [module for module in product_modules().values() if not module.name.startswith(NOT_SHOWN)]
    found = {
        module.name: [word for word in plurals_in_code(module.tree) if word not in OTHER_WORDS] for module in modules
    }

    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        *((0, "delivery", "0 deliveries"), (1, "delivery", "1 delivery"), (1204, "message", "1,204 messages")),
        *((2, "day", "2 days"), (1, "person,people", "1 person"), (3, "person,people", "3 people")),
        (2, "order line", "2 order lines"),
    ],
)
def test_count_noun_is_singular_for_one(count, noun, text):
    assert count_noun(count, noun) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *(("{{ n }} messages", ["messages"]), ("<b>{{ n }}</b> more rows", ["rows"]), ("{{ name }} is here", [])),
        ('{{ n|count_noun:"message" }} waits', ["waits"]),
    ],
)
def test_plurals_in_markup_detects_plural_after_a_value(text, found):
    assert [text.rsplit(" ", 1)[-1] for text in plurals_in_markup(text, IN_TEMPLATE)] == found

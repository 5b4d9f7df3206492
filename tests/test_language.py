"""Language guard: identifiers, docstrings and comments use plain technical terms, test names too."""

import ast
import io
import re
import tokenize

import pytest

from tests.source_code import ROOT, Module, product_modules

# Metaphors and vague words, each with what to write instead.
BANNED_WORDS = {
    "door": "endpoint, page or permission",
    "house": "project or stack",
    "stranger": "unknown device, another clinic's user",
    "tell": "notify, show, return",
    "tells": "notifies, shows, returns",
    "told": "notified, shown, returned",
    "hear": "receive",
    "hears": "receives",
    "stand": "be, is, are",
    "stands": "is",
    "verdict": "resolution, result",
    "nudge": "wake-up",
    "calm": "smoothed",
    "concern": "device issue",
    "leash": "orphan reaper",
    "crew": "processes",
    "ear": "receiver",
    "gate": "rate limiter, check",
    "wire": "network",
    "walk": "iterate, random sequence",
    "story": "scenario, timeline",
    "arena": "test stack",
    "trouble": "error, issue",
    "peek": "preview",
    "moment": "time, instant, reading",
    "glance": "summary",
    "whoever": "the user who",
    "somebody": "a user, a person",
    "nobody": "no user, no one's",
    "kept": "stored, retained",
    "keeps": "stores, retains",
    "wound": "set (a clock)",
}
BANNED_PHRASES = {
    r"look(?:s|ed|ing)? (?:at|after|for)\b": "check, lookup, search, read",
    r"in hand\b": "held, being processed",
    r"signs? of life\b": "heartbeat",
    r"the way out\b": "the resolution",
    r"goes on\b": "continues",
    r"once and for all\b": "once",
    r"hand(?:s|ed)? over\b": "give, pass",
}
# Names of other people's APIs and fixed terms that hold such a word.
ALLOWED = re.compile(r"\b(?:os|ast)\.walk\b|\bwire[- ]format\b|\bstand-?alone\b")
ALLOWED_NAMES = {"keeps_billing"}  # the permission "keep billing", as billing offices call this work
PATTERN = re.compile(rf"\b(?:{'|'.join(BANNED_WORDS)}|{'|'.join(BANNED_PHRASES)})\b", re.IGNORECASE)
WORDS_OF_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def defined_names(tree):
    """(line, name) of functions, classes, parameters and assigned names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id


def docstrings(tree):
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(tree):
        if isinstance(node, documented) and (text := ast.get_docstring(node, clean=False)):
            yield node.body[0].lineno, text


def comments(text):
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def banned_in_name(name):
    if name in ALLOWED_NAMES:
        return []
    return [word for word in WORDS_OF_NAME.findall(name) if word.lower() in BANNED_WORDS]


def banned_in_prose(text):
    return PATTERN.findall(ALLOWED.sub("", " ".join(text.split())))


def banned_language(module):
    """Lines like `patients.search:12 stands`."""
    found = [(line, word) for line, name in defined_names(module.tree) for word in banned_in_name(name)]
    for line, text in [*docstrings(module.tree), *comments(module.text)]:
        found += [(line, word) for word in banned_in_prose(text)]
    return [f"{module.name}:{line} {word}" for line, word in sorted(set(found))]


def test_app_code_uses_no_banned_language():
    found = [line for module in product_modules().values() for line in banned_language(module)]

    assert found == []


def test_tests_use_no_banned_language():
    """Names and prose of the tests and their helpers; this file holds the list itself."""
    paths = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path.name != "test_language.py"]
    modules = [Module(path.relative_to(ROOT).as_posix(), path) for path in paths]

    assert [line for module in modules for line in banned_language(module)] == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('"""The door of the page."""', ["door"]),
        ("def tell_pages(): pass", ["tell"]),
        ("class HouseGate: pass", ["House", "Gate"]),
        ("x = 1  # looks at rows, then goes on", ["looks at", "goes on"]),
        ("def gateway_standard(keepsake): pass", []),
        ("x = os.walk(path)  # os.walk yields folders", []),
        ('x = "a door in a string is data"', []),
    ],
)
def test_banned_language_detects_names_docstrings_and_comments(tmp_path, code, words):
    path = tmp_path / "sample.py"
    path.write_text(code + "\n")

    assert sorted(line.partition(" ")[2] for line in banned_language(Module("sample", path))) == sorted(words)

"""Limits on the size and shape of functions, files, folders and templates; the figures are printed after the run."""

import ast
import collections
import re
import statistics

import pytest

from tests.source_code import ROOT, product_modules

MAX_FUNCTION_LINES = {"median": 7, "p95": 25, "max": 60}
MIN_MEDIAN_NAME_LETTERS = 10
MAX_PRIVATE_SHARE = 0.12
MAX_PRIVATE_MENTIONED_ONCE_SHARE = 0.04
MAX_FILE_LINES = 299
MAX_FLAT_MODULES_OF_APP = 18
MAX_MODULES_OF_FOLDER = 12
# One module per list of the vendor's interface, per part of its client, per server that the launcher starts.
LARGE_FOLDERS = {"config/launcher", "devices/simulator/api", "devices/tenovi"}
MAX_TEMPLATE_LINE_LETTERS = 120

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def product_functions():
    """(module, function)."""
    return [
        (module, node)
        for module in product_modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, FUNCTION)
    ]


def body_lines(function):
    """From `def` to the last line, without decorators and docstring."""
    docstring = function.body[0] if ast.get_docstring(function) else None
    documented = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
    return function.end_lineno - function.lineno + 1 - documented


def is_dunder(name):
    return name.startswith("__")


def size_figures(sizes):
    return {"median": statistics.median(sizes), "p95": statistics.quantiles(sizes, n=20)[-1], "max": max(sizes)}


def longest(sized):
    return ", ".join(f"{name} {size}" for size, name in sorted(sized, reverse=True)[:3])


def product_templates():
    return sorted(path for path in (ROOT / "templates").rglob("*.html"))


def test_function_sizes_stay_within_limits(report_note):
    sized = [(body_lines(node), f"{module.name}.{node.name}") for module, node in product_functions()]
    figures = size_figures([size for size, _ in sized])

    report_note(f"{len(sized)} functions, lines {figures}, longest {longest(sized)}")
    assert {name: size for name, size in figures.items() if size > MAX_FUNCTION_LINES[name]} == {}


def test_function_names_are_long_enough_to_search_for(report_note):
    letters = [len(node.name) for _, node in product_functions() if not is_dunder(node.name)]

    report_note(f"median function name {statistics.median(letters):.0f} letters")
    assert statistics.median(letters) >= MIN_MEDIAN_NAME_LETTERS


def test_private_functions_stay_few_and_are_used_more_than_once(report_note):
    names = [node.name for _, node in product_functions() if not is_dunder(node.name)]
    mentions = collections.Counter(
        word for module in product_modules().values() for word in re.findall(r"\w+", module.text)
    )
    private = [name for name in names if name.startswith("_")]
    once = [name for name in private if mentions[name] <= 2]  # its definition and one use

    shares = len(private) / len(names), len(once) / len(names)
    report_note(f"private functions {shares[0]:.1%}, private with one use {shares[1]:.1%}")
    assert shares[0] <= MAX_PRIVATE_SHARE
    assert shares[1] <= MAX_PRIVATE_MENTIONED_ONCE_SHARE


def test_file_sizes_stay_within_limits(report_note):
    sized = [(module.text.count("\n"), module.name) for module in product_modules().values() if module.text]

    figures = size_figures([size for size, _ in sized])
    report_note(f"{len(sized)} files, {sum(size for size, _ in sized)} lines, {figures}, longest {longest(sized)}")
    assert [name for size, name in sized if size > MAX_FILE_LINES] == []


def test_folders_hold_few_modules(report_note):
    folders = collections.Counter(
        module.path.parent.relative_to(ROOT).as_posix()
        for module in product_modules().values()
        if module.path.name != "__init__.py"
    )
    large = {}
    for folder, count in folders.items():
        limit = MAX_MODULES_OF_FOLDER if "/" in folder else MAX_FLAT_MODULES_OF_APP
        if count > limit and folder not in LARGE_FOLDERS:
            large[folder] = count

    report_note(f"modules of the largest folders {folders.most_common(5)}")
    assert large == {}


def test_template_lines_stay_within_limit():
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in product_templates()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > MAX_TEMPLATE_LINE_LETTERS
    ]

    assert long == []


@pytest.mark.parametrize(
    ("definition", "file"),
    [
        ("ThresholdStatus", "measurements/thresholds/evaluation.py"),  # is a reading above or below its goal?
        ("order_device", "devices/tenovi/client.py"),  # where is the POST of an order built?
        ("RequireMFA", "patients/accounts/middleware.py"),  # where is MFA enforced?
        ("valid_secret", "devices/webhooks/views.py"),  # where is the webhook secret compared?
        ("RateLimiter", "devices/tenovi/rate_limiter.py"),  # where is the vendor's rate limit observed?
    ],
)
def test_behaviour_is_defined_where_its_word_leads(definition, file):
    pattern = re.compile(rf"^ *(?:def|class) \w*{definition}", re.MULTILINE)
    files = [m.path.relative_to(ROOT).as_posix() for m in product_modules().values() if pattern.search(m.text)]

    assert files == [file]

"""How big functions and files are: told at the end of a run, and held near what a reader can take in at once."""

import ast
import statistics

from tests.source_code import product_modules

MOST_LINES_OF_A_FILE = 300
P95_LINES_OF_A_FUNCTION = 20


def function_lines():
    for module in product_modules().values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield body_lines(node), f"{module.name}.{node.name}"


def body_lines(function):
    """From `def` to its last line; decorators and the docstring are reading help, not size."""
    docstring = function.body[0] if ast.get_docstring(function) else None
    documented = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
    return function.end_lineno - function.lineno + 1 - documented


def p95(numbers):
    return statistics.quantiles(numbers, n=20)[-1]


def report_sizes(remark, sized, lines):
    longest = ", ".join(f"{name} {size}" for size, name in sized[:3])
    remark(f"{len(lines)}, lines median {statistics.median(lines):.0f}, p95 {p95(lines):.0f}, longest {longest}")


def test_function_sizes_stay_within_limits(report_note):
    sized = sorted(function_lines(), reverse=True)
    lines = [size for size, _ in sized]

    report_sizes(report_note, sized, lines)
    assert p95(lines) <= P95_LINES_OF_A_FUNCTION


def test_file_sizes_stay_within_limits(report_note):
    sized = sorted(((module.text.count("\n"), module.name) for module in product_modules().values()), reverse=True)
    lines = [size for size, _ in sized if size]

    report_sizes(report_note, sized, lines)
    assert [name for size, name in sized if size >= MOST_LINES_OF_A_FILE] == []

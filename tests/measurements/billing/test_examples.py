"""The examples of docs/billing.md: each file gives what the table beside it says."""

import re

import pytest

from measurements.billing.engine.code_rules import SHIPPED_CODE_RULES
from measurements.billing.engine.evaluation import evaluate
from measurements.billing.facts_files.answers import describe_bill
from measurements.billing.facts_files.facts_file import load_facts
from tests.measurements.billing.cases import instant
from tests.source_code import ROOT

DOCUMENT = (ROOT / "docs" / "billing.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| \[.*?\]\((billing/\w+\.json)\) \| (\S+) \| (.*?) \|$", DOCUMENT, re.MULTILINE)


def words(line):
    because = f" ({', '.join(line['because'])})" if line["because"] else ""
    return f"{line['code'] or 'none'} {line['status']}{because}"


@pytest.mark.parametrize(("path", "as_of", "lines"), ROWS)
def test_example_gives_what_the_document_says(path, as_of, lines):
    found = describe_bill(evaluate(load_facts((ROOT / "docs" / path).read_bytes()), instant(as_of)))

    months = [line for month in found["months"] for line in month["lines"]]
    said = [words(line) for line in (*found["setups"], *found["periods"], *months, *found["requested"])]
    said += [
        f"{one['code']} differs: {', '.join(one['now']['codes'])}, {one['now']['days']}" for one in found["differences"]
    ]
    assert "; ".join(said) == lines


def test_every_example_is_in_the_document():
    assert {path.removeprefix("billing/") for path, *_ in ROWS} == {
        path.name for path in (ROOT / "docs" / "billing").glob("*.json")
    }


def test_document_names_every_shipped_code():
    table = DOCUMENT.partition("## Codes")[2].partition("##")[0]

    assert {rule.code for rule in SHIPPED_CODE_RULES} == set(re.findall(r"\b\d{5}\b", table)) - {"90049", "49266"}

"""The examples of docs/alerts.md: each file gives what the table beside it says."""

import re

import pytest

from measurements.alerts.engine.evaluation import evaluate
from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.alerts.facts_files.facts_file import load_facts
from tests.measurements.alerts.cases import instant
from tests.source_code import ROOT

DOCUMENT = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| \[.*?\]\((alerts/\w+\.json)\) \| (\S+) \| (.*?) \| (\w+) \|$", DOCUMENT, re.MULTILINE)


@pytest.mark.parametrize(("path", "as_of", "episodes", "patient"), ROWS)
def test_example_gives_what_the_document_says(path, as_of, episodes, patient):
    found = evaluate(load_facts((ROOT / "docs" / path).read_bytes()), instant(as_of))

    said = "; ".join(f"{one.state}, {one.section or 'no section'}" for one in found.episodes) or "none"
    assert (said, found.patient_section) == (episodes, patient)


def test_every_shipped_rule_has_an_example():
    assert {path.removeprefix("alerts/").removesuffix(".json") for path, *_ in ROWS} >= set(SHIPPED_RULES)

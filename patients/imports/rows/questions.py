"""Questions that a file leaves open and that are asked once: the order of its dates, zeros before its MRNs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from patients.imports.models import PatientImport
from patients.imports.reading.tables import NUMBER
from patients.imports.rows.values import DAY_FIRST, MONTH_FIRST, possible_date_orders
from patients.wording import count_noun

DATE_ORDER, MRN_DIGITS = "date_order", "mrn_digits"
DATE_ORDER_CHOICES = [(MONTH_FIRST, "Month first: MM/DD/YYYY"), (DAY_FIRST, "Day first: DD/MM/YYYY")]
MAX_MRN_DIGITS = 15
QUESTION_TEXTS = {
    DATE_ORDER: "Which comes first in the dates of birth, the month or the day? The file has dates that can be both.",
    MRN_DIGITS: "The MRNs arrive as numbers, which have no zeros in front. How many digits does an MRN have?",
}


def mrn_digit_choices(longest: int) -> list[tuple[str, str]]:
    longer = range(longest, MAX_MRN_DIGITS + 1)
    return [("0", "Take them as they are"), *((str(n), f"{count_noun(n, 'digit')}, filled with zeros") for n in longer)]


def column_cells(patient_import: PatientImport, field: str) -> Iterator[tuple[str, str]]:
    """Text and kind of each cell of the field's column."""
    index = patient_import.mapping.get(field)
    if index is None:
        return
    for cells, kinds in patient_import.rows.values_list("cells", "kinds").iterator():
        yield cells[index], kinds.get(str(index), "")


def answer_from_file(patient_import: PatientImport) -> dict[str, Any]:
    """The order of dates, if some can be in one order only and none contradicts them."""
    found = {possible_date_orders(text) for text, _ in column_cells(patient_import, "birth_date")}
    certain = [order for orders in found if len(orders) == 1 for order in orders]
    return {DATE_ORDER: certain[0]} if len(certain) == 1 else {}


def open_questions(patient_import: PatientImport) -> list[str]:
    """Names of the questions that have no answer yet."""
    wanted = []
    if any(possible_date_orders(text) for text, _ in column_cells(patient_import, "birth_date")):
        wanted.append(DATE_ORDER)
    if any(kind == NUMBER for _, kind in column_cells(patient_import, "mrn")):
        wanted.append(MRN_DIGITS)
    return [name for name in wanted if name not in patient_import.answers]


def longest_mrn(patient_import: PatientImport) -> int:
    return max((len(text) for text, kind in column_cells(patient_import, "mrn") if kind == NUMBER), default=1)

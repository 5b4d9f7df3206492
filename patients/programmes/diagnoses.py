"""ICD-10-CM codes: their form, the common ones of monitored patients, and the conditions that follow from them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError

from patients.models import Condition

ICD_10_CM = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")
SEPARATORS = re.compile(r"[\s,;]+")
MAX_CODES = 12

# By the beginning of the code, without its dot; codes of these chapters are those that a clinic expects.
CONDITIONS_BY_PREFIX: dict[str, tuple[Condition, ...]] = {
    "I10": (Condition.HYPERTENSION,),
    "I110": (Condition.HYPERTENSION, Condition.HEART_FAILURE),
    "I119": (Condition.HYPERTENSION,),
    "I12": (Condition.HYPERTENSION, Condition.CKD),
    "I130": (Condition.HYPERTENSION, Condition.HEART_FAILURE, Condition.CKD),
    "I131": (Condition.HYPERTENSION, Condition.CKD),
    "I132": (Condition.HYPERTENSION, Condition.HEART_FAILURE, Condition.CKD),
    "I15": (Condition.HYPERTENSION,),
    "I16": (Condition.HYPERTENSION,),
    "I1A": (Condition.HYPERTENSION,),
    "I50": (Condition.HEART_FAILURE,),
    "E08": (Condition.DIABETES,),
    "E09": (Condition.DIABETES,),
    "E10": (Condition.DIABETES,),
    "E11": (Condition.DIABETES,),
    "E13": (Condition.DIABETES,),
    "J44": (Condition.COPD,),
    "N18": (Condition.CKD,),
    "E66": (Condition.OBESITY,),
    "O10": (Condition.PREGNANCY,),
    "O13": (Condition.PREGNANCY,),
    "O14": (Condition.PREGNANCY,),
    "O16": (Condition.PREGNANCY,),
    "O24": (Condition.PREGNANCY,),
    "Z34": (Condition.PREGNANCY,),
    "Z39": (Condition.AFTER_DELIVERY,),
}


def parse_diagnoses(text: str) -> list[str]:
    """ "i10, E119" gives I10 and E11.9, each once, in the typed sequence. The ValidationError names the code."""
    codes = list(dict.fromkeys(normalize_code(part) for part in SEPARATORS.split(text.strip()) if part))
    wrong = [code for code in codes if not ICD_10_CM.fullmatch(code)]
    if wrong:
        raise ValidationError(f"No ICD-10-CM code: {', '.join(wrong)}. Write codes such as I10 or E11.9.")
    if len(codes) > MAX_CODES:
        raise ValidationError(f"Write at most {MAX_CODES} codes.")
    return codes


def normalize_code(text: str) -> str:
    code = text.upper()
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 and "." not in code else code


def is_common_code(code: str) -> bool:
    return any(code.replace(".", "").startswith(prefix) for prefix in CONDITIONS_BY_PREFIX)


def conditions_from_diagnoses(codes: Iterable[str]) -> list[Condition]:
    """Each once, in the sequence of the codes."""
    plain = [code.replace(".", "") for code in codes]
    found = [
        condition
        for code in plain
        for prefix, conditions in CONDITIONS_BY_PREFIX.items()
        if code.startswith(prefix)
        for condition in conditions
    ]
    return list(dict.fromkeys(found))

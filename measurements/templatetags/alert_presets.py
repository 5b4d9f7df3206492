"""Template tag `condition_presets`: the alert rules that each condition brings, for the form of a patient."""

from __future__ import annotations

from typing import Any

from django import template

from measurements.alerts.engine.shipped_rules import GENERAL_CODES, PRESET_CODES, named_condition
from measurements.alerts.rule_texts import rule_label
from patients.models.choices import CONDITION_LABELS

register = template.Library()


@register.inclusion_tag("alert_rules/_condition_presets.html")
def condition_presets() -> dict[str, Any]:
    """Without a query. A condition without rules of its own is left out."""
    rules = {
        label: [rule_label(code) for code in PRESET_CODES.get(named_condition(str(value)), ())]
        for value, label in CONDITION_LABELS.items()
    }
    return {
        "rules_by_condition": [(label, names) for label, names in rules.items() if names],
        "general": [rule_label(code) for code in GENERAL_CODES],
    }

from __future__ import annotations

from typing import Any

from django import forms

from devices.step_goals import MAX_STEPS, MIN_STEPS

RANGE_PROBLEM = f"Please enter a whole number from {MIN_STEPS:,} to {MAX_STEPS:,}."


class StepGoalForm(forms.Form):
    """A number as people type it: "8000" and "8,000"."""

    steps = forms.CharField(
        label="Steps a day",
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": RANGE_PROBLEM},
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, label_suffix="", **options)

    def clean_steps(self) -> int:
        digits = self.cleaned_data["steps"].strip().replace(",", "")
        steps = int(digits) if digits.isascii() and digits.isdecimal() else 0
        if not MIN_STEPS <= steps <= MAX_STEPS:
            raise forms.ValidationError(RANGE_PROBLEM)
        return steps

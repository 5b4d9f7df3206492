from __future__ import annotations

from typing import Any

from django import forms

from measurements.alerts.models import ExpectedReadings
from measurements.alerts.rule_editing.expected_readings import expectable_metrics


class ExpectedReadingsForm(forms.Form):
    """The metrics that a patient is expected to measure, with those in force ticked."""

    def __init__(self, data: Any = None, *, current: ExpectedReadings | None) -> None:
        super().__init__(data)
        self.fields["metrics"] = forms.MultipleChoiceField(
            label="The patient is expected to measure",
            required=False,
            choices=[(metric.pk, metric.label) for metric in expectable_metrics()],
            initial=current.metrics if current else None,
            widget=forms.CheckboxSelectMultiple,
            error_messages={"invalid_choice": "Choose readings of the list."},
        )

    def current_labels(self) -> list[str]:
        """Empty where the devices decide."""
        field = self.fields["metrics"]
        chosen = set(field.initial or ())
        return [label for code, label in dict(getattr(field, "choices", ())).items() if code in chosen]

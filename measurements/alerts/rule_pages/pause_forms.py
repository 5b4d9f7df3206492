from __future__ import annotations

from typing import Any

from django import forms

from measurements.models import Metric
from patients.models import Patient


class PauseForm(forms.Form):
    """Of one metric, or of all; checks that need more than a field are those of `alerts.pauses`."""

    metric = forms.ModelChoiceField(
        Metric.objects.filter(vital=True),
        required=False,
        empty_label="Everything",
        label="What is not measured",
        error_messages={"invalid_choice": "Choose one of the list."},
    )
    first_day = forms.DateField(label="From", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    last_day = forms.DateField(
        label="Until, that day included", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    reason = forms.CharField(
        label="Why",
        max_length=200,
        error_messages={"required": "Say why the patient doesn't measure.", "max_length": "Write at most 200 letters."},
    )

    def __init__(self, data: Any = None, *, patient: Patient) -> None:
        super().__init__(data, initial={"first_day": patient.today})
        metrics = [(metric.pk, metric.label) for metric in Metric.objects.filter(vital=True)]
        # Read here: fragments make no queries.
        self.fields["metric"].widget.choices = [("", "Everything"), *metrics]

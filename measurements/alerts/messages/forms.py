from __future__ import annotations

from typing import Any

from django import forms

from measurements.alerts.engine.rules import Severity
from measurements.alerts.messages.choices import MessageChoices

SEVERITY_LABELS = {
    Severity.CRITICAL: "Critical alerts",
    Severity.WARNING: "Warnings",
    Severity.INFORMATION: "Alerts for information",
}


def time_field(label: str) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": "Write a time such as 22:30."},
    )


class MessageChoicesForm(forms.Form):
    severities = forms.MultipleChoiceField(
        label="Mail me about",
        required=False,
        choices=[(severity.value, label) for severity, label in SEVERITY_LABELS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    quiet_from = time_field("Quiet hours from")
    quiet_until = time_field("until")
    has_sound = forms.BooleanField(label="A quiet sound on the triage list for a new critical alert", required=False)

    def __init__(self, data: Any = None, *, choices: MessageChoices) -> None:
        super().__init__(
            data,
            initial={
                "severities": list(choices.severities),
                "quiet_from": choices.quiet_from,
                "quiet_until": choices.quiet_until,
                "has_sound": choices.has_sound,
            },
        )
        self.label_suffix = ""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        begins, ends = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        for name, other in (("quiet_from", ends), ("quiet_until", begins)):
            if other is not None and cleaned.get(name) is None and name not in self.errors:
                self.add_error(name, "Quiet hours need both times.")
        if begins is not None and begins == ends:
            self.add_error("quiet_until", "Quiet hours end at another time than they begin.")
        return cleaned

    def chosen(self) -> MessageChoices:
        return MessageChoices(**{**self.cleaned_data, "severities": tuple(self.cleaned_data["severities"])})

"""The question of an edit that changes the time zone: has the patient moved, or was the zone wrong all along?"""

from __future__ import annotations

from typing import Any

from django import forms

from patients.care.forms import day_field
from patients.models import Patient

MOVED, WRONG = "moved", "wrong"


def zone_question_for(form: forms.ModelForm, patient: Patient) -> ZoneQuestionForm | None:
    """None where the form has no other zone than `patient`, who is not saved yet."""
    form.is_valid()
    zone = getattr(form, "cleaned_data", {}).get("time_zone")
    return ZoneQuestionForm(form.data, patient=patient) if zone and zone != patient.time_zone else None


class ZoneQuestionForm(forms.Form):
    zone_change = forms.ChoiceField(
        label="Why does the time zone change?",
        choices=[("", "Choose…"), (MOVED, "The patient has moved"), (WRONG, "It was wrong all along")],
        error_messages={"required": "Choose why: the days of readings, and so billing, depend on it."},
        help_text="After a move, earlier readings keep their days. A wrong zone is corrected from the beginning.",
    )
    moved_on = day_field("First day in the new time zone", required=False, help_text="After a move only.")

    def __init__(self, data: Any, *, patient: Patient) -> None:
        super().__init__(data)
        self.patient, self.label_suffix = patient, ""

    def clean(self) -> dict[str, Any]:
        why, day = self.cleaned_data.get("zone_change"), self.cleaned_data.get("moved_on")
        if why == MOVED and day is None and "moved_on" not in self.errors:
            self.add_error("moved_on", "The first day in the new time zone is missing.")
        if why == MOVED and day and day > self.patient.today:
            self.add_error("moved_on", "This date is in the future. Save the new time zone when the patient has moved.")
        if why == WRONG:
            self.cleaned_data["moved_on"] = None
        return self.cleaned_data

"""Forms of an import: the file, which column is which field, and the questions that the file leaves open."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from patients.imports.models import PatientImport
from patients.imports.reading.files import check_file_size
from patients.imports.reading.tables import UnreadableFile
from patients.imports.rows.columns import FIELD_LABELS, mapping_problem
from patients.imports.rows.questions import (
    DATE_ORDER,
    DATE_ORDER_CHOICES,
    MRN_DIGITS,
    QUESTION_TEXTS,
    longest_mrn,
    mrn_digit_choices,
)
from patients.models import Clinic, User

FIELD_CHOICES = [("", "Not imported"), *FIELD_LABELS.items()]
MAX_SAMPLES = 3


class UploadForm(forms.Form):
    clinic = forms.ModelChoiceField(Clinic.objects.none(), empty_label="Choose…")
    file = forms.FileField(
        label="CSV file or Excel workbook (.xlsx)",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty.", "invalid": "Choose a file."},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = user.clinics.all()
        self.only_clinic = own[0] if len(own) == 1 else None
        clinic: Any = self.fields["clinic"]
        clinic.queryset = own
        if self.only_clinic:
            del self.fields["clinic"]

    def clean_file(self) -> UploadedFile:
        """Of a file that is too large, the upload handler has stored a part only."""
        file: UploadedFile = self.cleaned_data["file"]
        try:
            check_file_size(file.size or 0)
        except UnreadableFile as refusal:
            raise ValidationError(str(refusal)) from refusal
        return file

    @property
    def chosen_clinic(self) -> Clinic:
        return self.only_clinic or self.cleaned_data["clinic"]


class ColumnsForm(forms.Form):
    """A choice of field for each column of the file, and of an answer for each question about it."""

    def __init__(self, data: Any = None, *, patient_import: PatientImport) -> None:
        super().__init__(data)
        self.patient_import = patient_import
        chosen = {index: name for name, index in patient_import.mapping.items()}
        for index, heading in enumerate(patient_import.headings):
            self.fields[f"column_{index}"] = forms.ChoiceField(
                label=heading, required=False, choices=FIELD_CHOICES, initial=chosen.get(index, "")
            )
        asked = {*patient_import.questions, *patient_import.answers}
        if DATE_ORDER in asked:
            self.add_question(DATE_ORDER, DATE_ORDER_CHOICES)
        if MRN_DIGITS in asked:
            self.add_question(MRN_DIGITS, mrn_digit_choices(longest_mrn(patient_import)))

    def add_question(self, name: str, choices: list[tuple[str, str]]) -> None:
        answer = str(self.patient_import.answers.get(name, ""))
        self.fields[name] = forms.ChoiceField(
            label=QUESTION_TEXTS[name],
            choices=[("", "Choose…"), *choices],
            initial=answer,
            error_messages={"required": "Please answer this question."},
        )

    @property
    def columns(self) -> list[tuple[Any, list[str]]]:
        """Each column's field of the form, with its first cells."""
        rows = self.patient_import.rows.order_by("number").values_list("cells", flat=True)[:MAX_SAMPLES]
        samples = [list(cells) for cells in rows]
        return [
            (self[f"column_{index}"], [cells[index] for cells in samples if cells[index]])
            for index in range(len(self.patient_import.headings))
        ]

    @property
    def questions(self) -> list[Any]:
        return [self[name] for name in (DATE_ORDER, MRN_DIGITS) if name in self.fields]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        mapping: dict[str, int] = {}
        for index in range(len(self.patient_import.headings)):
            name = cleaned.get(f"column_{index}", "")
            if name in mapping:
                self.add_error(f"column_{index}", f"{FIELD_LABELS[name]} is chosen for another column already.")
            elif name:
                mapping[name] = index
        if problem := mapping_problem(mapping):
            self.add_error(None, problem)
        cleaned["mapping"] = mapping
        cleaned["answers"] = {name: cleaned[name] for name in (DATE_ORDER, MRN_DIGITS) if cleaned.get(name)}
        return cleaned

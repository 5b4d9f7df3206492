"""Forms of a batch: kit and patients, then number and total cost typed to confirm."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django import forms

from fulfillment.batches.placing import MAX_PATIENTS, PlannedOrder, plan_batch
from fulfillment.forms.base import AUTOCOMPLETE_OFF, PlainForm, plain_text_field
from fulfillment.models import Kit
from fulfillment.ordering.costs import describe_costs, sum_costs
from fulfillment.ordering.kit_contents import kit_problem
from patients.models import Patient, User
from patients.wording import count_noun


class BatchSelectionForm(PlainForm):
    kit = forms.ModelChoiceField(queryset=Kit.objects.none(), label="Kit", empty_label="Choose a kit")
    patient: forms.ModelMultipleChoiceField[Patient] = forms.ModelMultipleChoiceField(queryset=None, label="Patients")

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        fields: dict[str, Any] = self.fields
        fields["kit"].queryset = Kit.objects.filter(clinic__people=user, active=True).select_related("clinic")
        fields["kit"].choices = list(fields["kit"].choices)
        fields["patient"].queryset = Patient.objects.visible_to(user).select_related("clinic")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        kit, patients = values.get("kit"), values.get("patient")
        if kit and (problem := kit_problem(kit.device_types)):
            self.add_error("kit", problem)
        if kit and patients and any(patient.clinic_id != kit.clinic_id for patient in patients):
            self.add_error("kit", f"This kit is of {kit.clinic}, and not all chosen patients are.")
        if patients and len(patients) > MAX_PATIENTS:
            self.add_error("patient", f"At most {MAX_PATIENTS} patients at once.")
        return values

    def plan(self) -> list[PlannedOrder]:
        return plan_batch(self.cleaned_data["kit"], self.cleaned_data["patient"].order_by("family_name", "given_name"))


class BatchConfirmationForm(BatchSelectionForm):
    """Number and total are compared with what the page shows, so that neither is confirmed unread."""

    batch_id = forms.UUIDField(widget=forms.HiddenInput)
    typed_count = forms.IntegerField(label="Number of patients", widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF))
    typed_total = plain_text_field("Total cost once, in dollars", max_length=20)

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data, user=user)
        self.initial["batch_id"] = uuid.uuid4()
        self.planned: list[PlannedOrder] = []

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if not values.get("kit") or not values.get("patient"):
            return values
        self.planned = self.plan()
        if "typed_count" in values and values["typed_count"] != len(self.orderable):
            self.add_error(
                "typed_count", f"{count_noun(len(self.orderable), 'patient')} will get it. Please check the list above."
            )
        if "typed_total" in values and parse_amount(values["typed_total"]) != self.total:
            self.add_error("typed_total", f"The total is ${self.total:,}. Please check it.")
        return values

    @property
    def orderable(self) -> list[Patient]:
        return [each.patient for each in self.planned if not each.problem]

    @property
    def total(self) -> Decimal:
        return sum_costs(self.cleaned_data["kit"].device_types).once * len(self.orderable)

    @property
    def costs_of_one(self) -> str:
        return describe_costs(sum_costs(self.cleaned_data["kit"].device_types))


def parse_amount(text: str) -> Decimal | None:
    """`$1,725.00` and `1725`; None for anything else."""
    plain = text.replace(",", "").replace("$", "").strip()
    return Decimal(plain) if plain.replace(".", "", 1).isdecimal() and plain.isascii() else None

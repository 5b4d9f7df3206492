"""Views of a patient's thresholds (goals): the form, its history and concurrent changes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from measurements import units
from measurements.number_fields import PlainNumberField
from measurements.thresholds import editing, goal_questions
from measurements.thresholds.editing import Bounds, EditableThreshold
from measurements.thresholds.evaluation import ThresholdKey
from measurements.units import DisplayUnits
from patients.models import Clinic, Patient
from patients.permissions import Permission, current_user, get_patient_audited, has_permission, requires_permission

MAX_HISTORY_ROWS = 50
# In the order of rising values.
BOUND_FIELD_LABELS = {
    "very_low": "Far below {}: less than",
    "low": "In {}: from",
    "high": "In {}: up to",
    "very_high": "Far above {}: more than",
}
SHORT_RANGE_NAMES = {"expected range": "range"}  # four labels share a line


class ThresholdsForm(forms.Form):
    """Four bounds per threshold, in `units`, and a checkbox to go back to the fallback.

    The form contains the units that its numbers were typed in: the user may have chosen others meanwhile.
    """

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    units = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, editable_thresholds: list[EditableThreshold], seen: int, units: DisplayUnits
    ) -> None:
        super().__init__(data, initial={"seen": seen, "units": units.code})
        self.editable_thresholds, self.display_units = editable_thresholds, units
        for offer in editable_thresholds:
            for name, bound in zip(editing.BOUND_NAMES, offer.to_display_unit(offer.bounds), strict=True):
                self.fields[self.field_name(offer, name)] = build_bound_field(offer, name, bound)
            if offer.own_threshold:
                label = f"{offer.label}: back to {offer.fallback_text}"
                self.fields[self.field_name(offer, "back")] = forms.BooleanField(label=label, required=False)

    def field_rows(self) -> list[tuple[EditableThreshold, list[forms.BoundField], forms.BoundField | None]]:
        return [
            (
                offer,
                [self[self.field_name(offer, name)] for name in editing.BOUND_NAMES],
                self[self.field_name(offer, "back")] if offer.own_threshold else None,
            )
            for offer in self.editable_thresholds
        ]

    def clean(self) -> dict[str, Any] | None:
        for offer in self.editable_thresholds:
            bounds = self.bounds_in_vendor_unit(offer)
            if not self.has_field_errors(offer) and not self.is_reset_to_fallback(offer) and bounds != offer.bounds:
                self.add_bound_errors(offer, bounds)
        self.add_pressure_errors()
        return self.cleaned_data

    def changed_bounds(self) -> dict[ThresholdKey, Bounds | None]:
        """Only what was changed: an unchanged default stays a default."""
        found: dict[ThresholdKey, Bounds | None] = {}
        for offer in self.editable_thresholds:
            if self.is_reset_to_fallback(offer):
                found[offer.key] = None
            elif (bounds := self.bounds_in_vendor_unit(offer)) != offer.bounds:
                found[offer.key] = bounds
        return found

    def add_bound_errors(self, offer: EditableThreshold, bounds: Bounds) -> None:
        try:
            editing.validate_bounds(offer.metric, offer.key, bounds, units=self.display_units)
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                self.add_error(self.field_name(offer, name), texts)

    def add_pressure_errors(self) -> None:
        """Beside the systolic bound, whichever of the two was changed."""
        systolic, diastolic = (
            next(offer for offer in self.editable_thresholds if offer.key == key)
            for key in (editing.SYSTOLIC, editing.DIASTOLIC)
        )
        if self.has_field_errors(systolic) or self.has_field_errors(diastolic):
            return
        try:
            editing.validate_pressure_bounds((systolic, diastolic), self.changed_bounds())
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                self.add_error(self.field_name(systolic, name), texts)

    def bounds_in_vendor_unit(self, offer: EditableThreshold) -> Bounds:
        """In the vendor's unit."""
        return offer.to_vendor_unit(self.typed_bounds(offer))

    def typed_bounds(self, offer: EditableThreshold) -> Bounds:
        """In the unit of the form."""
        return Bounds(*(self.cleaned_data.get(self.field_name(offer, name)) for name in editing.BOUND_NAMES))

    def is_reset_to_fallback(self, offer: EditableThreshold) -> bool:
        return bool(self.cleaned_data.get(self.field_name(offer, "back")))

    def has_field_errors(self, offer: EditableThreshold) -> bool:
        return any(self.field_name(offer, name) in self.errors for name in editing.BOUND_NAMES)

    @staticmethod
    def field_name(offer: EditableThreshold, bound: str) -> str:
        metric, component, context = offer.key
        return "-".join([metric, str(component), *([context] if context else []), bound])


def build_bound_field(offer: EditableThreshold, name: str, bound: Decimal | None) -> PlainNumberField:
    """In steps of the unit; in the vendor's with the two decimals that are stored."""
    unit, label = offer.unit, BOUND_FIELD_LABELS[name].format(SHORT_RANGE_NAMES.get(offer.range_name, offer.range_name))
    places = unit.bound_places()
    return PlainNumberField(
        label=label,
        required=False,
        max_digits=4 + places,
        decimal_places=places,
        initial=None if bound is None else f"{bound if unit.is_converted else bound.normalize():f}",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "aria-label": f"{offer.label}, {label.lower()}"}),
        error_messages={
            "invalid": "Write a number with digits and a point, such as 130 or 100.4.",
            **dict.fromkeys(("max_digits", "max_whole_digits"), "That is more than any device measures."),
            "max_decimal_places": f"At most {places} {'decimals' if places > 1 else 'decimal'} in {unit.name}.",
        },
    )


@dataclass(frozen=True)
class ThresholdPageContext:
    """The scope of a page of thresholds, whether it may be edited, and its links."""

    scope: Patient | Clinic
    clinic: Clinic
    editable: bool
    action: str
    back: str
    back_label: str
    units: DisplayUnits

    @property
    def patient(self) -> Patient | None:
        return self.scope if isinstance(self.scope, Patient) else None

    def build_form(self, data: QueryDict | None = None) -> ThresholdsForm:
        newest = editing.relevant_changes(self.scope).values_list("pk", flat=True).first()
        read_in = self.units if data is None else DisplayUnits.from_code(data.get("units"))
        return ThresholdsForm(
            data,
            editable_thresholds=editing.editable_thresholds(self.scope, units=read_in),
            seen=newest or 0,
            units=read_in,
        )


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def patient_thresholds(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    context = patient_threshold_context(request, patient_id)
    return render_thresholds(request, context, context.build_form())


@requires_permission(Permission.REVIEW_READINGS)
@require_POST
def save_patient_thresholds(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    return handle_threshold_form(
        request,
        patient_threshold_context(request, patient_id),
        redirect_to=reverse("patients:thresholds", args=[patient_id]),
    )


def handle_threshold_form(request: HttpRequest, context: ThresholdPageContext, *, redirect_to: str) -> HttpResponse:
    form = context.build_form(request.POST)
    if not form.is_valid():
        return render_thresholds(request, context, form)
    by, seen, new_bounds = current_user(request), form.cleaned_data["seen"], form.changed_bounds()
    asked = goal_questions.ask_about_goals(context.scope, new_bounds, request.POST)
    questions = [question for each in asked for question in each.questions]
    if not all(question.answer for question in questions):
        return render_thresholds(request, context, form, questions=questions)
    try:
        with transaction.atomic():
            editing.lock_scope(context.scope)
            for each in asked:
                each.apply_answers(each.questions, by)
            changed = editing.change_thresholds(
                scope=context.scope, new_bounds=new_bounds, last_seen_change_id=seen, by=by
            )
    except goal_questions.OutdatedQuestion as outdated:
        form.add_error(None, str(outdated))
        return render_thresholds(request, context, form)
    except editing.ConcurrentThresholdChange as meanwhile:
        renewed = context.build_form(merge_concurrent_changes(request.POST, form, meanwhile))
        return render_thresholds(request, context, renewed, meanwhile=meanwhile)
    messages.success(request, "The goals are saved." if changed else "Nothing was changed.")
    return redirect(redirect_to)


def render_thresholds(
    request: HttpRequest, context: ThresholdPageContext, form: ThresholdsForm, **more: Any
) -> HttpResponse:
    history = editing.threshold_history(context.scope)[:MAX_HISTORY_ROWS]
    patient = context.scope if isinstance(context.scope, Patient) else None
    shown = {"place": context, "patient": patient, "form": form, "history": history, "units": form.display_units}
    sees_patients = has_permission(current_user(request), Permission.HANDLE_ALERTS)
    return render(request, "measurements/thresholds.html", {**shown, "sees_patients": sees_patients, **more})


def patient_threshold_context(request: HttpRequest, patient_id: uuid.UUID) -> ThresholdPageContext:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    action = reverse("patients:save_thresholds", args=[patient.pk])
    back = reverse("patients:page", args=[patient.pk])
    return ThresholdPageContext(
        patient,
        patient.clinic,
        has_permission(user, Permission.REVIEW_READINGS),
        action,
        back,
        "Back to the patient",
        units.units_for(user),
    )


def merge_concurrent_changes(
    data: QueryDict, form: ThresholdsForm, meanwhile: editing.ConcurrentThresholdChange
) -> QueryDict:
    """Retains what was typed; a threshold that only the other user changed takes their values."""
    renewed = data.copy()
    renewed["seen"] = str(meanwhile.changes[0].pk)
    changed = {change.key for change in meanwhile.changes}
    for offer in form.editable_thresholds:
        if offer.key in changed and form.typed_bounds(offer) == offer.to_display_unit(
            offer.bounds_before(meanwhile.changes)
        ):
            for name, bound in zip(editing.BOUND_NAMES, offer.to_display_unit(offer.bounds), strict=True):
                renewed[form.field_name(offer, name)] = "" if bound is None else f"{bound:f}"
    return renewed

"""A patient's goals: seen by all who see the patient, changed by clinicians, with who changed what."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from measurements import units
from measurements.thresholds import editing
from measurements.thresholds.editing import Bounds, Offer
from measurements.thresholds.evaluation import Key
from measurements.units import Units
from patients.models import Clinic, Patient
from patients.permissions import Act, can, open_patient, person, requires

HISTORY_SHOWN = 50
# From the left to the right a value rises: what each field says happens to a reading there.
LABELS = {
    "very_low": "Far below goal: less than",
    "low": "In goal: from",
    "high": "In goal: up to",
    "very_high": "Far above goal: more than",
}


class GoalsForm(forms.Form):
    """Four bounds per goal, in `units`, and a box to go back to what stands behind the patient's own.

    The form carries the units that its numbers were typed in: the person may have chosen others meanwhile.
    """

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    units = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, offers: list[Offer], seen: int, units: Units) -> None:
        super().__init__(data, initial={"seen": seen, "units": units.code})
        self.offers, self.read_in = offers, units
        for offer in offers:
            for name, bound in zip(editing.NAMES, offer.shown(offer.bounds), strict=True):
                self.fields[self.name_of(offer, name)] = _bound_field(offer, name, bound)
            if offer.own:
                label = f"{offer.label}: back to {offer.behind_words}"
                self.fields[self.name_of(offer, "back")] = forms.BooleanField(label=label, required=False)

    def rows(self) -> list[tuple[Offer, list[forms.BoundField], forms.BoundField | None]]:
        return [
            (
                offer,
                [self[self.name_of(offer, name)] for name in editing.NAMES],
                self[self.name_of(offer, "back")] if offer.own else None,
            )
            for offer in self.offers
        ]

    def clean(self) -> dict[str, Any] | None:
        for offer in self.offers:
            bounds = self.typed(offer)
            if not self._broken(offer) and not self._goes_back(offer) and bounds != offer.bounds:
                self._check(offer, bounds)
        return self.cleaned_data

    def wanted(self) -> dict[Key, Bounds | None]:
        """Only what the person touched: an untouched default stays a default."""
        found: dict[Key, Bounds | None] = {}
        for offer in self.offers:
            if self._goes_back(offer):
                found[offer.key] = None
            elif (bounds := self.typed(offer)) != offer.bounds:
                found[offer.key] = bounds
        return found

    def _check(self, offer: Offer, bounds: Bounds) -> None:
        try:
            editing.check(offer.metric, offer.key, bounds, units=self.read_in)
        except ValidationError as error:
            for name, said in error.message_dict.items():
                self.add_error(self.name_of(offer, name), said)

    def typed(self, offer: Offer) -> Bounds:
        """In the vendor's unit."""
        return offer.kept(self.said(offer))

    def said(self, offer: Offer) -> Bounds:
        """In the unit of the form."""
        return Bounds(*(self.cleaned_data.get(self.name_of(offer, name)) for name in editing.NAMES))

    def _goes_back(self, offer: Offer) -> bool:
        return bool(self.cleaned_data.get(self.name_of(offer, "back")))

    def _broken(self, offer: Offer) -> bool:
        return any(self.name_of(offer, name) in self.errors for name in editing.NAMES)

    @staticmethod
    def name_of(offer: Offer, bound: str) -> str:
        metric, component, context = offer.key
        return "-".join([metric, str(component), *([context] if context else []), bound])


def _bound_field(offer: Offer, name: str, bound: Decimal | None) -> forms.DecimalField:
    return forms.DecimalField(
        label=LABELS[name],
        required=False,
        max_digits=6,
        decimal_places=2,
        initial=None if bound is None else f"{bound.normalize():f}",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "aria-label": f"{offer.label}, {LABELS[name].lower()}"}),
        error_messages={"invalid": "Write a number, such as 130 or 100.4."},
    )


@dataclass(frozen=True)
class Place:
    """Whose goals a page is about, who may change them there, and where it sends people."""

    scope: Patient | Clinic
    clinic: Clinic
    editable: bool
    action: str
    back: str
    back_words: str
    units: Units

    def form(self, data: QueryDict | None = None) -> GoalsForm:
        newest = editing.bearing_on(self.scope).values_list("pk", flat=True).first()
        read_in = self.units if data is None else Units.read(data.get("units"))
        return GoalsForm(data, offers=editing.offers(self.scope, units=read_in), seen=newest or 0, units=read_in)


@requires(Act.SEE_PATIENTS)
@require_safe
def goals(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    place = _of_patient(request, patient_id)
    return show(request, place, place.form())


@requires(Act.JUDGE_READINGS)
@require_POST
def save(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    return keep(request, _of_patient(request, patient_id), then=reverse("patients:goals", args=[patient_id]))


def keep(request: HttpRequest, place: Place, *, then: str) -> HttpResponse:
    form = place.form(request.POST)
    if not form.is_valid():
        return show(request, place, form)
    seen = form.cleaned_data["seen"]
    try:
        changed = editing.change(scope=place.scope, wanted=form.wanted(), seen=seen, by=person(request))
    except editing.ChangedMeanwhile as meanwhile:
        renewed = place.form(_brought_up_to_date(request.POST, form, meanwhile))
        return show(request, place, renewed, meanwhile=meanwhile)
    messages.success(request, "The goals are saved." if changed else "Nothing was changed.")
    return redirect(then)


def show(request: HttpRequest, place: Place, form: GoalsForm, **more: Any) -> HttpResponse:
    history = editing.history(place.scope)[:HISTORY_SHOWN]
    return render(
        request,
        "patients/goals.html",
        {"place": place, "form": form, "history": history, "units": form.read_in, **more},
    )


def _of_patient(request: HttpRequest, patient_id: uuid.UUID) -> Place:
    user = person(request)
    patient = open_patient(patient_id, by=user)
    action = reverse("patients:save_goals", args=[patient.pk])
    back = reverse("patients:page", args=[patient.pk])
    return Place(
        patient, patient.clinic, can(user, Act.JUDGE_READINGS), action, back, "Back to the patient", units.of(user)
    )


def _brought_up_to_date(data: QueryDict, form: GoalsForm, meanwhile: editing.ChangedMeanwhile) -> QueryDict:
    """What was typed is kept; a goal that only somebody else touched takes their values, so that none is lost."""
    renewed = data.copy()
    renewed["seen"] = str(meanwhile.changes[0].pk)
    changed = {change.key for change in meanwhile.changes}
    for offer in form.offers:
        if offer.key in changed and form.said(offer) == offer.shown(offer.before(meanwhile.changes)):
            for name, bound in zip(editing.NAMES, offer.shown(offer.bounds), strict=True):
                renewed[form.name_of(offer, name)] = "" if bound is None else f"{bound:f}"
    return renewed

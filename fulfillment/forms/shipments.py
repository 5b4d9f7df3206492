"""Parts of order forms: what is shipped where, by the vendor or by the clinic."""

from __future__ import annotations

from typing import Any

import msgspec
from django import forms

from devices.hardware_ids import extract_tracking_number
from devices.tenovi import ShipTo
from fulfillment.forms.base import AUTOCOMPLETE_OFF, AddressForm, PlainForm, plain_text_field, read_choices
from fulfillment.forms.gateways import IdempotentOrderForm
from fulfillment.models import Carrier, Order
from fulfillment.ordering.parcels import parcel_text
from fulfillment.ordering.unshipped_orders import patient_address
from patients.models import Patient, Practitioner, User

MAX_NOTIFY_EMAILS_LENGTH, MAX_TRACKING_NUMBER_LENGTH = 2048, 64  # the vendor's limit, and our column's


class PeopleField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name or obj.email} ({obj.email})"


class ParcelForm(PlainForm):
    """Carrier and tracking number of a parcel that the clinic ships: our own note."""

    carrier = forms.ChoiceField(label="Carrier", choices=[("", "Not known yet"), *Carrier.choices], required=False)
    tracking_number = plain_text_field(
        "Tracking number", required=False, max_length=200, help_text="Or the carrier's link. It can be added later."
    )

    def clean_tracking_number(self) -> str:
        """As it is searched for: letters and digits alone, in upper case."""
        typed = self.cleaned_data["tracking_number"]
        number = extract_tracking_number(typed)
        if typed and (not number or len(number) > MAX_TRACKING_NUMBER_LENGTH):
            raise forms.ValidationError("This is no tracking number: it has 6 to 64 letters and digits.")
        return number


class ParcelNoteForm(ParcelForm):
    """For an order that is placed already. Two people may edit it: `seen` is what it said when the form was opened."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, order: Order) -> None:
        noted = {"carrier": order.carrier, "tracking_number": order.tracking_number}
        super().__init__(data, initial=noted | {"seen": parcel_text(order)})


class ShipmentForm(IdempotentOrderForm, AddressForm):
    """What is shipped to the patient: the address, and a note of ours beside the reference."""

    note = plain_text_field(
        "Note on the order",
        required=False,
        max_length=200,
        help_text="Tenovi reads it beside our reference. Please write nothing about health.",
    )

    confirm_address = forms.BooleanField(required=False)

    def __init__(self, data: Any = None, *, patient: Patient, user: User) -> None:
        super().__init__(data, patient=patient, user=user, initial=patient_address(patient))

    @property
    def shipment(self) -> ShipTo:
        """The address with what else the vendor is asked for."""
        return msgspec.structs.replace(self.ship_to, client_notes=self.cleaned_data["note"])

    @property
    def common_values(self) -> dict[str, Any]:
        """Arguments of each function that orders."""
        return {name: self.cleaned_data[name] for name in ("submission_id", "override_reason", "confirm_address")} | {
            "patient": self.patient,
            "ship_to": self.shipment,
        }


class VendorShipmentForm(ShipmentForm):
    """With what the vendor offers for its own shipments: a signature, the physician's name, mails about the parcel."""

    require_signature = forms.BooleanField(
        label="Signature on delivery", required=False, help_text="The vendor charges extra for it."
    )
    physician = forms.ModelChoiceField(
        queryset=Practitioner.objects.none(),
        required=False,
        empty_label="Not passed on",
        label="Physician for the fulfillment team",
        help_text="Only where Tenovi ships differently for this provider. It may cost extra.",
    )
    notify_people = PeopleField(
        queryset=User.objects.none(),
        required=False,
        label="Tenovi mails about this shipment",
        widget=forms.CheckboxSelectMultiple,
    )
    patient_email = forms.EmailField(
        label="E-mail of the patient",
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs=AUTOCOMPLETE_OFF),
        help_text="Only with the tick beside it. What is typed here stays out of the patient's record.",
    )
    email_consent = forms.BooleanField(label="The patient agrees to these e-mails", required=False)

    def __init__(self, data: Any = None, *, patient: Patient, user: User) -> None:
        super().__init__(data, patient=patient, user=user)
        self.initial["patient_email"] = patient.email
        fields: dict[str, Any] = self.fields
        fields["physician"].queryset = Practitioner.objects.filter(clinic_id=patient.clinic_id)
        fields["notify_people"].queryset = patient.clinic.people.filter(is_active=True).exclude(role="")
        read_choices(self, "physician", "notify_people")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        email, consent = values.get("patient_email", ""), values.get("email_consent")
        if email and email != self.patient.email and not consent:
            self.add_error("email_consent", "Tenovi may mail the patient only with the patient's consent.")
        if consent and "patient_email" in values and not email:
            self.add_error("patient_email", "The e-mail address is missing.")
        if any(mark in email for mark in ',"'):  # the vendor takes a list that commas separate
            self.add_error("patient_email", "An address with a comma or quotation mark can't be passed on.")
        if len(",".join(self.notified_addresses(values))) > MAX_NOTIFY_EMAILS_LENGTH:
            self.add_error("notify_people", "Too many people: Tenovi takes 2,048 characters of addresses.")
        return values

    @property
    def has_options(self) -> bool:
        """Whether any of them is filled in or refused, and so has to be seen."""
        names = ("require_signature", "physician", "notify_people", "email_consent", "note")
        return any(self[name].value() or self[name].errors for name in names) or self.has_error("patient_email")

    def notified_addresses(self, values: dict[str, Any]) -> list[str]:
        people = [person.email for person in values.get("notify_people") or ()]
        own = values.get("patient_email") if values.get("email_consent") else ""
        return [*people, *([own] if own else [])]

    @property
    def shipment(self) -> ShipTo:
        return msgspec.structs.replace(
            super().shipment,
            notify_emails=",".join(self.notified_addresses(self.cleaned_data)) or None,
            require_signature=self.cleaned_data["require_signature"],
        )

    @property
    def common_values(self) -> dict[str, Any]:
        physician = self.cleaned_data["physician"]
        return super().common_values | {"physician": physician.name if physician else ""}

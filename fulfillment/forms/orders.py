from __future__ import annotations

import uuid
from typing import Any

from django import forms

from devices.hardware_ids import as_printed, hardware_problem, normalise_hardware_uuid
from devices.models import DeviceType
from fulfillment.display.status_texts import REFUSED_FIELDS
from fulfillment.forms.base import OFF, AddressForm, PlainForm, address_of
from fulfillment.models import Kit, Order, OrderKind, OrderLine
from fulfillment.ordering import gateway_capacity, orders
from patients.models import DischargeReason, Patient
from patients.validators import validate_plain_text

JOIN, NEW = "join", "new"
NO_ROOM = "no_room"
TAKEN = "This gateway holds already: {}. The vendor takes one device of each kind per gateway and would refuse it. {}"
TWO_WAYS = "Ship a new gateway with the devices, or end the monitoring of the old device first."
LABELS_WAY = "Compare the ID with the label, or end the monitoring of the old device first."


class SubmittedOnce(PlainForm):
    """Carries the form's own id, so that a double click is one order, and why something is ordered once more."""

    all_the_same = forms.BooleanField(label="The gateway no longer holds it: go on all the same", required=False)

    submission_id = forms.UUIDField(widget=forms.HiddenInput)
    override_reason = forms.CharField(
        label="Why is another one needed?",
        required=False,
        max_length=200,
        validators=[validate_plain_text],
        help_text="Only for a device that is on its way already.",
        widget=forms.TextInput(attrs=OFF),
    )

    def __init__(self, data: Any = None, *, patient: Patient, initial: dict[str, str] | None = None) -> None:
        super().__init__(data, initial={"submission_id": uuid.uuid4(), **(initial or {})})
        self.patient = patient


class ShipForm(SubmittedOnce, AddressForm):
    kit = forms.ModelChoiceField(queryset=Kit.objects.none(), empty_label=None, widget=forms.RadioSelect)
    gateway = forms.ChoiceField(choices=(), widget=forms.RadioSelect)
    require_signature = forms.BooleanField(
        label="Signature on delivery", required=False, help_text="The vendor charges extra for it."
    )

    def __init__(self, data: Any = None, *, patient: Patient) -> None:
        super().__init__(data, patient=patient, initial=address_of(patient))
        kits = Kit.objects.filter(clinic_id=patient.clinic_id, active=True)
        kit: Any = self.fields["kit"]
        kit.queryset = kits.prefetch_related("items__device_type")
        self.linked = orders.linked_gateway(patient)
        self.held = gateway_capacity.held_by(self.linked, clinic=patient.clinic) if self.linked else {}
        self.without_room = {
            each.pk: gateway_capacity.without_room(contents(each), held=self.held) for each in kit.queryset
        }
        choices = [(NEW, "Ship a new gateway with the devices")]
        if self.linked:
            choices.insert(0, (JOIN, self._gateway_in_words()))
        gateway: Any = self.fields["gateway"]
        gateway.choices, gateway.initial = choices, JOIN if self.linked and self._something_fits() else NEW

    def _gateway_in_words(self) -> str:
        there = f", with {', '.join(self.held.values())} on it" if self.held else ""
        return f"Join the gateway that the patient has ({as_printed(self.linked or '')}{there})"

    def _something_fits(self) -> bool:
        return not all(self.without_room.values()) or not self.without_room

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        kit, joins = said.get("kit"), said.get("gateway") == JOIN
        names = self.without_room[kit.pk] if kit and joins else []
        if names and not said.get("all_the_same"):
            self.add_error("gateway", taken(names, TWO_WAYS))
        return said

    def kits(self) -> list[tuple[Any, list[str]]]:
        """Each choice with the names of what would find no room on the gateway that the patient has."""
        return [
            (choice, self.without_room[choice.data["value"].instance.pk] if self.linked else [])
            for choice in self["kit"]
        ]

    @property
    def joined_gateway(self) -> str | None:
        return self.linked if self.cleaned_data["gateway"] == JOIN else None

    def place(self, *, by: Any) -> Order:
        """Raises orders.CantOrder, and AlreadyOpen."""
        said = self.cleaned_data
        return orders.place(
            patient=self.patient,
            kit=said["kit"],
            ship_to=self.ship_to,
            gateway=self.joined_gateway,
            require_signature=said["require_signature"],
            submission_id=said["submission_id"],
            override_reason=said["override_reason"],
            by=by,
        )


class ActivateForm(SubmittedOnce):
    device_type = forms.ModelChoiceField(
        label="Device", queryset=DeviceType.objects.orderable(), empty_label="Choose a device"
    )
    gateway_id = forms.CharField(
        label="Gateway ID or IMEI",
        max_length=40,
        widget=forms.TextInput(attrs=OFF | {"spellcheck": "false"}),
        help_text="From the label: 12 characters 0-9 and A-F of the gateway, or 15 digits of a cellular device.",
    )
    sensor_id = forms.CharField(
        label="Sensor ID",
        required=False,
        max_length=255,
        validators=[validate_plain_text],
        widget=forms.TextInput(attrs=OFF),
        help_text="Only for devices of which several share a gateway, such as pill bottle caps.",
    )

    def clean_gateway_id(self) -> str:
        return checked_gateway(self.cleaned_data["gateway_id"])

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        device_type = said.get("device_type")
        if device_type and device_type.sensor_id_required and not said.get("sensor_id"):
            self.add_error("sensor_id", f"{device_type} needs its sensor ID.")
        self._check_room(said)
        return said

    def _check_room(self, said: dict[str, Any]) -> None:
        device_type, gateway = said.get("device_type"), said.get("gateway_id")
        if not (device_type and gateway) or said.get("all_the_same"):
            return
        held = gateway_capacity.held_by(gateway, clinic=self.patient.clinic)
        if names := gateway_capacity.without_room([device_type], held=held):
            self.add_error("gateway_id", taken(names, LABELS_WAY))

    def place(self, *, by: Any) -> Order:
        """Raises orders.CantOrder, and AlreadyOpen."""
        said = self.cleaned_data
        return orders.activate(
            patient=self.patient,
            device_type=said["device_type"],
            hardware_uuid=said["gateway_id"],
            sensor_id=said["sensor_id"],
            submission_id=said["submission_id"],
            override_reason=said["override_reason"],
            by=by,
        )


class CorrectForm(AddressForm):
    """What the vendor refused, with its words beside the field that they are about."""

    gateway_id = forms.CharField(
        label="Gateway ID or IMEI",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs=OFF | {"spellcheck": "false"}),
        help_text="Empty: a new gateway is shipped with the device.",
    )
    all_refused = forms.BooleanField(label="Correct the other refused devices of this order too", required=False)

    def __init__(self, data: Any = None, *, line: OrderLine, others: int) -> None:
        super().__init__(data, initial={**initial_of(line.order), "all_refused": True})
        self.on_site = line.order.kind == OrderKind.ACTIVATION
        if self.on_site:
            self.fields["gateway_id"].required = True
            self.fields["gateway_id"].help_text = "From the label on the gateway or the device."
        if self.on_site or line.call.device_id:
            for name in self.address_fields:
                del self.fields[name]
        if not others:
            del self.fields["all_refused"]
        self.refusals = refusals_by_field(line.call.errors, self.fields)

    def clean_gateway_id(self) -> str:
        typed = self.cleaned_data["gateway_id"]
        return checked_gateway(typed) if typed else ""

    @property
    def with_address(self) -> bool:
        return "street" in self.fields

    def rows(self) -> list[tuple[forms.BoundField, list[str]]]:
        """Each field with what the vendor said about it."""
        return [(field, self.refusals.get(field.name, [])) for field in self]


class ReasonForm(PlainForm):
    reason = forms.CharField(
        max_length=200, validators=[validate_plain_text], widget=forms.TextInput(attrs=OFF), label="Reason"
    )


class EndForm(PlainForm):
    reason = forms.ChoiceField(choices=[("", "Choose a reason"), *DischargeReason.choices])
    discharge = forms.BooleanField(
        label="Discharge the patient as well",
        required=False,
        initial=True,
        help_text="The patient leaves the list of those who are cared for; the chart stays.",
    )


def taken(names: list[str], way_out: str) -> forms.ValidationError:
    """With a code, so that the page offers to go on all the same for this error alone."""
    return forms.ValidationError(TAKEN.format(", ".join(names), way_out), code=NO_ROOM)


def contents(kit: Kit) -> list[DeviceType]:
    return [item.device_type for item in kit.items.all() for _ in range(item.quantity)]


def initial_of(order: Order) -> dict[str, str]:
    address = {name: getattr(order, f"ship_{name}") for name in AddressForm.address_fields}
    return address | {"gateway_id": order.printed_gateway}


def checked_gateway(typed: str) -> str:
    hardware = normalise_hardware_uuid(typed)
    if problem := hardware_problem(hardware):
        raise forms.ValidationError(problem)
    return hardware


def refusals_by_field(errors: dict[str, list[str]], fields: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, messages in errors.items():
        name = REFUSED_FIELDS.get(path, ("", ""))[1]
        if name in fields:
            found.setdefault(name, []).extend(messages)
    return found

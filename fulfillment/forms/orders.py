from __future__ import annotations

import uuid
from typing import Any

from django import forms

from devices.hardware_ids import format_gateway_id, hardware_uuid_problem, normalise_hardware_uuid
from devices.models import DeviceType
from fulfillment.display.status_texts import REJECTED_FIELDS
from fulfillment.forms.base import AUTOCOMPLETE_OFF, AddressForm, PlainForm, initial_address
from fulfillment.models import Kit, Order, OrderKind, OrderLine
from fulfillment.ordering import gateway_capacity, orders
from patients.models import DischargeReason, Patient
from patients.validators import validate_plain_text

JOIN_GATEWAY, NEW_GATEWAY = "join", "new"
GATEWAY_FULL = "no_room"
GATEWAY_FULL_MESSAGE = (
    "This gateway holds already: {}. The vendor takes one device of each kind per gateway and would refuse it. {}"
)
SHIP_OR_END_ADVICE = "Ship a new gateway with the devices, or end the monitoring of the old device first."
CHECK_LABEL_ADVICE = "Compare the ID with the label, or end the monitoring of the old device first."


class IdempotentOrderForm(PlainForm):
    """Carries the form's own id, so that a double click is one order, and why something is ordered once more."""

    override_capacity = forms.BooleanField(label="The gateway no longer holds it: go on all the same", required=False)

    submission_id = forms.UUIDField(widget=forms.HiddenInput)
    override_reason = forms.CharField(
        label="Why is another one needed?",
        required=False,
        max_length=200,
        validators=[validate_plain_text],
        help_text="Only for a device that is on its way already.",
        widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF),
    )

    def __init__(self, data: Any = None, *, patient: Patient, initial: dict[str, str] | None = None) -> None:
        super().__init__(data, initial={"submission_id": uuid.uuid4(), **(initial or {})})
        self.patient = patient


class KitOrderForm(IdempotentOrderForm, AddressForm):
    kit = forms.ModelChoiceField(queryset=Kit.objects.none(), empty_label=None, widget=forms.RadioSelect)
    gateway = forms.ChoiceField(choices=(), widget=forms.RadioSelect)
    require_signature = forms.BooleanField(
        label="Signature on delivery", required=False, help_text="The vendor charges extra for it."
    )

    def __init__(self, data: Any = None, *, patient: Patient) -> None:
        super().__init__(data, patient=patient, initial=initial_address(patient))
        kits = Kit.objects.filter(clinic_id=patient.clinic_id, active=True)
        kit: Any = self.fields["kit"]
        kit.queryset = kits.prefetch_related("items__device_type")
        self.linked_gateway = orders.linked_gateway(patient)
        self.devices_on_gateway = (
            gateway_capacity.device_names_on_gateway(self.linked_gateway, clinic=patient.clinic)
            if self.linked_gateway
            else {}
        )
        self.blocking_device_names = {
            each.pk: gateway_capacity.blocking_device_names(kit_device_types(each), on_gateway=self.devices_on_gateway)
            for each in kit.queryset
        }
        choices = [(NEW_GATEWAY, "Ship a new gateway with the devices")]
        if self.linked_gateway:
            choices.insert(0, (JOIN_GATEWAY, self.join_gateway_label()))
        gateway: Any = self.fields["gateway"]
        gateway.choices, gateway.initial = (
            choices,
            JOIN_GATEWAY if self.linked_gateway and self.any_kit_fits() else NEW_GATEWAY,
        )

    def join_gateway_label(self) -> str:
        there = f", with {', '.join(self.devices_on_gateway.values())} on it" if self.devices_on_gateway else ""
        return f"Join the gateway that the patient has ({format_gateway_id(self.linked_gateway or '')}{there})"

    def any_kit_fits(self) -> bool:
        return not all(self.blocking_device_names.values()) or not self.blocking_device_names

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        kit, joins = said.get("kit"), said.get("gateway") == JOIN_GATEWAY
        names = self.blocking_device_names[kit.pk] if kit and joins else []
        if names and not said.get("override_capacity"):
            self.add_error("gateway", gateway_full_error(names, SHIP_OR_END_ADVICE))
        return said

    def kit_choices(self) -> list[tuple[Any, list[str]]]:
        """Each choice with the names of what would find no room on the gateway that the patient has."""
        return [
            (choice, self.blocking_device_names[choice.data["value"].instance.pk] if self.linked_gateway else [])
            for choice in self["kit"]
        ]

    @property
    def joined_gateway(self) -> str | None:
        return self.linked_gateway if self.cleaned_data["gateway"] == JOIN_GATEWAY else None

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


class ActivationForm(IdempotentOrderForm):
    device_type = forms.ModelChoiceField(
        label="Device", queryset=DeviceType.objects.orderable(), empty_label="Choose a device"
    )
    gateway_id = forms.CharField(
        label="Gateway ID or IMEI",
        max_length=40,
        widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF | {"spellcheck": "false"}),
        help_text="From the label: 12 characters 0-9 and A-F of the gateway, or 15 digits of a cellular device.",
    )
    sensor_id = forms.CharField(
        label="Sensor ID",
        required=False,
        max_length=255,
        validators=[validate_plain_text],
        widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF),
        help_text="Only for devices of which several share a gateway, such as pill bottle caps.",
    )

    def clean_gateway_id(self) -> str:
        return validate_gateway_id(self.cleaned_data["gateway_id"])

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        device_type = said.get("device_type")
        if device_type and device_type.sensor_id_required and not said.get("sensor_id"):
            self.add_error("sensor_id", f"{device_type} needs its sensor ID.")
        self.check_gateway_capacity(said)
        return said

    def check_gateway_capacity(self, said: dict[str, Any]) -> None:
        device_type, gateway = said.get("device_type"), said.get("gateway_id")
        if not (device_type and gateway) or said.get("override_capacity"):
            return
        held = gateway_capacity.device_names_on_gateway(gateway, clinic=self.patient.clinic)
        if names := gateway_capacity.blocking_device_names([device_type], on_gateway=held):
            self.add_error("gateway_id", gateway_full_error(names, CHECK_LABEL_ADVICE))

    def place(self, *, by: Any) -> Order:
        """Raises orders.CantOrder, and AlreadyOpen."""
        said = self.cleaned_data
        return orders.activate_on_site(
            patient=self.patient,
            device_type=said["device_type"],
            hardware_uuid=said["gateway_id"],
            sensor_id=said["sensor_id"],
            submission_id=said["submission_id"],
            override_reason=said["override_reason"],
            by=by,
        )


class LineCorrectionForm(AddressForm):
    """What the vendor refused, with its words beside the field that they are about."""

    gateway_id = forms.CharField(
        label="Gateway ID or IMEI",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF | {"spellcheck": "false"}),
        help_text="Empty: a new gateway is shipped with the device.",
    )
    all_refused = forms.BooleanField(label="Correct the other refused devices of this order too", required=False)

    def __init__(self, data: Any = None, *, line: OrderLine, others: int) -> None:
        super().__init__(data, initial={**correction_initial(line.order), "all_refused": True})
        self.on_site = line.order.kind == OrderKind.ACTIVATION
        if self.on_site:
            self.fields["gateway_id"].required = True
            self.fields["gateway_id"].help_text = "From the label on the gateway or the device."
        if self.on_site or line.call.device_id:
            for name in self.address_fields:
                del self.fields[name]
        if not others:
            del self.fields["all_refused"]
        self.rejections = rejections_by_field(line.call.errors, self.fields)

    def clean_gateway_id(self) -> str:
        typed = self.cleaned_data["gateway_id"]
        return validate_gateway_id(typed) if typed else ""

    @property
    def asks_for_address(self) -> bool:
        return "street" in self.fields

    def fields_with_rejections(self) -> list[tuple[forms.BoundField, list[str]]]:
        """Each field with what the vendor said about it."""
        return [(field, self.rejections.get(field.name, [])) for field in self]


class ReasonForm(PlainForm):
    reason = forms.CharField(
        max_length=200, validators=[validate_plain_text], widget=forms.TextInput(attrs=AUTOCOMPLETE_OFF), label="Reason"
    )


class EndOfMonitoringForm(PlainForm):
    reason = forms.ChoiceField(choices=[("", "Choose a reason"), *DischargeReason.choices])
    discharge = forms.BooleanField(
        label="Discharge the patient as well",
        required=False,
        initial=True,
        help_text="The patient leaves the list of those who are cared for; the chart stays.",
    )


def gateway_full_error(device_names: list[str], advice: str) -> forms.ValidationError:
    """With a code, so that the page offers to go on all the same for this error alone."""
    return forms.ValidationError(GATEWAY_FULL_MESSAGE.format(", ".join(device_names), advice), code=GATEWAY_FULL)


def kit_device_types(kit: Kit) -> list[DeviceType]:
    return [item.device_type for item in kit.items.all() for _ in range(item.quantity)]


def correction_initial(order: Order) -> dict[str, str]:
    address = {name: getattr(order, f"ship_{name}") for name in AddressForm.address_fields}
    return address | {"gateway_id": order.printed_gateway}


def validate_gateway_id(gateway_id: str) -> str:
    hardware = normalise_hardware_uuid(gateway_id)
    if problem := hardware_uuid_problem(hardware):
        raise forms.ValidationError(problem)
    return hardware


def rejections_by_field(errors: dict[str, list[str]], fields: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, messages in errors.items():
        name = REJECTED_FIELDS.get(path, ("", ""))[1]
        if name in fields:
            found.setdefault(name, []).extend(messages)
    return found

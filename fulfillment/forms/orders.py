"""Forms of orders: kit order, activation on site, correction of a line, end of monitoring."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms

from devices.gateway_holders import GatewayHeldError, GatewayHolders, SharingReason, find_other_holders
from devices.hardware_ids import format_hardware_id, hardware_uuid_problem, normalise_hardware_uuid
from devices.models import DeviceType
from fulfillment.display.status_texts import REJECTED_FIELDS
from fulfillment.forms.base import AddressForm, PlainForm, gateway_id_field, plain_text_field
from fulfillment.models import Kit, Order, OrderKind, OrderLine
from fulfillment.ordering import gateway_capacity, orders
from fulfillment.ordering.kit_contents import kit_problem
from fulfillment.ordering.unshipped_orders import patient_address
from patients.models import DischargeReason, Patient, User

JOIN_GATEWAY, NEW_GATEWAY = "join", "new"
GATEWAY_FULL, GATEWAY_HELD = "no_room", "held"
GATEWAY_FULL_MESSAGE = (
    "This gateway already has: {}. The vendor takes one device of each kind per gateway and would refuse it. {}"
)
SHIP_OR_END_ADVICE = "Ship a new gateway with the devices, or end the monitoring of the old device first."
SENSOR_ID_HELP = (
    "Only for devices of which several share a gateway, such as pill bottle caps. It is on the device's label."
)
CHECK_LABEL_ADVICE = "Compare the ID with the label, or end the monitoring of the old device first."


class GatewaySharingForm(PlainForm):
    """With the reason for using a gateway that another patient of the clinic has, asked for where one has it."""

    sharing_reason = forms.ChoiceField(
        label="Why is this gateway shared?",
        choices=[("", "Choose a reason"), *SharingReason.choices],
        initial="",
        required=False,
        help_text="It is recorded with the order.",
    )
    gateway_field = "gateway_id"
    refused_holders: GatewayHolders | None = None

    def add_gateway_held_error(self, error: GatewayHeldError, *, user: User) -> None:
        self.refused_holders = error.holders
        text = error.holders.message_for(user)
        self.add_error(self.gateway_field, forms.ValidationError(text, code=GATEWAY_HELD))

    def named_holders(self) -> list[GatewayHolders]:
        """Whose patients the page names."""
        return [self.refused_holders] if self.refused_holders else []

    @property
    def asks_for_sharing_reason(self) -> bool:
        refused = self.refused_holders
        if refused is not None:
            return not refused.outside_clinic
        return bool(self["sharing_reason"].value())


class IdempotentOrderForm(GatewaySharingForm):
    """Has the form's own id, so that a double click makes one order, and the reason for ordering a device again."""

    override_capacity = forms.BooleanField(label="The gateway no longer has it: order anyway", required=False)
    submission_id = forms.UUIDField(widget=forms.HiddenInput)
    override_reason = plain_text_field(
        "Why is another one needed?",
        required=False,
        max_length=200,
        help_text="Only for a device that is on its way already.",
    )

    def __init__(
        self, data: Any = None, *, patient: Patient, user: User, initial: dict[str, str] | None = None
    ) -> None:
        super().__init__(data, initial={"submission_id": uuid.uuid4(), **(initial or {})})
        self.patient, self.user = patient, user


class KitOrderForm(IdempotentOrderForm, AddressForm):
    kit = forms.ModelChoiceField(queryset=Kit.objects.none(), empty_label=None, widget=forms.RadioSelect)
    gateway = forms.ChoiceField(choices=(), widget=forms.RadioSelect)
    require_signature = forms.BooleanField(
        label="Signature on delivery", required=False, help_text="The vendor charges extra for it."
    )

    confirm_address = forms.BooleanField(required=False)

    gateway_field = "gateway"

    def __init__(self, data: Any = None, *, patient: Patient, user: User) -> None:
        super().__init__(data, patient=patient, user=user, initial=patient_address(patient))
        kits = Kit.objects.filter(clinic_id=patient.clinic_id, active=True).prefetch_related("items__device_type")
        problems = [(each, kit_problem(each.device_types)) for each in kits]
        self.unavailable_kits = [(each, problem) for each, problem in problems if problem]
        kit: Any = self.fields["kit"]
        kit.queryset = kits.exclude(pk__in=[each.pk for each, _ in self.unavailable_kits])
        self.linked_gateway = orders.linked_gateway(patient)
        self.blocking_device_names: dict[int, list[str]] = {}  # by kit: devices that take a place on the gateway
        gateway: Any = self.fields["gateway"]
        gateway.choices, gateway.initial = [(NEW_GATEWAY, "Ship a new gateway with the devices")], NEW_GATEWAY
        self.holders = GatewayHolders("")  # of the patient's gateway, besides the patient
        if self.linked_gateway:
            self.holders = find_other_holders(self.linked_gateway, patient=patient)
            if not self.holders.outside_clinic:
                self.offer_linked_gateway(self.linked_gateway, kit.queryset)

    def offer_linked_gateway(self, gateway_id: str, kits: Iterable[Kit]) -> None:
        """Add the choice of the patient's gateway; preselected unless another patient has it as well, or it has no
        place for any kit."""
        on_gateway = gateway_capacity.device_names_on_gateway(gateway_id, clinic=self.patient.clinic)
        for kit in kits:
            names = gateway_capacity.blocking_device_names(kit.device_types, on_gateway=on_gateway)
            self.blocking_device_names[kit.pk] = names
        devices = f", with {', '.join(on_gateway.values())} on it" if on_gateway else ""
        shared = f"; used by {self.holders.names_for(self.user)} as well" if self.holders else ""
        label = f"Join the gateway that the patient has ({format_hardware_id(gateway_id)}{devices}{shared})"
        gateway: Any = self.fields["gateway"]
        gateway.choices = [(JOIN_GATEWAY, label), *gateway.choices]
        fits = not self.blocking_device_names or not all(self.blocking_device_names.values())
        if fits and not self.holders:
            gateway.initial = JOIN_GATEWAY

    @property
    def outside_clinic_message(self) -> str:
        """Why the patient's gateway is not offered."""
        return self.holders.message_for(self.user) if self.holders.outside_clinic else ""

    @property
    def asks_for_sharing_reason(self) -> bool:
        offered = bool(self.holders) and not self.holders.outside_clinic
        return offered or super().asks_for_sharing_reason

    def named_holders(self) -> list[GatewayHolders]:
        return [self.holders, *super().named_holders()]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        kit, joins = values.get("kit"), values.get("gateway") == JOIN_GATEWAY
        names = self.blocking_device_names[kit.pk] if kit and joins else []
        if names and not values.get("override_capacity"):
            self.add_error("gateway", gateway_full_error(names, SHIP_OR_END_ADVICE))
        return values

    def kit_choices(self) -> list[tuple[Any, list[str]]]:
        """Each choice with the names of the devices that take its places on the patient's gateway."""
        names = self.blocking_device_names
        return [(choice, names.get(choice.data["value"].instance.pk, [])) for choice in self["kit"]]

    def place(self, *, by: User) -> Order:
        """Raises OrderError, LineAlreadyOpenError and GatewayHeldError."""
        copied = (
            "kit", "require_signature", "submission_id", "override_reason", "sharing_reason", "confirm_address",
        )  # fmt: skip
        values = {name: self.cleaned_data[name] for name in copied}
        gateway = self.linked_gateway if self.cleaned_data["gateway"] == JOIN_GATEWAY else None
        return orders.place(patient=self.patient, ship_to=self.ship_to, gateway=gateway, by=by, **values)


class ActivationForm(IdempotentOrderForm):
    device_type = forms.ModelChoiceField(
        label="Device", queryset=DeviceType.objects.orderable(), empty_label="Choose a device"
    )
    gateway_id = gateway_id_field(
        help_text="From the label: 12 characters 0-9 and A-F of the gateway, or 15 digits of a cellular device."
    )
    sensor_id = plain_text_field("Sensor ID", required=False, help_text=SENSOR_ID_HELP)

    def clean_gateway_id(self) -> str:
        return validate_gateway_id(self.cleaned_data["gateway_id"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        device_type, gateway = values.get("device_type"), values.get("gateway_id")
        if "sensor_id" in values:
            validate_sensor_id(self, device_type, values["sensor_id"])
        if device_type and gateway and (problem := hardware_uuid_problem(gateway, cellular=device_type.cellular)):
            self.add_error("gateway_id", problem)
        elif device_type and gateway and not values.get("override_capacity"):
            on_gateway = gateway_capacity.device_names_on_gateway(gateway, clinic=self.patient.clinic)
            if names := gateway_capacity.blocking_device_names([device_type], on_gateway=on_gateway):
                self.add_error("gateway_id", gateway_full_error(names, CHECK_LABEL_ADVICE))
        return values

    def place(self, *, by: User) -> Order:
        """Raises OrderError, LineAlreadyOpenError and GatewayHeldError."""
        copied = ("device_type", "sensor_id", "submission_id", "override_reason", "sharing_reason")
        values = {name: self.cleaned_data[name] for name in copied}
        hardware_uuid = self.cleaned_data["gateway_id"]
        return orders.activate_on_site(patient=self.patient, hardware_uuid=hardware_uuid, by=by, **values)


class LineCorrectionForm(GatewaySharingForm, AddressForm):
    """Correction of a refused line, with the vendor's message beside the field that it is about."""

    gateway_id = gateway_id_field(required=False, help_text="Empty: a new gateway is shipped with the device.")
    sensor_id = plain_text_field("Sensor ID", required=False, help_text=SENSOR_ID_HELP)
    all_refused = forms.BooleanField(label="Correct the other refused devices of this order too", required=False)

    def __init__(self, data: Any = None, *, line: OrderLine, others: int) -> None:
        address = {name: getattr(line.order, f"ship_{name}") for name in self.address_fields}
        sensor_id = line.call.payload.get("sensor_id") or ""
        initial = {**address, "gateway_id": line.order.printed_gateway, "all_refused": True, "sensor_id": sensor_id}
        super().__init__(data, initial=initial)
        on_site, self.device_type = line.order.kind == OrderKind.ACTIVATION, line.device_type
        self.by_imei = on_site and line.device_type.cellular
        if on_site:
            self.fields["gateway_id"].required = True
            self.fields["gateway_id"].help_text = "From the label on the gateway or the device."
        if on_site or line.call.device_id:
            for name in self.address_fields:
                del self.fields[name]
        # Also where one was typed for a type that has none any more, so that it can be emptied.
        if not on_site or not (line.device_type.sensor_id_required or sensor_id):
            del self.fields["sensor_id"]
        if not others:
            del self.fields["all_refused"]
        self.rejections: dict[str, list[str]] = {}  # the vendor's messages by field of this form
        for path, texts in line.call.errors.items():
            name = REJECTED_FIELDS.get(path, ("", ""))[1]
            if name in self.fields:
                self.rejections.setdefault(name, []).extend(texts)

    def clean_gateway_id(self) -> str:
        typed = self.cleaned_data["gateway_id"]
        return validate_gateway_id(typed, cellular=self.by_imei) if typed else ""

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if "sensor_id" in values:
            validate_sensor_id(self, self.device_type, values["sensor_id"])
        return values

    @property
    def asks_for_address(self) -> bool:
        return "street" in self.fields

    def fields_with_rejections(self) -> list[tuple[forms.BoundField, list[str]]]:
        """Each field to fill in, but for the checkbox `all_refused`, with the vendor's messages about it."""
        hidden = {"all_refused"} if self.asks_for_sharing_reason else {"all_refused", "sharing_reason"}
        return [(field, self.rejections.get(field.name, [])) for field in self if field.name not in hidden]


class ReasonForm(PlainForm):
    reason = plain_text_field("Reason", max_length=200)


class EndOfMonitoringForm(PlainForm):
    reason = forms.ChoiceField(choices=[("", "Choose a reason"), *DischargeReason.choices])
    discharge = forms.BooleanField(
        label="Discharge the patient as well",
        required=False,
        initial=True,
        help_text="The patient leaves the patient list; the chart stays.",
    )


def validate_sensor_id(form: forms.Form, device_type: DeviceType | None, sensor_id: str) -> None:
    """Needed by some device types and refused by the vendor for all others."""
    if device_type and device_type.sensor_id_required and not sensor_id:
        form.add_error("sensor_id", f"{device_type} needs its sensor ID.")
    elif device_type and sensor_id and not device_type.sensor_id_required:
        form.add_error("sensor_id", f"{device_type} has no sensor ID. Please leave this empty.")


def gateway_full_error(device_names: list[str], advice: str) -> forms.ValidationError:
    """With a code: the page offers to order anyway for this error alone."""
    return forms.ValidationError(GATEWAY_FULL_MESSAGE.format(", ".join(device_names), advice), code=GATEWAY_FULL)


def validate_gateway_id(gateway_id: str, *, cellular: bool | None = None) -> str:
    hardware = normalise_hardware_uuid(gateway_id)
    if problem := hardware_uuid_problem(hardware, cellular=cellular):
        raise forms.ValidationError(problem)
    return hardware

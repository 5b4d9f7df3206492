"""Forms of activation: a device with a known gateway ID or IMEI, and the correction of a refused or mistyped one."""

from __future__ import annotations

from typing import Any

from django import forms

from devices.hardware_ids import (
    format_hardware_id,
    hardware_uuid_problem,
    imei_checksum_problem,
    normalise_hardware_uuid,
)
from devices.models import DeviceType
from fulfillment.display.status_texts import REJECTED_FIELDS
from fulfillment.forms.base import AddressForm, PlainForm, gateway_id_field, plain_text_field, read_choices
from fulfillment.forms.gateways import GatewaySharingForm, IdempotentOrderForm, gateway_full_error
from fulfillment.forms.shipments import ParcelForm
from fulfillment.models import Order, OrderLine
from fulfillment.ordering import gateway_capacity, orders
from patients.models import Patient, User

WRONG_CHECK_DIGIT = "check_digit"
OPTION_FIELDS = {"note", "without_emails", "without_physician"}  # of a correction, each only where it was refused
SENSOR_ID_HELP = (
    "Only for devices of which several share a gateway, such as pill bottle caps. It is on the device's label."
)
UNSHIPPED_PARCEL = "Tick this, or leave carrier and tracking number empty: what is handed over has no parcel."
CHECK_LABEL_ADVICE = "Compare the ID with the label, or end the monitoring of the old device first."


class CheckDigitForm(PlainForm):
    """Refuses an IMEI whose check digit is wrong, unless the person has compared it with the label."""

    accept_check_digit = forms.BooleanField(label="The label says exactly this IMEI", required=False, initial=False)

    @property
    def asks_for_check_digit(self) -> bool:
        return self.has_error("gateway_id", WRONG_CHECK_DIGIT) or bool(self["accept_check_digit"].value())

    def validate_check_digit(self) -> None:
        """To be called last: an id that has another problem is not judged by its check digit."""
        problem = imei_checksum_problem(self.cleaned_data.get("gateway_id", ""))
        if problem and not self.cleaned_data.get("accept_check_digit"):
            self.add_error("gateway_id", forms.ValidationError(problem, code=WRONG_CHECK_DIGIT))


class ActivationForm(CheckDigitForm, ParcelForm, IdempotentOrderForm):
    device_type = forms.ModelChoiceField(
        label="Device", queryset=DeviceType.objects.orderable(), empty_label="Choose a device"
    )
    gateway_id = gateway_id_field(
        help_text="From the label: 12 characters 0-9 and A-F of the gateway, or 15 digits of a cellular device."
    )
    sensor_id = plain_text_field("Sensor ID", required=False, help_text=SENSOR_ID_HELP)
    shipped_by_clinic = forms.BooleanField(
        label="We ship it to the patient",
        required=False,
        help_text="It is activated now, and Tenovi calls it delivered at once. Carrier and number are our own note.",
    )

    def __init__(self, data: Any = None, *, patient: Patient, user: User) -> None:
        linked = orders.linked_gateway(patient)
        super().__init__(data, patient=patient, user=user, initial={"gateway_id": format_hardware_id(linked or "")})
        read_choices(self, "device_type")

    def clean_gateway_id(self) -> str:
        return validate_gateway_id(self.cleaned_data["gateway_id"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        device_type, gateway = values.get("device_type"), values.get("gateway_id")
        if "sensor_id" in values:
            validate_sensor_id(self, device_type, values["sensor_id"])
        if (values.get("carrier") or values.get("tracking_number")) and not values.get("shipped_by_clinic"):
            self.add_error("shipped_by_clinic", UNSHIPPED_PARCEL)
        if device_type and gateway and (problem := hardware_uuid_problem(gateway, cellular=device_type.cellular)):
            self.add_error("gateway_id", problem)
        elif device_type and gateway and not values.get("override_capacity"):
            on_gateway = gateway_capacity.device_names_on_gateway(gateway, clinic=self.patient.clinic)
            if names := gateway_capacity.blocking_device_names([device_type], on_gateway=on_gateway):
                self.add_error("gateway_id", gateway_full_error(names, CHECK_LABEL_ADVICE))
        self.validate_check_digit()
        return values

    def place(self, *, by: User) -> Order:
        """Raises OrderError, LineAlreadyOpenError and GatewayHeldError."""
        typed = ("device_type", "sensor_id", "shipped_by_clinic", "carrier", "tracking_number")
        copied = (*typed, "submission_id", "override_reason", "sharing_reason")
        values = {name: self.cleaned_data[name] for name in copied}
        hardware_uuid = self.cleaned_data["gateway_id"]
        return orders.activate_on_site(patient=self.patient, hardware_uuid=hardware_uuid, by=by, **values)


class LineCorrectionForm(CheckDigitForm, GatewaySharingForm, AddressForm):
    """Correction of a refused line, with the vendor's message beside the field that it is about."""

    gateway_id = gateway_id_field(required=False, help_text="Empty: a new gateway is shipped with the device.")
    sensor_id = plain_text_field("Sensor ID", required=False, help_text=SENSOR_ID_HELP)
    note = plain_text_field("Note on the order", required=False, max_length=200)
    without_emails = forms.BooleanField(label="Send no e-mails about this shipment", required=False)
    without_physician = forms.BooleanField(label="Leave the physician's name out", required=False)
    all_refused = forms.BooleanField(label="Correct the other refused devices of this order too", required=False)

    def __init__(self, data: Any = None, *, line: OrderLine, others: int) -> None:
        address = {name: getattr(line.order, f"ship_{name}") for name in self.address_fields}
        sensor_id = line.call.payload.get("sensor_id") or ""
        initial = {**address, "gateway_id": line.order.printed_gateway, "all_refused": True, "sensor_id": sensor_id}
        initial["note"] = line.order.note
        super().__init__(data, initial=initial)
        on_site, self.device_type = line.order.on_site, line.device_type
        self.by_imei = on_site and line.device_type.cellular
        if on_site:
            self.fields["gateway_id"].required = True
            self.fields["gateway_id"].help_text = "From the label on the gateway or the device."
        for name in self.unneeded_fields(line, others=others, has_sensor_id=bool(sensor_id)):
            del self.fields[name]
        self.rejections: dict[str, list[str]] = {}  # the vendor's messages by field of this form
        for path, texts in line.call.errors.items():
            name = REJECTED_FIELDS.get(path, ("", ""))[1]
            if name in self.fields:
                self.rejections.setdefault(name, []).extend(texts)

    def unneeded_fields(self, line: OrderLine, *, others: int, has_sensor_id: bool) -> set[str]:
        on_site = line.order.on_site
        unneeded = OPTION_FIELDS - {REJECTED_FIELDS.get(path, ("", ""))[1] for path in line.call.errors}
        if on_site or line.call.device_id:
            unneeded |= set(self.address_fields)
        # Also where one was typed for a type that has none any more, so that it can be emptied.
        if not on_site or not (line.device_type.sensor_id_required or has_sensor_id):
            unneeded.add("sensor_id")
        return unneeded if others else unneeded | {"all_refused"}

    def clean_gateway_id(self) -> str:
        typed = self.cleaned_data["gateway_id"]
        return validate_gateway_id(typed, cellular=self.by_imei) if typed else ""

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if "sensor_id" in values:
            validate_sensor_id(self, self.device_type, values["sensor_id"])
        self.validate_check_digit()
        return values

    @property
    def asks_for_address(self) -> bool:
        return "street" in self.fields

    @property
    def order_changes(self) -> dict[str, str]:
        """Columns of the order, besides its address and gateway."""
        values = self.cleaned_data
        changes = {"note": values["note"]} if "note" in values else {}
        changes |= {"notify_emails": ""} if values.get("without_emails") else {}
        return changes | ({"physician": ""} if values.get("without_physician") else {})

    def fields_with_rejections(self) -> list[tuple[forms.BoundField, list[str]]]:
        """Each field to fill in, but for the checkbox `all_refused`, with the vendor's messages about it."""
        hidden = {"all_refused", *({"accept_check_digit"} if not self.asks_for_check_digit else ())}
        hidden |= {"sharing_reason"} if not self.asks_for_sharing_reason else set()
        return [(field, self.rejections.get(field.name, [])) for field in self if field.name not in hidden]


def validate_sensor_id(form: forms.Form, device_type: DeviceType | None, sensor_id: str) -> None:
    """Needed by some device types and refused by the vendor for all others."""
    if device_type and device_type.sensor_id_required and not sensor_id:
        form.add_error("sensor_id", f"{device_type} needs its sensor ID.")
    elif device_type and sensor_id and not device_type.sensor_id_required:
        form.add_error("sensor_id", f"{device_type} has no sensor ID. Please leave this empty.")


def validate_gateway_id(gateway_id: str, *, cellular: bool | None = None) -> str:
    hardware = normalise_hardware_uuid(gateway_id)
    if problem := hardware_uuid_problem(hardware, cellular=cellular):
        raise forms.ValidationError(problem)
    return hardware

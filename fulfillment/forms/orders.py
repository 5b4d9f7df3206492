"""Forms of orders: a kit shipped by the vendor or by the clinic, a gateway alone, end of monitoring."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from django import forms

from devices.gateway_holders import GatewayHolders, find_other_holders
from devices.hardware_ids import format_hardware_id
from devices.models import DeviceType
from devices.tenovi import ShipTo
from fulfillment.forms.base import PlainForm, plain_text_field, read_choices
from fulfillment.forms.gateways import gateway_full_error
from fulfillment.forms.shipments import ParcelForm, ShipmentForm, VendorShipmentForm
from fulfillment.models import Kit, Order
from fulfillment.ordering import gateway_capacity, orders
from fulfillment.ordering.costs import describe_costs, sum_costs
from fulfillment.ordering.kit_contents import kit_problem
from patients.enrollment.forms import last_day_field
from patients.models import DischargeReason, Patient, User

JOIN_GATEWAY, NEW_GATEWAY = "join", "new"
SHIP_OR_END_ADVICE = "Ship a new gateway with the devices, or end the monitoring of the old device first."


class KitForm(PlainForm):
    """One of the clinic's kits; those that can't be ordered are shown with the reason."""

    kit = forms.ModelChoiceField(queryset=Kit.objects.none(), empty_label=None, widget=forms.RadioSelect)
    blocking_device_names: dict[int, list[str]] = {}  # by kit: devices that take a place on the patient's gateway

    def offer_kits(self, clinic_id: int) -> None:
        kits = Kit.objects.filter(clinic_id=clinic_id, active=True).prefetch_related("items__device_type")
        problems = [(each, kit_problem(each.device_types)) for each in kits]
        self.unavailable_kits = [(each, problem) for each, problem in problems if problem]
        kit: Any = self.fields["kit"]
        kit.queryset = kits.exclude(pk__in=[each.pk for each, _ in self.unavailable_kits])
        if len(problems) - len(self.unavailable_kits) == 1:
            kit.initial = kit.queryset.get()
        read_choices(self, "kit")

    def kit_choices(self) -> list[tuple[Any, str, list[str]]]:
        """Each choice with its costs and the names of the devices that take its places on the patient's gateway."""
        kits = [(choice, choice.data["value"].instance) for choice in self["kit"]]
        return [
            (choice, describe_costs(sum_costs(kit.device_types)), self.blocking_device_names.get(kit.pk, []))
            for choice, kit in kits
        ]


class KitOrderForm(KitForm, VendorShipmentForm):
    gateway = forms.ChoiceField(choices=(), widget=forms.RadioSelect)

    gateway_field = "gateway"

    def __init__(self, data: Any = None, *, patient: Patient, user: User) -> None:
        super().__init__(data, patient=patient, user=user)
        self.offer_kits(patient.clinic_id)
        kit: Any = self.fields["kit"]
        self.linked_gateway = orders.linked_gateway(patient)
        self.blocking_device_names = {}
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

    def place(self, *, by: User) -> Order:
        """Raises OrderError, LineAlreadyOpenError and GatewayHeldError."""
        gateway = self.linked_gateway if self.cleaned_data["gateway"] == JOIN_GATEWAY else None
        values = self.common_values | {name: self.cleaned_data[name] for name in ("kit", "sharing_reason")}
        return orders.place(gateway=gateway, by=by, **values)


class ClinicShipmentForm(KitForm, ParcelForm, ShipmentForm):
    """A kit that the clinic ships from its own shelf, before the ids of its hardware are known."""

    def __init__(self, data: Any = None, *, patient: Patient, user: User) -> None:
        super().__init__(data, patient=patient, user=user)
        self.offer_kits(patient.clinic_id)

    @property
    def shipment(self) -> ShipTo:
        return msgspec.structs.replace(super().shipment, client_will_fulfill=True)

    def place(self, *, by: User) -> Order:
        """Raises OrderError and LineAlreadyOpenError."""
        copied = ("kit", "carrier", "tracking_number")
        return orders.place(by=by, **self.common_values, **{name: self.cleaned_data[name] for name in copied})


class GatewayOnlyForm(VendorShipmentForm):
    """A new gateway for a device that the patient has already."""

    device_type = forms.ModelChoiceField(
        label="For which device of the patient's?",
        queryset=DeviceType.objects.shippable().exclude(sensor_code=""),
        empty_label="Choose a device",
        help_text="The gateway is ordered for one device. Further devices are activated on it once it has arrived.",
    )

    def __init__(self, data: Any = None, *, patient: Patient, user: User) -> None:
        super().__init__(data, patient=patient, user=user)
        read_choices(self, "device_type")

    def place(self, *, by: User) -> Order:
        """Raises OrderError and LineAlreadyOpenError."""
        return orders.ship_gateway(device_type=self.cleaned_data["device_type"], by=by, **self.common_values)


LAST_DAY_WITHOUT_DISCHARGE = (
    "A last day of care belongs to a discharge. Tick “Discharge the patient as well”, or leave this date empty."
)


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
    last_day = last_day_field()

    def __init__(self, data: Any = None, *, discharged: bool) -> None:
        """`discharged`: the patient is; then only the devices are asked about."""
        super().__init__(data)
        self.asks_discharge = False
        if discharged:
            del self.fields["discharge"], self.fields["last_day"]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        values.setdefault("last_day", None)
        self.asks_discharge = bool(values.get("discharge"))
        if values["last_day"] and not self.asks_discharge:
            self.add_error("last_day", LAST_DAY_WITHOUT_DISCHARGE)
        return values

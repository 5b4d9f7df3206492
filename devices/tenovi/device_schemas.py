"""Schemas of devices, patients and orders. Unknown keys are ignored and few required: both change without notice."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

import msgspec

from devices.hardware_ids import normalise_hardware_uuid
from devices.statuses import DeviceState

from .decoding import VendorRecord
from .vocabulary import parse_device_state

ShortText = Annotated[str, msgspec.Meta(max_length=255)]
LongText = Annotated[str, msgspec.Meta(max_length=10_000)]
AwareDatetime = Annotated[dt.datetime, msgspec.Meta(tz=True)]


class VendorPatient(VendorRecord, frozen=True, kw_only=True):
    """A patient as nested in a device, read or to be sent: what shipping needs and no more."""

    external_id: ShortText | None = None
    name: ShortText | None = None
    phone_number: ShortText | None = None
    email: ShortText | None = None
    physician: ShortText | None = None
    clinic_name: ShortText | None = None
    care_manager: ShortText | None = None
    sms_opt_in: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Empty fields are left out. `sms_opt_in` is always sent, and false unless consent was recorded: the vendor's
        own default is true."""
        filled = {name: value for name in VendorPatient.__struct_fields__ if (value := getattr(self, name))}
        return {**filled, "sms_opt_in": self.sms_opt_in is True}


class PatientDetails(VendorPatient, frozen=True, kw_only=True):
    """A patient at `/hwi-patients/`, with the address that the vendor verifies."""

    address: ShortText | None = None
    city: ShortText | None = None
    state: ShortText | None = None
    zip_code: ShortText | None = None
    address_status: ShortText | None = None  # "", "Verified" or "Invalid"; read-only
    address_verified_by: ShortText | None = None  # read-only
    confirm_address: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """`confirm_address` false withdraws a confirmation of an earlier address; None changes nothing."""
        place = ("address", "city", "state", "zip_code")
        chosen = {} if self.confirm_address is None else {"confirm_address": self.confirm_address}
        return super().to_json() | {name: value for name in place if (value := getattr(self, name))} | chosen


class ShipTo(msgspec.Struct, frozen=True, kw_only=True):
    """Where a dropshipped device goes, to be sent. `client_notes` carries our short reference, by which a lost answer
    is found again. `require_signature` costs extra; `ship_gateway_only`: the patient already has the device."""

    name: str
    address: str
    city: str
    state: str
    zip_code: str
    client_notes: str = ""
    notify_emails: str | None = None  # comma-separated
    require_signature: bool = False
    ship_gateway_only: bool = False
    client_will_fulfill: bool = False

    def __repr__(self) -> str:
        return "<ShipTo>"

    def to_json(self) -> dict[str, Any]:
        place = ("name", "address", "city", "state", "zip_code")
        rest = {name: getattr(self, name) for name in self.__struct_fields__ if name not in place}
        return {f"shipping_{name}": getattr(self, name) for name in place} | rest


class FulfillmentRequest(VendorRecord, frozen=True, kw_only=True):
    created: AwareDatetime | None = None
    shipping_status: ShortText | None = None  # two letters, some of unknown meaning: display only
    shipping_name: ShortText | None = None
    shipping_address: ShortText | None = None
    shipping_city: ShortText | None = None
    shipping_state: ShortText | None = None
    shipping_zip_code: ShortText | None = None
    shipping_tracking_link: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    shipped_on: AwareDatetime | None = None
    delivered_on: AwareDatetime | None = None
    client_notes: LongText | None = None
    fulfilled: bool | None = None
    client_will_fulfill: bool | None = None
    flagged_by_client: bool | None = None
    invalid_address: LongText | None = None  # a text, not a flag
    duplicate_device_at_address: bool | None = None


class NestedDevice(VendorRecord, frozen=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    created: AwareDatetime | None = None
    hardware_uuid: ShortText | None = None
    sensor_code: ShortText | None = None
    sensor_id: ShortText | None = None
    shared_hardware_uuid: bool | None = None
    model_number: ShortText | None = None
    fulfillment_request: FulfillmentRequest | None = None


class HwiDevice(VendorRecord, frozen=True, kw_only=True):
    """`id` is the root id, the only key to store: webhooks call it `hwi_device_id`."""

    id: uuid.UUID
    device: NestedDevice
    status: ShortText | None = None
    connected_on: AwareDatetime | None = None
    unlinked_on: AwareDatetime | None = None
    last_measurement: AwareDatetime | None = None
    patient: VendorPatient | None = None
    patient_id: ShortText | None = None  # deprecated, still there in old rows

    def __repr__(self) -> str:
        return f"<HwiDevice {self.id}>"

    @property
    def state(self) -> DeviceState | None:
        """None while the status is `Replaced`, an event that says nothing about the state."""
        return parse_device_state(self.status)

    @property
    def name(self) -> str:
        return self.device.name

    @property
    def hardware_uuid(self) -> str:
        """Normalised; empty before shipping and after unlinking."""
        return normalise_hardware_uuid(self.device.hardware_uuid)

    @property
    def external_id(self) -> str | None:
        return (self.patient and self.patient.external_id) or self.patient_id or None

    @property
    def client_notes(self) -> str:
        return (self.device.fulfillment_request and self.device.fulfillment_request.client_notes) or ""

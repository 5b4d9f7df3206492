"""Schemas of account-wide records at Tenovi: device types, gateways, hardware changes, registered webhooks."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec

from .decoding import VendorRecord
from .device_schemas import AwareDatetime, ShortText

Price = Annotated[str, msgspec.Meta(max_length=32)] | float | int | None


class MetricInfo(VendorRecord, frozen=True, kw_only=True):
    name: ShortText
    primary_units: ShortText | None = None
    primary_display_name: ShortText | None = None
    secondary_units: ShortText | None = None
    secondary_display_name: ShortText | None = None
    unified_display_name: ShortText | None = None
    type: ShortText | None = None


class HwiDeviceType(VendorRecord, frozen=True, kw_only=True):
    """One row of the account's catalogue. `name` is sent back exactly so when ordering. Money: decimal text, USD."""

    id: uuid.UUID
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    sensor_code: ShortText | None = None
    sensor_id_required: bool | None = None
    metrics: list[MetricInfo] | None = None
    image: Annotated[str, msgspec.Meta(max_length=1000)] | None = None
    client_sku: ShortText | None = None
    stock_type: ShortText | None = None
    up_front_cost: Price = None
    shipping_cost: Price = None
    monthly_cost: Price = None
    in_stock: bool | None = None
    virtual: bool | None = None
    deprecated: bool | None = None


class HwiGateway(VendorRecord, frozen=True, kw_only=True):
    """Signal: 30 or more is excellent, 10 or less poor."""

    gateway_uuid: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    last_signal_strength: int | None = None
    last_measurement: AwareDatetime | None = None
    shipped_on: AwareDatetime | None = None
    assigned_on: AwareDatetime | None = None


class WhitelistedDevice(VendorRecord, frozen=True, kw_only=True):
    sensor_code: ShortText
    mac_address: ShortText
    whitelist_status: ShortText  # RE requested, CO confirmed
    created: AwareDatetime | None = None
    modified: AwareDatetime | None = None


class GatewayInfo(VendorRecord, frozen=True, kw_only=True):
    gateway_uuid: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    firmware_version: ShortText | None = None
    bootloader_version: ShortText | None = None
    provisioned: bool | None = None
    last_signal_strength: int | None = None
    last_checkin_time: AwareDatetime | None = None
    assigned_on: AwareDatetime | None = None
    shipped_on: AwareDatetime | None = None
    whitelisted_devices: list[WhitelistedDevice] | None = None


class BulkOrder(VendorRecord, frozen=True, kw_only=True):
    """`contents` and `manifest` as sent: what can't be read in one of them is no reason to lose the order."""

    id: uuid.UUID
    created: AwareDatetime | None = None
    modified: AwareDatetime | None = None
    order_number: ShortText | None = None
    shipping_name: ShortText | None = None
    shipping_status: ShortText | None = None
    shipping_tracking_link: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    requested_by: ShortText | None = None
    contents: Any = None
    manifest: Any = None


class HardwareUuidLog(VendorRecord, frozen=True, kw_only=True):
    """One swap of a gateway or IMEI."""

    id: uuid.UUID
    object_id: ShortText | None = None
    device_name: ShortText | None = None
    old_hardware_uuid: ShortText | None = None
    new_hardware_uuid: ShortText | None = None
    changer: ShortText | None = None
    created: AwareDatetime | None = None


class ReplacedItem(VendorRecord, frozen=True, kw_only=True):
    name: ShortText


class HwiReplacement(VendorRecord, frozen=True, kw_only=True):
    """A request for new hardware under an HWI device. `device_types` names what is replaced; a gateway is "Gateway".
    `shipping_status` is a code of two letters."""

    id: uuid.UUID
    hwi_device_id: ShortText | None = None
    device_types: list[ReplacedItem] | None = None
    shipping_status: ShortText | None = None
    order_number: ShortText | None = None
    fulfilled: bool | None = None
    created: AwareDatetime | None = None
    shipped_on: AwareDatetime | None = None
    delivered_on: AwareDatetime | None = None
    shipping_tracking_link: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class DeviceProperty(VendorRecord, frozen=True, kw_only=True):
    """A tag or setting of one device; keys are unique on it."""

    id: uuid.UUID
    key: ShortText
    value: ShortText | None = None
    synced: bool | None = None


class VendorWebhook(VendorRecord, frozen=True, kw_only=True):
    """A registered webhook. `auth_key` is the header's name, `auth_header` its whole value: a secret."""

    id: uuid.UUID
    endpoint: Annotated[str, msgspec.Meta(max_length=512)]
    event: ShortText | None = None
    auth_key: ShortText | None = None
    auth_header: ShortText | None = None
    post_as_array: bool | None = None
    enabled_by_default: bool | None = None

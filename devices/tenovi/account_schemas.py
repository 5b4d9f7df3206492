"""What belongs to the account at Tenovi and to no patient: catalogue, gateways, swaps, registered webhooks."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec

from .decoding import Row
from .device_schemas import Moment, Word

Money = Annotated[str, msgspec.Meta(max_length=32)] | float | int | None


class MetricInfo(Row, frozen=True, kw_only=True):
    name: Word
    primary_units: Word | None = None
    primary_display_name: Word | None = None
    secondary_units: Word | None = None
    secondary_display_name: Word | None = None
    unified_display_name: Word | None = None
    type: Word | None = None


class HwiDeviceType(Row, frozen=True, kw_only=True):
    """One row of the account's catalogue. `name` is sent back exactly so when ordering. Money: decimal text, USD."""

    id: uuid.UUID
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    sensor_code: Word | None = None
    sensor_id_required: bool | None = None
    metrics: list[MetricInfo] | None = None
    image: Annotated[str, msgspec.Meta(max_length=1000)] | None = None
    client_sku: Word | None = None
    stock_type: Word | None = None
    up_front_cost: Money = None
    shipping_cost: Money = None
    monthly_cost: Money = None
    in_stock: bool | None = None
    virtual: bool | None = None
    deprecated: bool | None = None


class HwiGateway(Row, frozen=True, kw_only=True):
    """Signal: 30 or more is excellent, 10 or less poor."""

    gateway_uuid: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    last_signal_strength: int | None = None
    last_measurement: Moment | None = None
    shipped_on: Moment | None = None
    assigned_on: Moment | None = None


class WhitelistedDevice(Row, frozen=True, kw_only=True):
    sensor_code: Word
    mac_address: Word
    whitelist_status: Word  # RE requested, CO confirmed
    created: Moment | None = None
    modified: Moment | None = None


class GatewayInfo(Row, frozen=True, kw_only=True):
    gateway_uuid: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    firmware_version: Word | None = None
    bootloader_version: Word | None = None
    provisioned: bool | None = None
    last_signal_strength: int | None = None
    last_checkin_time: Moment | None = None
    assigned_on: Moment | None = None
    shipped_on: Moment | None = None
    whitelisted_devices: list[WhitelistedDevice] | None = None


class HardwareUuidLog(Row, frozen=True, kw_only=True):
    """One swap of a gateway or IMEI."""

    id: uuid.UUID
    object_id: Word | None = None
    device_name: Word | None = None
    old_hardware_uuid: Word | None = None
    new_hardware_uuid: Word | None = None
    changer: Word | None = None
    created: Moment | None = None


class VendorWebhook(Row, frozen=True, kw_only=True):
    """A hook registered at the vendor. `auth_key` is the header's name, `auth_header` its whole value: a secret."""

    id: uuid.UUID
    endpoint: Annotated[str, msgspec.Meta(max_length=512)]
    event: Word | None = None
    auth_key: Word | None = None
    auth_header: Word | None = None
    post_as_array: bool | None = None
    enabled_by_default: bool | None = None

"""Client of Tenovi's HWI API, one method per endpoint. Each raises one of four errors: see `errors`."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from devices.hardware_ids import normalise_hardware_uuid
from patients.folding import fold_case

from .account_schemas import (
    BulkOrder,
    DeviceProperty,
    GatewayInfo,
    HardwareUuidLog,
    HwiDeviceType,
    HwiGateway,
    HwiReplacement,
    VendorWebhook,
)
from .decoding import ListResult
from .device_schemas import HwiDevice, PatientDetails, ShipTo, VendorPatient
from .http_client import VendorHttpClient
from .pagination import Page
from .vocabulary import format_time, parse_time

logger = logging.getLogger(__name__)


class TenoviClient(VendorHttpClient):
    """Opened by `user_client()` or `background_client()`."""

    # --- devices ------------------------------------------------------------------------------------------------

    def list_devices(
        self, *, patient_external_id: str | None = None, hardware_uuid: str | None = None, search: str | None = None
    ) -> ListResult[HwiDevice]:
        """Every device of the account in every state, unlinked ones included. Filters are applied here again: the
        vendor silently ignores a filter that it doesn't know."""
        gateway = normalise_hardware_uuid(hardware_uuid)
        filters = {
            "patient__external_id": patient_external_id,
            "device__hardware_uuid__iexact": gateway,
            "search": search,
        }
        listing = self.list_all(HwiDevice, "hwi-devices/", {name: value for name, value in filters.items() if value})
        rows = (row for row in listing.rows if not gateway or row.hardware_uuid == gateway)
        wanted = fold_case(patient_external_id or "")
        rows = (row for row in rows if not wanted or fold_case(row.external_id or "") == wanted)
        return ListResult(tuple(rows), listing.unreadable_rows)

    def get_device(self, hwi_id: uuid.UUID | str) -> HwiDevice:
        return self.get_object(HwiDevice, "hwi-devices/{}/", str(hwi_id))

    def order_device(self, *, name: str, gateway: str | None, patient: VendorPatient, ship_to: ShipTo) -> HwiDevice:
        """Dropship one device; `gateway` None ships one too. Not idempotent: sent twice, it ships and bills twice."""
        device = {"name": name, "hardware_uuid": gateway, "fulfillment_request": ship_to.to_json()}
        return self.send_for_object(
            HwiDevice, "POST", "hwi-devices/", json={"device": device, "patient": patient.to_json()}
        )

    def activate_device(
        self, *, name: str, hardware_uuid: str, patient: VendorPatient, sensor_id: str | None = None
    ) -> HwiDevice:
        """Start a device that is already with the patient. An unknown gateway still gets 201: check the state."""
        device = {"name": name, "hardware_uuid": normalise_hardware_uuid(hardware_uuid)}
        device |= {"sensor_id": sensor_id} if sensor_id else {}
        return self.send_for_object(
            HwiDevice, "POST", "hwi-devices/", json={"device": device, "patient": patient.to_json()}
        )

    def update_device_patient(
        self, hwi_id: uuid.UUID | str, *, name: str, hardware_uuid: str | None, patient: VendorPatient | None
    ) -> HwiDevice:
        """Relink one device, or None to detach it. The vendor applies only the patient, but wants the device named."""
        named = {"name": name, "hardware_uuid": hardware_uuid or None}
        body = {"device": named, "patient": patient.to_json() if patient else None}
        return self.send_for_object(HwiDevice, "PUT", "hwi-devices/{}/", str(hwi_id), json=body)

    def delete_device(self, hwi_id: uuid.UUID | str) -> None:
        """Refused once an attached shipment is fulfilled; then unlink."""
        self.send_once("DELETE", "hwi-devices/{}/", str(hwi_id))

    def unlink_device(self, hwi_id: uuid.UUID | str) -> HwiDevice:
        """Free the gateway and end the charge. A GET that changes state: sent once, never tried again."""
        return self.send_for_object(HwiDevice, "GET", "unlink-gateway/{}/", str(hwi_id))

    def list_hardware_uuid_logs(self, hwi_id: uuid.UUID | str) -> ListResult[HardwareUuidLog]:
        return self.list_all(HardwareUuidLog, "hardware-uuid-logs/", {"object_id": str(hwi_id)}, paged=False)

    # --- replacements -------------------------------------------------------------------------------------------

    def list_replacements(self) -> ListResult[HwiReplacement]:
        return self.list_all(HwiReplacement, "hwi-replacements/", paged=False)

    def create_replacement(
        self, hwi_id: uuid.UUID | str, *, names: Sequence[str], ship_to: ShipTo | None
    ) -> HwiReplacement:
        """Ship new hardware for a device; its HWI id stays. Not idempotent: sent twice, it ships twice. `ship_to` None:
        nothing is shipped, the device is one of a bulk order."""
        body = {"hwi_device_id": str(hwi_id), "device_types": [{"name": name} for name in names]}
        fields = ship_to.to_json() if ship_to else {}
        shipping = {name: value for name, value in fields.items() if name.startswith("shipping_")}
        return self.send_for_object(HwiReplacement, "POST", "hwi-replacements/", json=body | shipping)

    def delete_replacement(self, replacement_id: uuid.UUID | str) -> None:
        """Refused once it has shipped."""
        self.send_once("DELETE", "hwi-replacements/{}/", str(replacement_id))

    def list_device_properties(self, hwi_id: uuid.UUID | str) -> ListResult[DeviceProperty]:
        return self.list_all(DeviceProperty, f"hwi-devices/{uuid.UUID(str(hwi_id))}/properties/", paged=False)

    def set_device_property(self, hwi_id: uuid.UUID | str, key: str, value: str) -> DeviceProperty:
        """Keys are unique on a device: one that exists gets the new value, so this may be sent twice."""
        body = {"key": key, "value": value}
        return self.send_for_object(DeviceProperty, "POST", "hwi-devices/{}/properties/", str(hwi_id), json=body)

    def delete_device_property(self, hwi_id: uuid.UUID | str, property_id: uuid.UUID | str) -> None:
        self.send_once("DELETE", "hwi-devices/{}/properties/{}/", str(hwi_id), str(property_id))

    # --- measurements -------------------------------------------------------------------------------------------

    def patient_measurements(
        self, external_id: str, *, created_from: dt.datetime, created_before: dt.datetime
    ) -> Iterator[Page]:
        """All readings of all of a patient's devices that the vendor stored in the window, page by page; end excluded.
        An error at any page means that the window is not complete."""
        yield from self.measurement_pages("patients/{}/measurements/", external_id, created_from, created_before)

    def device_measurements(
        self, hwi_id: uuid.UUID | str, *, created_from: dt.datetime, created_before: dt.datetime
    ) -> Iterator[Page]:
        """As `patient_measurements`, of one device."""
        yield from self.measurement_pages("hwi-devices/{}/measurements/", str(hwi_id), created_from, created_before)

    def measurement_pages(
        self, template: str, key: str, created_from: dt.datetime, created_before: dt.datetime
    ) -> Iterator[Page]:
        window = {"created__gte": format_time(created_from), "created__lt": format_time(created_before)}
        for page in self.iterate_pages(template, key, params=window):
            if strays := sum(not is_created_within(item, created_from, created_before) for item in page.items):
                logger.warning("GET %s: %d rows outside the requested window", template, strays)
            yield page

    # --- patients -----------------------------------------------------------------------------------------------

    def list_patients(self, *, search: str | None = None) -> ListResult[PatientDetails]:
        return self.list_all(PatientDetails, "hwi-patients/", {"search": search} if search else None)

    def get_patient(self, external_id: str) -> PatientDetails:
        return self.get_object(PatientDetails, "hwi-patients/{}/", external_id)

    def create_patient(self, patient: PatientDetails) -> PatientDetails:
        """An external id that exists already, in any case of letters, is rejected."""
        return self.send_for_object(PatientDetails, "POST", "hwi-patients/", json=patient.to_json())

    def update_patient(
        self, external_id: str, patient: PatientDetails, *, cleared: Iterable[str] = ()
    ) -> PatientDetails:
        """Changes what every device of this patient shows. Empty fields stay as they are, but those `cleared`."""
        body = dict.fromkeys(cleared) | patient.to_json()
        return self.send_for_object(PatientDetails, "PUT", "hwi-patients/{}/", external_id, json=body)

    def delete_patient(self, external_id: str) -> None:
        self.send_once("DELETE", "hwi-patients/{}/", external_id)

    # --- catalogue, gateways ------------------------------------------------------------------------------------

    def list_device_types(self) -> ListResult[HwiDeviceType]:
        return self.list_all(HwiDeviceType, "hwi-device-types/", paged=False)

    def list_gateways(self) -> ListResult[HwiGateway]:
        return self.list_all(HwiGateway, "hwi-gateways/")

    def get_gateway_info(self, gateway_uuid: str) -> GatewayInfo:
        """Only for gateways that are already linked to the account: an id can't be checked beforehand."""
        return self.get_object(GatewayInfo, "gateway-info/{}/", normalise_hardware_uuid(gateway_uuid))

    def list_bulk_orders(self) -> ListResult[BulkOrder]:
        """Placed in the vendor's web app or through a representative: this list is read-only."""
        return self.list_all(BulkOrder, "hwi-bulk-orders/")

    # --- webhooks -----------------------------------------------------------------------------------------------

    def list_webhooks(self) -> ListResult[VendorWebhook]:
        return self.list_all(VendorWebhook, "webhooks/", paged=False)

    def create_webhook(
        self, *, endpoint: str, event: str, header: str, secret: str, as_array: bool = True
    ) -> VendorWebhook:
        """`event`: MEASUREMENT or FULFILLMENT. `secret` is the header's whole value."""
        body = webhook_json(endpoint, event, header, secret, as_array)
        return self.send_for_object(VendorWebhook, "POST", "webhooks/", json=body)

    def update_webhook(
        self,
        hook_id: uuid.UUID | str,
        *,
        endpoint: str,
        event: str,
        header: str,
        secret: str,
        as_array: bool = True,
    ) -> VendorWebhook:
        body = webhook_json(endpoint, event, header, secret, as_array)
        return self.send_for_object(VendorWebhook, "PUT", "webhooks/{}/", str(hook_id), json=body)

    def send_test_webhook(self, *, hook_id: uuid.UUID | str, event: str, hwi_device_id: str, patient_id: str) -> None:
        """Has the vendor send one ordinary-looking message to this hook only; only its ids mark it as a test."""
        named = {"hwi_device_id": hwi_device_id, "patient_id": patient_id}
        self.send_once("POST", "test-webhooks/", json={"event": event, "webhook_ids": [str(hook_id)], **named})

    def delete_webhook(self, hook_id: uuid.UUID | str) -> None:
        self.send_once("DELETE", "webhooks/{}/", str(hook_id))


def is_created_within(item: Any, created_from: dt.datetime, created_before: dt.datetime) -> bool:
    """True without a readable time: ingest validates the reading."""
    try:
        return created_from <= parse_time(item["created"]) < created_before
    except (TypeError, KeyError, ValueError):
        return True


def webhook_json(endpoint: str, event: str, header: str, secret: str, as_array: bool) -> dict[str, object]:
    return {
        "endpoint": endpoint,
        "event": event,
        "auth_key": header,
        "auth_header": secret,
        "post_as_array": as_array,
        "enabled_by_default": True,
    }

"""The vendor, as the rest of the product sees it: `tenovi.people_lane()`, a client, four errors, frozen rows."""

from .account_schemas import GatewayInfo, HardwareUuidLog, HwiDeviceType, HwiGateway, VendorWebhook
from .client import TenoviClient
from .client_factory import background_lane, people_lane
from .decoding import Listing, Unreadable
from .device_schemas import FulfillmentRequest, HwiDevice, PatientDetails, ShipTo, VendorPatient
from .errors import Misconfigured, NotSent, Rejected, Unclear, VendorError
from .pagination import Page
from .rate_limiter import ApiKey, Gate, clear_bad
from .vocabulary import clean, device_state, format_time, parse_time

__all__ = [
    "ApiKey",
    "FulfillmentRequest",
    "Gate",
    "GatewayInfo",
    "HardwareUuidLog",
    "HwiDevice",
    "HwiDeviceType",
    "HwiGateway",
    "Listing",
    "Misconfigured",
    "NotSent",
    "Page",
    "PatientDetails",
    "Rejected",
    "ShipTo",
    "TenoviClient",
    "Unclear",
    "Unreadable",
    "VendorError",
    "VendorPatient",
    "VendorWebhook",
    "background_lane",
    "clean",
    "clear_bad",
    "device_state",
    "format_time",
    "parse_time",
    "people_lane",
]

"""Tenovi API client: `tenovi.user_client()`, `tenovi.background_client()`, four errors, frozen records."""

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
from .client import TenoviClient
from .client_factory import background_client, configured_keys, user_client
from .decoding import ListResult, UnreadableRow
from .device_schemas import FulfillmentRequest, HwiDevice, PatientDetails, ShipTo, VendorPatient
from .errors import (
    Failed,
    Misconfigured,
    NotSent,
    Rejected,
    RetryAfter,
    Stop,
    Unclear,
    VendorError,
    VendorFailure,
    classify,
)
from .pagination import Page
from .rate_limiter import ApiKey, RateLimiter, clear_refused_key
from .vocabulary import (
    MAX_WORD_LENGTH,
    fold_known_words,
    fold_word,
    format_time,
    match_known_word,
    parse_device_state,
    parse_time,
    sanitize_json,
)

__all__ = [
    "MAX_WORD_LENGTH",
    "ApiKey",
    "BulkOrder",
    "DeviceProperty",
    "Failed",
    "FulfillmentRequest",
    "GatewayInfo",
    "HardwareUuidLog",
    "HwiDevice",
    "HwiDeviceType",
    "HwiGateway",
    "HwiReplacement",
    "ListResult",
    "Misconfigured",
    "NotSent",
    "Page",
    "PatientDetails",
    "RateLimiter",
    "Rejected",
    "RetryAfter",
    "ShipTo",
    "Stop",
    "TenoviClient",
    "Unclear",
    "UnreadableRow",
    "VendorError",
    "VendorFailure",
    "VendorPatient",
    "VendorWebhook",
    "background_client",
    "classify",
    "clear_refused_key",
    "configured_keys",
    "fold_known_words",
    "fold_word",
    "format_time",
    "match_known_word",
    "parse_device_state",
    "parse_time",
    "sanitize_json",
    "user_client",
]

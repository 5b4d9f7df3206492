from .api_key_slot import ApiKeySlot
from .delivery import Delivery
from .device import Assignment, Device
from .device_type import DeviceType
from .gateway import Gateway
from .hardware_change import HardwareChange
from .operator_alarm import OperatorAlarm
from .sync import SyncRow, SyncRun
from .vendor_call import VendorCall
from .webhook_count import WebhookCount
from .webhook_self_test import WebhookSelfTest

__all__ = [
    "ApiKeySlot",
    "Assignment",
    "Delivery",
    "Device",
    "DeviceType",
    "Gateway",
    "HardwareChange",
    "OperatorAlarm",
    "SyncRow",
    "SyncRun",
    "VendorCall",
    "WebhookCount",
    "WebhookSelfTest",
]

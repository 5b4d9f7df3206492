from .api_key_slot import KeySlot
from .delivery import Delivery
from .device import Assignment, Device
from .device_type import DeviceType
from .gateway import Gateway
from .hardware_change import HardwareChange
from .operator_alarm import Alarm
from .sync import PeriodicJob, SyncRow, SyncRun
from .vendor_call import VendorCall
from .webhook_count import HookTally

__all__ = [
    "Alarm",
    "Assignment",
    "Delivery",
    "Device",
    "DeviceType",
    "Gateway",
    "HardwareChange",
    "HookTally",
    "KeySlot",
    "PeriodicJob",
    "SyncRow",
    "SyncRun",
    "VendorCall",
]

from .alarm import Alarm
from .call import VendorCall
from .catalogue import DeviceType
from .delivery import Delivery
from .device import Assignment, Device
from .gateway import Gateway
from .hardware import HardwareChange
from .key_slot import KeySlot
from .sync import PeriodicJob, SyncRow, SyncRun
from .tally import HookTally

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

from .call import VendorCall
from .catalogue import DeviceType
from .delivery import Delivery
from .device import Assignment, Device, Gateway
from .key_slot import KeySlot
from .sync import PeriodicJob, SyncRow, SyncRun

__all__ = [
    "Assignment",
    "Delivery",
    "Device",
    "DeviceType",
    "Gateway",
    "KeySlot",
    "PeriodicJob",
    "SyncRow",
    "SyncRun",
    "VendorCall",
]

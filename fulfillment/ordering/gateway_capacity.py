"""Gateway capacity: the vendor takes one device of each sensor code per gateway, and refuses a second one only after
it was ordered. Devices with sensor ids of their own (pill bottle caps) share a gateway without a limit."""

from __future__ import annotations

from collections.abc import Iterable

from devices.hardware_ids import normalise_hardware_uuid
from devices.models import Device, DeviceType
from patients.models import Clinic


def device_names_on_gateway(gateway: str, *, clinic: Clinic) -> dict[str, str]:
    """Names of the devices on this gateway by sensor code; only devices of this clinic's own patients."""
    on_it = Device.objects.linked().filter(
        gateway__hardware_uuid__iexact=normalise_hardware_uuid(gateway), patient__clinic=clinic
    )
    return {device.family: device.name for device in on_it.exclude(sensor_code="")}


def blocking_device_names(wanted: Iterable[DeviceType], *, on_gateway: dict[str, str]) -> list[str]:
    """Names of the devices that take the place of a wanted one; two of the same sensor code in a kit count as well."""
    taken, refused = dict(on_gateway), []
    for device_type in wanted:
        if not device_type.sensor_code or device_type.sensor_id_required:
            continue
        if device_type.sensor_code in taken:
            refused.append(taken[device_type.sensor_code])
        taken.setdefault(device_type.sensor_code, device_type.name)
    return list(dict.fromkeys(refused))

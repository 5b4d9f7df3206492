"""Gateway sharing: the reason for using a gateway that another patient has is recorded with the order."""

from __future__ import annotations

from devices import gateway_holders
from devices.gateway_holders import SharingReason
from devices.hardware_ids import format_hardware_id
from devices.models import DeviceType
from fulfillment import timeline
from fulfillment.models import Order, OrderLine
from patients.models import User

GATEWAY_SHARED_EVENT = "Uses gateway {}, which another patient has. Reason: {}"


def check_gateway_sharing(
    order: Order, wanted: list[DeviceType], *, by: User, reason: str, line: OrderLine | None = None
) -> None:
    """Record why the order uses a gateway that another patient has. Raises GatewayHeldError.

    A shipped cellular device has a modem of its own, so it joins no gateway.
    """
    joins = order.on_site or any(not device_type.cellular for device_type in wanted)
    if not order.gateway_id or not joins:
        return
    gateway_holders.lock_gateway(order.gateway_id)
    holders = gateway_holders.find_other_holders(order.gateway_id, patient=order.patient)
    gateway_holders.require_shareable(holders, reason=reason)
    if holders:
        text = GATEWAY_SHARED_EVENT.format(format_hardware_id(order.gateway_id), SharingReason(reason).label)
        timeline.add_person_event(text, by=by, order=order, line=line)
        gateway_holders.record_sharing(holders, patient=order.patient, by=by, reason=reason, target=f"order:{order.pk}")

"""Rows that are stuck, or nearly: order lines, devices without an order and ends of monitoring."""

import datetime as dt

from django.utils import timezone

from devices.models import Device, VendorCall
from fulfillment.models import OrderLine
from tests.factories import DeviceFactory, OrderFactory, OrderLineFactory, VendorCallFactory

VENDOR_DATES = {"shipped": "shipped_on", "delivered": "delivered_on"}


def ago(**span):
    return timezone.now() - dt.timedelta(**span)


def line_in(status, patient, *, since, device=None, **fields):
    """An order line of the vendor's, or of ours for a call's state, that has had its status since then."""
    order = OrderFactory(patient=patient, lines=0)
    line = OrderLineFactory(order=order, status=status, status_at=since, device=device, **fields)
    state = status if status in VendorCall.State.values and device is None else "confirmed"
    lease = {"lease": order.pk} if state == "sending" else {}
    VendorCall.objects.filter(pk=line.call_id).update(state=state, device=device, **lease)
    return OrderLine.objects.select_related("order", "call__device", "device_type", "patient__clinic").get(pk=line.pk)


def device_in(state, patient, *, since, **fields):
    """A device that was not ordered here."""
    device = DeviceFactory(patient=patient, state=state, vendor_status=state.title(), **fields)
    Device.objects.filter(pk=device.pk).update(state_since=since)
    return device


def end_call(state, device, *, since, kind="unlink", **fields):
    lease = {"lease": device.hwi_id} if state == "sending" else {}
    about = {"patient": device.patient, "device": device, "created_at": since}
    return VendorCallFactory(kind=kind, state=state, **about, **lease, **fields)

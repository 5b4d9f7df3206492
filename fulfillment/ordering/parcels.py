"""Parcels of the clinic: carrier and tracking number as our own note, which the vendor's API doesn't take."""

from __future__ import annotations

from django.db import transaction

from fulfillment import timeline
from fulfillment.models import Order
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction


class ParcelChangedError(Exception):
    """Another person has changed the note since the form was opened."""


def parcel_text(order: Order) -> str:
    """Such as "USPS 9400111899223197428490"; empty if nothing is noted."""
    return " ".join(filter(None, (order.get_carrier_display(), order.tracking_number)))


@transaction.atomic
def record_parcel(*, order: Order, carrier: str, tracking_number: str, seen: str, by: User) -> None:
    """`seen`: the `parcel_text` that the person has changed. Raises ParcelChangedError."""
    Patient.objects.touch_live_version([order.patient_id])  # locked before its orders, as everywhere
    order.refresh_from_db(fields=["carrier", "tracking_number"])
    if parcel_text(order) != seen:
        raise ParcelChangedError(f"Another person has changed it meanwhile: {parcel_text(order) or 'emptied'}.")
    order.carrier, order.tracking_number = carrier, tracking_number
    order.save(update_fields=["carrier", "tracking_number"])
    timeline.add_person_event(f"Our parcel: {parcel_text(order) or 'nothing noted'}", by=by, order=order)
    audit_log.record_event(
        AuditAction.ORDER,
        by=by,
        patients=[order.patient_id],
        clinic=order.patient.clinic,
        target=f"order:{order.pk}",
    )

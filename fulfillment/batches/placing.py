"""Batches: one kit for many patients, placed by a worker one order at a time, and stopped.

Each order's submission id is derived from the batch and the patient, so that none is placed twice whatever is repeated.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from devices.gateway_holders import GatewayHeldError, find_other_holders
from devices.models import DeviceType, VendorCall
from devices.models.vendor_call import CallState
from devices.patient_records import address_checks
from devices.tenovi import ShipTo
from fulfillment import timeline
from fulfillment.batches.models import BatchItem, ItemState, OrderBatch
from fulfillment.models import Kit, Order, OrderLine
from fulfillment.ordering import gateway_capacity, orders
from fulfillment.ordering.kit_contents import kit_problem
from fulfillment.ordering.unshipped_orders import patient_address
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import drain

SLICE_SECONDS = 20.0
MAX_PATIENTS = 500
ON_THE_WAY = "Already on the way to this patient: {}."


class BatchError(Exception):
    """Why the batch is refused, for the person."""


@dataclass(frozen=True)
class PlannedOrder:
    """`problem`: why this patient can't be ordered for; empty if it can."""

    patient: Patient
    problem: str


def plan_batch(kit: Kit, patients: Iterable[Patient]) -> list[PlannedOrder]:
    """Three queries, however many patients."""
    chosen, wanted = list(patients), kit.device_types
    families = {device_type.family for device_type in wanted}
    lines = OrderLine.objects.open().filter(patient__in=chosen, family__in=families, override_reason="")
    on_the_way: dict[uuid.UUID, set[str]] = {}
    for patient_id, name in lines.values_list("patient", "device_type__name"):
        on_the_way.setdefault(patient_id, set()).add(name)
    return [PlannedOrder(patient, find_problem(patient, on_the_way.get(patient.pk, set()))) for patient in chosen]


def find_problem(patient: Patient, on_the_way: set[str]) -> str:
    if patient.discharged_at:
        return "The patient is discharged."
    if missing := address_checks.missing_parts(patient):
        return f"The address is not complete: {', '.join(missing)}."
    return ON_THE_WAY.format(", ".join(sorted(on_the_way))) if on_the_way else ""


@transaction.atomic
def place_batch(*, batch_id: uuid.UUID, kit: Kit, patients: Sequence[Patient], by: User) -> OrderBatch:
    """The same id again returns the same batch. Raises BatchError."""
    if problem := kit_problem(kit.device_types):
        raise BatchError(problem)
    if not patients or len(patients) > MAX_PATIENTS:
        raise BatchError(f"A batch has 1 to {MAX_PATIENTS} patients.")
    if any(patient.clinic_id != kit.clinic_id for patient in patients):
        raise BatchError("All patients of a batch are of the kit's clinic.")
    fields = {"clinic_id": kit.clinic_id, "kit": kit, "placed_by": by}
    batch, created = OrderBatch.objects.get_or_create(pk=batch_id, defaults=fields)
    if not created:
        if batch.clinic_id != kit.clinic_id:
            raise BatchError("This form was used already. Please open a new one.")
        return batch
    BatchItem.objects.bulk_create(BatchItem(batch=batch, patient=patient) for patient in patients)
    ids = [patient.pk for patient in patients]
    audit_log.record_event(AuditAction.ORDER, by=by, patients=ids, clinic=kit.clinic, target=f"batch:{batch.pk}")
    wake_worker("order_batches")
    return batch


def place_due_orders(*, seconds: float = SLICE_SECONDS) -> int:
    """Place the orders of batches that wait, one by one. Returns how many items were worked on."""
    return drain(claim_next_item, place_item, seconds=seconds).count


def claim_next_item() -> BatchItem | None:
    related = ("batch__placed_by", "batch__kit", "patient__clinic")
    return BatchItem.objects.due().claim().select_related(*related).first()


def place_item(item: BatchItem) -> None:
    """In one transaction with the item's end; the batch's row is locked, so that a stop comes before or after."""
    try:
        with transaction.atomic():
            batch = OrderBatch.objects.select_for_update(no_key=True).get(pk=item.batch_id)
            if batch.stopped_at:
                item.release(state=ItemState.CANCELLED)
                return
            order = place_order(item)
            if not item.release(state=ItemState.PLACED, order=order):
                transaction.set_rollback(True)  # its lease ran out, and another worker has it
    except GatewayHeldError as error:
        item.release(state=ItemState.REFUSED, reason=error.holders.message_for(item.batch.placed_by)[:300])
    except orders.OrderError as reason:
        item.release(state=ItemState.REFUSED, reason=str(reason)[:300])


def place_order(item: BatchItem) -> Order:
    """Raises OrderError and GatewayHeldError."""
    patient, kit, own = item.patient, item.batch.kit, patient_address(item.patient)
    if missing := address_checks.missing_parts(patient):
        raise orders.OrderError(f"The address is not complete: {', '.join(missing)}.")
    return orders.place(
        patient=patient,
        kit=kit,
        ship_to=ShipTo(
            name=own["name"], address=own["street"], city=own["city"], state=own["state"], zip_code=own["zip_code"]
        ),
        gateway=choose_gateway(patient, kit.device_types),
        submission_id=uuid.uuid5(item.batch_id, str(patient.pk)),
        by=item.batch.placed_by,
    )


def choose_gateway(patient: Patient, wanted: list[DeviceType]) -> str | None:
    """As the order form preselects: the patient's own gateway where it has room and no other patient uses it."""
    gateway = orders.linked_gateway(patient)
    if gateway is None or find_other_holders(gateway, patient=patient):
        return None
    on_gateway = gateway_capacity.device_names_on_gateway(gateway, clinic=patient.clinic)
    return None if gateway_capacity.blocking_device_names(wanted, on_gateway=on_gateway) else gateway


@transaction.atomic
def stop_batch(*, batch: OrderBatch, by: User) -> int:
    """Cancel what is not ordered and what is ordered and not sent yet. Returns the number of calls that were cancelled;
    what was sent is cancelled on its order's page."""
    locked = OrderBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    if locked.stopped_at is None:
        OrderBatch.objects.filter(pk=batch.pk).update(stopped_at=timezone.now(), stopped_by=by)
    waiting = batch.items.filter(state=ItemState.WAITING)
    waiting.update(state=ItemState.CANCELLED, lease=None, leased_until=None)
    queued = batch.calls().filter(state=CallState.QUEUED)
    keys = list(queued.select_for_update(no_key=True, of=("self",)).values_list("pk", flat=True))
    calls = VendorCall.objects.filter(pk__in=keys, state=CallState.QUEUED)
    cancelled = calls.update(state=CallState.CANCELLED, resolved_at=timezone.now())
    stopped_orders = Order.objects.filter(lines__call__in=keys).distinct()
    for order in stopped_orders:
        timeline.add_person_event("Batch stopped: cancelled before it was sent", by=by, order=order)
    patients = list(batch.items.values_list("patient", flat=True))
    audit_log.record_event(
        AuditAction.CANCEL, by=by, patients=patients, clinic=batch.clinic, target=f"batch:{batch.pk}"
    )
    Patient.objects.touch_live_version([order.patient_id for order in stopped_orders])
    wake_worker("order_lines")
    return cancelled

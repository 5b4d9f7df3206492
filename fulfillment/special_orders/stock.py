"""Stock of the clinics: found by scan, counted down by activations, corrected by a person with a reason."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from devices.hardware_ids import (
    fold_device_name,
    format_hardware_id,
    hardware_uuid_problem,
    imei_checksum_problem,
    normalise_hardware_uuid,
)
from devices.models import DeviceType
from fulfillment.models import Order, OrderKind, OrderLine
from fulfillment.special_orders.models import (
    FAILED_ACTIVATIONS,
    StockCorrection,
    StockItem,
    StockItemQuerySet,
    StockState,
)
from patients.audit import audit_log
from patients.models.audit import AuditAction

if TYPE_CHECKING:
    from patients.models import User

NOT_IN_STOCK = "{} is in no bulk order that we know. It can still be activated from the patient's page."
KNOWN_ITEM = "It is listed already: find it by its ID and correct it there."
ALREADY_IN_STOCK, ALREADY_REMOVED = "It is in stock already.", "It is not in stock already."


class StockError(Exception):
    """Why the stock is not corrected, or what was scanned can't be used, for the person who does it."""


def find_scanned_item(text: str) -> StockItem:
    """By a gateway ID or IMEI as a scanner or a person types it. Raises StockError."""
    hardware_id = normalise_hardware_uuid(text)
    if problem := hardware_uuid_problem(hardware_id):
        raise StockError(problem)
    item = StockItem.objects.filter(hardware_id=hardware_id).first()
    if item is None:
        warning = imei_checksum_problem(hardware_id)
        raise StockError(warning or NOT_IN_STOCK.format(format_hardware_id(hardware_id)))
    return item


def find_device_types(item: StockItem) -> list[DeviceType]:
    """Catalogue types that can be activated with the item, in the order in which they are packed."""
    types = {fold_device_name(each.name): each for each in DeviceType.objects.orderable()}
    return [types[fold] for name in item.device_names if (fold := fold_device_name(name)) in types]


def activation_values(item_id: str, *, user: User) -> dict[str, str]:
    """What the form of an activation begins with, for an item of stock; nothing for an id of none."""
    try:
        item = StockItem.objects.visible_to(user).filter(pk=uuid.UUID(item_id)).first()
    except ValueError:
        item = None
    if item is None:
        return {}
    types = find_device_types(item)
    device_type = {"device_type": str(types[0].pk)} if len(types) == 1 else {}
    return {"gateway_id": item.printed_id, **device_type}


def activations_of(item: StockItem) -> list[OrderLine]:
    """Lines that took the item out of stock, newest first."""
    lines = OrderLine.objects.exclude(status__in=FAILED_ACTIVATIONS).select_related("patient", "device_type", "order")
    if not item.hardware_id:
        return list(lines.filter(pk__in=[item.line_id] if item.line_id else []))
    with_it = lines.filter(order__kind=OrderKind.ACTIVATION, order__gateway_id=item.hardware_id)
    return list(with_it.filter(order__placed_at__gte=item.in_stock_since).order_by("-order__placed_at"))


def count_down_loose_devices(order: Order) -> None:
    """Of an activation: devices without an id of their own, but those that are packed with its gateway.

    Gateways and cellular devices are counted down by their ids.
    """
    if order.kind != OrderKind.ACTIVATION:
        return
    packed = StockItem.objects.filter(hardware_id=order.gateway_id).first()
    with_gateway = [fold_device_name(name) for name in packed.device_names] if packed else []
    for line in order.lines.select_related("device_type"):
        folded = fold_device_name(line.device_type.name)
        if folded in with_gateway:
            with_gateway.remove(folded)
            continue
        waiting = in_stock(loose_devices(folded).of_clinic(order.patient.clinic_id))
        chosen = waiting.select_for_update(skip_locked=True, of=("self",)).order_by("in_stock_since", "number").first()
        if chosen:
            StockItem.objects.filter(pk=chosen.pk).update(line=line)


def loose_devices(folded_name: str) -> StockItemQuerySet:
    """Of this kind, without an id of their own."""
    loose = StockItem.objects.filter(hardware_id="")
    names = loose.order_by().values_list("name", flat=True).distinct()
    return loose.filter(name__in=[each for each in names if fold_device_name(each) == folded_name])


def loose_devices_in_stock(name: str, *, by: User) -> StockItemQuerySet:
    """Of this kind, that the person may see."""
    return in_stock(loose_devices(fold_device_name(name)).visible_to(by))


def in_stock(items: StockItemQuerySet) -> StockItemQuerySet:
    with_state: Any = items.with_state()
    found: StockItemQuerySet = with_state.filter(state=StockState.IN_STOCK)
    return found


def give_out_loose_device(name: str, *, reason: str, by: User) -> None:
    """The one that is in stock longest. Raises StockError."""
    held = loose_devices_in_stock(name, by=by).select_for_update(skip_locked=True, of=("self",))
    item = held.order_by("in_stock_since", "number").first()
    if item is None:
        raise StockError(f"No {name} is in stock any more.")
    correct_item(item.pk, in_stock=False, reason=reason, by=by)


@transaction.atomic
def add_item(*, name: str, hardware_id: str, reason: str, by: User) -> StockItem:
    """Of what is in stock and in no manifest. `hardware_id`: empty for a device without one. Raises StockError."""
    hardware_id = normalise_hardware_uuid(hardware_id)
    problem = hardware_uuid_problem(hardware_id) or imei_checksum_problem(hardware_id) if hardware_id else None
    if problem:
        raise StockError(problem)
    if hardware_id and StockItem.objects.filter(hardware_id=hardware_id).exists():
        raise StockError(KNOWN_ITEM)
    item = StockItem.objects.create(name=name, hardware_id=hardware_id)
    StockCorrection.objects.create(item=item, in_stock=True, reason=reason, by=by)
    audit_log.record_event(AuditAction.STOCK, by=by, target=f"stock:{item.pk}", in_stock=True)
    return item


@transaction.atomic
def correct_item(item_id: uuid.UUID, *, in_stock: bool, reason: str, by: User) -> None:
    """Take an item out of stock, or put it back after it was used or taken out. Raises StockError."""
    StockItem.objects.select_for_update().get(pk=item_id)
    item, now = StockItem.objects.with_state().get(pk=item_id), timezone.now()
    state = StockState(item.state)
    if in_stock and state in (StockState.IN_STOCK, StockState.ON_THE_WAY):
        raise StockError(ALREADY_IN_STOCK)
    if not in_stock and state == StockState.REMOVED:
        raise StockError(ALREADY_REMOVED)
    if in_stock:
        item.removed_at, item.in_stock_since, item.line = None, now, None
    else:
        item.removed_at = now
    item.save(update_fields=["removed_at", "in_stock_since", "line"])
    StockCorrection.objects.create(item=item, in_stock=in_stock, reason=reason, by=by)
    audit_log.record_event(AuditAction.STOCK, by=by, target=f"stock:{item.pk}", in_stock=in_stock)

"""Unshipped orders: a changed name or address of their patient does not reach them; what can be done instead. The phone
number does: it is in the patient's record at the vendor, which follows by itself."""

from __future__ import annotations

from dataclasses import dataclass

from devices.models.vendor_call import CallState
from devices.outbox import unlinking
from fulfillment.models import Order, OrderKind, OrderLine
from patients.enrollment.edit_notices import register_contact_notice
from patients.models import Patient

ADVICE = "Correct it in the vendor's web app, or cancel it and order again."
UNSENT_ADVICE = "The vendor does not have it yet: cancel it and order again."
REFUSED_ADVICE = "Correct it here and ask again."
ADVICE_BY_STATE = {CallState.QUEUED: UNSENT_ADVICE, CallState.REJECTED: REFUSED_ADVICE}  # where all are in one state
NOTICE = "{}, ordered {}, has not shipped and still has the {} from before. {}"


@dataclass(frozen=True)
class OutdatedOrder:
    """An order that has not shipped, and what its patient's record says differently by now."""

    order: Order
    devices: list[str]
    differences: list[str]  # of "name" and "address"
    advice: str

    @property
    def what(self) -> str:
        return " and ".join(self.differences)


def outdated_orders(patient: Patient, *, order: Order | None = None) -> list[OutdatedOrder]:
    """Of the orders of the patient, or of one of them, oldest first. One query."""
    found = (compare_order(*row, patient) for row in unshipped_orders(patient, order=order).items())
    return [each for each in found if each.differences]


def unshipped_orders(patient: Patient, *, order: Order | None = None) -> dict[Order, list[OrderLine]]:
    """With their lines that have not shipped."""
    lines = OrderLine.objects.filter(patient=patient).exclude(order__kind=OrderKind.ACTIVATION)
    lines = lines.exclude(call__state__in=(CallState.CANCELLED, CallState.ABANDONED))
    lines = lines.filter(order=order) if order else lines
    related = ("order__kit", "device_type", "call__device", "corrected_by")
    waiting: dict[Order, list[OrderLine]] = {}
    for line in lines.select_related(*related).order_by("order__placed_at", "call__created_at", "pk"):
        if has_not_shipped(line):
            waiting.setdefault(line.order, []).append(line)
    return waiting


def has_not_shipped(line: OrderLine) -> bool:
    """The vendor may still ship it, or it was refused and can be asked for again."""
    call = line.call
    if call.state == CallState.CONFIRMED:
        return call.device is not None and unlinking.can_be_cancelled(call.device)
    correctable = line.closed_by_id is None and not hasattr(line, "corrected_by")
    return call.state in CallState.unresolved() or (call.state == CallState.REJECTED and correctable)


def compare_order(order: Order, lines: list[OrderLine], patient: Patient) -> OutdatedOrder:
    now = patient_address(patient)
    place = ("street", "city", "state", "zip_code")
    differs = {
        "name": fold(order.ship_name) != fold(now["name"]),
        "address": any(fold(getattr(order, f"ship_{name}")) != fold(now[name]) for name in place),
    }
    states = {line.call.state for line in lines}
    advice = ADVICE_BY_STATE.get(CallState(states.pop()), ADVICE) if len(states) == 1 else ADVICE
    names = [line.device_type.name for line in lines]
    differences = [name for name, different in differs.items() if different]
    return OutdatedOrder(order, names, differences, advice)


def patient_address(patient: Patient) -> dict[str, str]:
    """As the fields of the order form."""
    place = {"city": patient.city, "state": patient.state, "zip_code": patient.zip_code}
    return {"name": patient.name, "street": patient.street_lines, **place}


def fold(text: str) -> str:
    return " ".join(text.split()).casefold()


@register_contact_notice
def unshipped_order_notices(patient: Patient) -> list[str]:
    zone = patient.clinic.zone
    return [
        NOTICE.format(
            each.order.kit.name if each.order.kit else "An order",
            f"{each.order.placed_at.astimezone(zone):%b} {each.order.placed_at.astimezone(zone).day}",
            each.what,
            each.advice,
        )
        for each in outdated_orders(patient)
    ]

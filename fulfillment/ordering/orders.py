"""Orders: place a kit order for a patient, or activate a device that the patient got on site."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from django.db import IntegrityError, transaction
from django.utils import timezone

from devices.gateway_holders import STATES_NOT_IN_USE
from devices.models import Assignment, DeviceType, VendorCall
from devices.outbox import requests
from devices.patient_records import address_checks, records
from devices.tenovi import ShipTo
from fulfillment import timeline
from fulfillment.models import Kit, Order, OrderKind, OrderLine
from fulfillment.ordering.gateway_sharing import check_gateway_sharing
from fulfillment.ordering.kit_contents import catalogue_problem, gateway_problem, kit_problem
from fulfillment.ordering.shipping_columns import address_columns, build_ship_to, option_columns
from fulfillment.ordering.unshipped_orders import fold, patient_address
from fulfillment.special_orders import stock
from patients.audit import audit_log
from patients.models import AuditEvent, Patient, User
from patients.queueing.wakeup import wake_worker

DevicePosition = tuple[str, int]  # family and nth, as in the constraint `line_one_open`
ONE_OPEN_LINE_CONSTRAINT = "line_one_open"
ADDRESS_REFUSED = (
    "The vendor says that this address is not valid. Correct it in the patient's record, or confirm that it is right."
)
REFERENCE_IN_NOTE = "The note has the reference of another order in it. Please leave that out."
NEEDS_NO_GATEWAY = "{} has a modem of its own and needs no gateway."


class OrderError(Exception):
    """Why the order was refused, for the person who placed it."""


class AddressRefusedError(OrderError):
    """The vendor has checked the patient's address and would hold the order; a person may confirm the address."""


class NoteError(OrderError):
    """What is wrong with our note."""


class LineAlreadyOpenError(OrderError):
    """These devices are on their way to this patient already; another one needs `override_reason`."""

    def __init__(self, lines: Iterable[OrderLine]) -> None:
        self.lines = list(lines)
        names = ", ".join(f"{line.device_type.name} ({line.get_status_display()})" for line in self.lines)
        super().__init__(f"Already on the way to this patient: {names}.")


def place(
    *,
    patient: Patient,
    kit: Kit,
    ship_to: ShipTo,
    by: User,
    submission_id: uuid.UUID,
    gateway: str | None = None,
    require_signature: bool = False,
    physician: str = "",
    carrier: str = "",
    tracking_number: str = "",
    override_reason: str = "",
    sharing_reason: str = "",
    confirm_address: bool = False,
) -> Order:
    """Order a kit, one call per device. `gateway`: of the patient, which the devices join; None ships a new one.

    `ship_to` holds also whom the vendor mails, our note, and with `client_will_fulfill` that the clinic ships. The same
    `submission_id` again returns the same order. Raises LineAlreadyOpenError for a device on its way, unless with
    `override_reason`; GatewayHeldError for another patient's gateway, unless of the clinic and with `sharing_reason`;
    AddressRefusedError for the patient's address that the vendor calls not valid, unless `confirm_address`; OrderError.
    """
    by_clinic = ship_to.client_will_fulfill
    order = Order(
        kind=OrderKind.CLINIC if by_clinic else OrderKind.DROPSHIP,
        shipped_by_clinic=by_clinic,
        patient=patient,
        kit=kit,
        submission_id=submission_id,
        gateway_id=requests.validate_hardware_uuid(gateway) if gateway and not by_clinic else "",
        physician=physician,
        carrier=carrier if by_clinic else "",
        tracking_number=tracking_number if by_clinic else "",
        placed_by=by,
        **address_columns(ship_to),
        **option_columns(ship_to) | {"require_signature": require_signature or ship_to.require_signature},
    )
    joins = by_clinic or bool(gateway)
    if problem := gateway_problem(kit.device_types, without_gateway=kit.without_gateway, joins=joins):
        raise OrderError(problem)
    reasons = {"override_reason": override_reason, "sharing_reason": sharing_reason}
    return submit_shipment(order, kit.device_types, confirm_address=confirm_address, **reasons)


def ship_gateway(
    *,
    patient: Patient,
    device_type: DeviceType,
    ship_to: ShipTo,
    by: User,
    submission_id: uuid.UUID,
    physician: str = "",
    override_reason: str = "",
    confirm_address: bool = False,
) -> Order:
    """Order a new gateway alone, for a device that the patient has already. Raises LineAlreadyOpenError, OrderError."""
    if device_type.cellular:
        raise OrderError(NEEDS_NO_GATEWAY.format(device_type))
    order = Order(
        patient=patient,
        submission_id=submission_id,
        ship_gateway_only=True,
        physician=physician,
        placed_by=by,
        **address_columns(ship_to),
        **option_columns(ship_to),
    )
    return submit_shipment(order, [device_type], confirm_address=confirm_address, override_reason=override_reason)


def submit_shipment(
    order: Order,
    wanted: list[DeviceType],
    *,
    confirm_address: bool,
    override_reason: str,
    sharing_reason: str = "",
) -> Order:
    check_shipping_address(order, confirmed=confirm_address)
    check_note(order.note)
    request = partial(
        requests.request_order,
        patient=order.patient,
        gateway=order.gateway_id or None,
        ship_to=build_ship_to(order),
        physician=order.physician,
        by=order.placed_by,
    )
    return submit_order(order, wanted, request, override_reason=override_reason, sharing_reason=sharing_reason)


def check_note(note: str) -> None:
    """Raises NoteError for a reference: after a lost answer, it would be taken for that of another call."""
    if VendorCall.objects.filter(reference__in=note.split()).exists():
        raise NoteError(REFERENCE_IN_NOTE)


def activate_on_site(
    *,
    patient: Patient,
    device_type: DeviceType,
    hardware_uuid: str,
    by: User,
    submission_id: uuid.UUID,
    sensor_id: str = "",
    shipped_by_clinic: bool = False,
    carrier: str = "",
    tracking_number: str = "",
    override_reason: str = "",
    sharing_reason: str = "",
) -> Order:
    """Activate a device that the patient has, or that the clinic ships with its hardware id known. Raises
    InvalidHardwareUuid and, as `place`, LineAlreadyOpenError, GatewayHeldError, OrderError."""
    order = Order(
        kind=OrderKind.ACTIVATION,
        patient=patient,
        submission_id=submission_id,
        gateway_id=requests.validate_hardware_uuid(hardware_uuid),
        shipped_by_clinic=shipped_by_clinic,
        carrier=carrier if shipped_by_clinic else "",
        tracking_number=tracking_number if shipped_by_clinic else "",
        placed_by=by,
    )
    request = partial(
        requests.request_activation, patient=patient, hardware_uuid=hardware_uuid, sensor_id=sensor_id, by=by
    )
    return submit_order(order, [device_type], request, override_reason=override_reason, sharing_reason=sharing_reason)


def linked_gateway(patient: Patient) -> str | None:
    """The newest gateway that a device of this patient is on; new devices may join it."""
    held = Assignment.objects.open().filter(patient=patient, device__gateway__isnull=False)
    on_gateway = held.exclude(device__sensor_code="").exclude(device__state__in=STATES_NOT_IN_USE)
    on_gateway = on_gateway.filter(device__gateway__hardware_uuid__iregex="^[0-9a-f]{12}$")  # an IMEI is no gateway
    newest = on_gateway.select_related("device__gateway").order_by("-device__vendor_created", "-pk").first()
    return newest.device.hardware_uuid if newest else None


def open_lines(patient: Patient) -> Iterable[OrderLine]:
    return OrderLine.objects.open().filter(patient=patient).select_related("device_type", "order")


def check_shipping_address(order: Order, *, confirmed: bool) -> None:
    """Of the patient's own address: what is typed for one order is not in the record that the vendor checks."""
    own = patient_address(order.patient)
    if any(fold(getattr(order, f"ship_{name}")) != fold(own[name]) for name in ("street", "city", "state", "zip_code")):
        return
    if address_checks.check_address(order.patient).refused:
        if not confirmed:
            raise AddressRefusedError(ADDRESS_REFUSED)
        address_checks.confirm_address(order.patient, by=order.placed_by)


def submit_order(
    order: Order,
    wanted: list[DeviceType],
    request: Callable[..., VendorCall],
    *,
    override_reason: str,
    sharing_reason: str,
) -> Order:
    """Order, lines, calls, event and audit row in one transaction; the constraints detect a duplicate."""
    try:
        with transaction.atomic():
            lock_patient_and_save(order)
            check_gateway_sharing(order, wanted, by=order.placed_by, reason=sharing_reason)
            create_order_lines(order, wanted, request, override_reason)
            stock.count_down_loose_devices(order)
            records.request_record(order.patient, by=order.placed_by)
            timeline.add_person_event(describe_order(order, wanted), by=order.placed_by, order=order)
            audit_log.record_event(
                AuditEvent.Action.ACTIVATE if order.on_site else AuditEvent.Action.ORDER,
                by=order.placed_by,
                patients=[order.patient_id],
                clinic=order.patient.clinic,
                target=f"order:{order.pk}",
            )
    except IntegrityError as error:
        return handle_duplicate_order(order, wanted, error)
    wake_worker("vendor_calls")
    return order


def describe_order(order: Order, wanted: list[DeviceType]) -> str:
    """What the person did, for the timeline."""
    if order.on_site:
        return "Activated; shipped by us" if order.shipped_by_clinic else "Activated on site"
    if order.ship_gateway_only:
        return f"Ordered a gateway alone, for {wanted[0]}"
    return f"Ordered {order.kit}{', shipped by us' if order.shipped_by_clinic else ''}"


def lock_patient_and_save(order: Order) -> None:
    """The patient's row is locked before it is read again, so that the calls have what is stored."""
    patient = order.patient
    Patient.objects.touch_live_version([patient.pk])
    patient.refresh_from_db()
    if patient.discharged_at:
        raise OrderError("This patient is discharged. Enrol the patient again before ordering.")
    if patient.external_id_sent_at is None:
        patient.external_id_sent_at = timezone.now()
        patient.save(update_fields=["external_id_sent_at"])
    order.save(force_insert=True)


def create_order_lines(
    order: Order, wanted: list[DeviceType], request: Callable[..., VendorCall], override_reason: str
) -> None:
    if problem := catalogue_problem(wanted) if order.on_site else kit_problem(wanted):
        raise OrderError(problem)
    taken = {(line.family, line.nth) for line in open_lines(order.patient) if not line.override_reason}
    for device_type, (family, nth) in device_positions(wanted):
        OrderLine.objects.create(
            order=order,
            patient=order.patient,
            device_type=device_type,
            family=family,
            nth=nth,
            call=request(device_type=device_type),
            override_reason=override_reason if (family, nth) in taken else "",
        )


def device_positions(wanted: list[DeviceType]) -> Iterator[tuple[DeviceType, DevicePosition]]:
    counts: Counter[str] = Counter()
    for device_type in wanted:
        counts[device_type.family] += 1
        yield device_type, (device_type.family, counts[device_type.family])


def handle_duplicate_order(order: Order, wanted: list[DeviceType], error: IntegrityError) -> Order:
    """The order of the first click; else raises OrderError for the constraint that the database has reported."""
    earlier = Order.objects.filter(submission_id=order.submission_id, patient=order.patient).first()
    if earlier:
        return earlier
    if getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) != ONE_OPEN_LINE_CONSTRAINT:
        raise OrderError("This form was used for another order already. Please open a new one.") from error
    positions = {position for _, position in device_positions(wanted)}
    taken = [line for line in open_lines(order.patient) if (line.family, line.nth) in positions]
    raise LineAlreadyOpenError(taken) from error

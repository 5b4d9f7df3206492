"""Orders: place a kit order for a patient, or activate a device that the patient got on site."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from django.db import IntegrityError, transaction
from django.utils import timezone

from devices import gateway_holders
from devices.gateway_holders import STATES_NOT_IN_USE, SharingReason
from devices.hardware_ids import format_hardware_id
from devices.models import Assignment, DeviceType, VendorCall
from devices.outbox import requests
from devices.patient_records import address_checks, records
from devices.tenovi import ShipTo
from fulfillment import timeline
from fulfillment.models import Kit, Order, OrderKind, OrderLine
from fulfillment.ordering.kit_contents import catalogue_problem, kit_problem
from fulfillment.ordering.unshipped_orders import fold, patient_address
from patients.audit import audit_log
from patients.models import AuditEvent, Patient, User
from patients.queueing.wakeup import wake_worker

DevicePosition = tuple[str, int]  # family and nth, as in the constraint `line_one_open`
ONE_OPEN_LINE_CONSTRAINT = "line_one_open"
ADDRESS_REFUSED = (
    "The vendor says that this address is not valid. Correct it in the patient's record, or confirm that it is right."
)
GATEWAY_SHARED_EVENT = "Uses gateway {}, which another patient has. Reason: {}"


class OrderError(Exception):
    """Why the order was refused, for the person who placed it."""


class AddressRefusedError(OrderError):
    """The vendor has checked the patient's address and would hold the order; a person may confirm the address."""


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
    override_reason: str = "",
    sharing_reason: str = "",
    confirm_address: bool = False,
) -> Order:
    """Order a kit, one call per device. `gateway`: of the patient, which the devices join; None ships a new one.

    The same `submission_id` again returns the same order. Raises LineAlreadyOpenError for a device that is on its way
    already, unless `override_reason` is given; GatewayHeldError for a gateway that another patient has, unless that
    patient is of the same clinic and `sharing_reason` is given; OrderError for a discharged patient or a kit that
    can't be shipped; AddressRefusedError for the patient's own address if the vendor says that it is not valid, unless
    `confirm_address` is given.
    """
    order = Order(
        patient=patient,
        kit=kit,
        submission_id=submission_id,
        gateway_id=requests.validate_hardware_uuid(gateway) if gateway else "",
        require_signature=require_signature,
        placed_by=by,
        **shipping_columns(ship_to),
    )
    address = shipping_address(order)
    request = partial(requests.request_order, patient=patient, gateway=gateway, ship_to=address, by=by)
    check_shipping_address(order, confirmed=confirm_address)
    reasons = {"override_reason": override_reason, "sharing_reason": sharing_reason}
    return submit_order(order, kit.device_types, request, **reasons)


def activate_on_site(
    *,
    patient: Patient,
    device_type: DeviceType,
    hardware_uuid: str,
    by: User,
    submission_id: uuid.UUID,
    sensor_id: str = "",
    override_reason: str = "",
    sharing_reason: str = "",
) -> Order:
    """Activate a device that the patient has. Raises InvalidHardwareUuid and, as `place`, LineAlreadyOpenError,
    GatewayHeldError, OrderError."""
    order = Order(
        kind=OrderKind.ACTIVATION,
        patient=patient,
        submission_id=submission_id,
        gateway_id=requests.validate_hardware_uuid(hardware_uuid),
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


def shipping_columns(ship_to: ShipTo) -> dict[str, str]:
    columns = {f"ship_{name}": getattr(ship_to, name) for name in ("name", "city", "state", "zip_code")}
    return columns | {"ship_street": ship_to.address}


def shipping_address(order: Order) -> ShipTo:
    return ShipTo(
        name=order.ship_name,
        address=order.ship_street,
        city=order.ship_city,
        state=order.ship_state,
        zip_code=order.ship_zip_code,
        require_signature=order.require_signature,
    )


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
    on_site = order.kind == OrderKind.ACTIVATION
    try:
        with transaction.atomic():
            lock_patient_and_save(order)
            check_gateway_sharing(order, wanted, by=order.placed_by, reason=sharing_reason)
            create_order_lines(order, wanted, request, override_reason)
            records.request_record(order.patient, by=order.placed_by)
            text = "Activated on site" if on_site else f"Ordered {order.kit}"
            timeline.add_person_event(text, by=order.placed_by, order=order)
            audit_log.record_event(
                AuditEvent.Action.ACTIVATE if on_site else AuditEvent.Action.ORDER,
                by=order.placed_by,
                patients=[order.patient_id],
                clinic=order.patient.clinic,
                target=f"order:{order.pk}",
            )
    except IntegrityError as error:
        return handle_duplicate_order(order, wanted, error)
    wake_worker("vendor_calls")
    return order


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


def check_gateway_sharing(
    order: Order, wanted: list[DeviceType], *, by: User, reason: str, line: OrderLine | None = None
) -> None:
    """Record why the order uses a gateway that another patient has. Raises GatewayHeldError.

    A shipped cellular device has a modem of its own, so it joins no gateway.
    """
    joins = order.kind == OrderKind.ACTIVATION or any(not device_type.cellular for device_type in wanted)
    if not order.gateway_id or not joins:
        return
    gateway_holders.lock_gateway(order.gateway_id)
    holders = gateway_holders.find_other_holders(order.gateway_id, patient=order.patient)
    gateway_holders.require_shareable(holders, reason=reason)
    if holders:
        text = GATEWAY_SHARED_EVENT.format(format_hardware_id(order.gateway_id), SharingReason(reason).label)
        timeline.add_person_event(text, by=by, order=order, line=line)
        gateway_holders.record_sharing(holders, patient=order.patient, by=by, reason=reason, target=f"order:{order.pk}")


def create_order_lines(
    order: Order, wanted: list[DeviceType], request: Callable[..., VendorCall], override_reason: str
) -> None:
    shipped = order.kind == OrderKind.DROPSHIP
    if problem := kit_problem(wanted) if shipped else catalogue_problem(wanted):
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

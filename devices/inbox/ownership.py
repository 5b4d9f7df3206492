"""Clinics to which deliveries belong, and their replay and dismissal: own ones only, audited with ids and clinics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from devices.inbox import maintenance
from devices.inbox.named_ids import NamedIds, find_named_ids, holders_by_device
from devices.inbox.payload_parsing import MAX_NESTING_DEPTH, nesting_depth, split_items
from devices.models import Delivery
from devices.models.delivery import DeliveryState
from patients.audit import audit_log
from patients.models import AuditEvent, Clinic, Patient, User
from patients.models.audit import AuditAction

READ_BATCH_SIZE = 50  # bodies in memory at once
MAX_AUDITED_IDS = 500  # of one audit event; more deliveries make more events
UNUSABLE_ITEM_BODY = b"null"  # stored for an item that could not be read; its text is in the parent's body

ClinicIds = frozenset[int]


def replay_own(deliveries: QuerySet[Delivery], *, by: User | None, target: str = "") -> int:
    """Process them once more, without those of other clinics. Returns how many. `by` None: a management command."""
    replayable = deliveries.filter(purged_at__isnull=True)
    return change_own(replayable, maintenance.replay_deliveries, action=AuditEvent.Action.REPLAY, by=by, target=target)


def dismiss_own(deliveries: QuerySet[Delivery], *, reason: str, by: User, target: str = "") -> int:
    """A person has decided that nothing needs to be done about them; those of other clinics stay. Returns how many."""
    return change_own(
        deliveries.filter(state__in=DeliveryState.needing_review()),
        lambda rows: maintenance.dismiss_deliveries(rows, reason=reason),
        action=AuditEvent.Action.DISMISS,
        by=by,
        target=target,
    )


def change_own(
    deliveries: QuerySet[Delivery],
    change: Callable[[QuerySet[Delivery]], int],
    *,
    action: AuditAction,
    by: User | None,
    target: str = "",
) -> int:
    """Change those of the user's clinics and those of no clinic, with an audit event for each group of clinics."""
    count = 0
    for clinic_ids, keys in group_by_clinics(deliveries).items():
        if by is not None and not may_change(by, clinic_ids):
            continue
        clinic = Clinic.objects.get(pk=next(iter(clinic_ids))) if len(clinic_ids) == 1 else None
        for start in range(0, len(keys), MAX_AUDITED_IDS):
            chosen = keys[start : start + MAX_AUDITED_IDS]
            with transaction.atomic():
                changed = change(Delivery.objects.filter(pk__in=chosen))
                audit_log.record_event(
                    action, by=by, clinic=clinic, target=target, count=changed, deliveries=chosen,
                    clinics=sorted(clinic_ids),
                )  # fmt: skip
            count += changed
    return count


def own_deliveries(deliveries: QuerySet[Delivery], *, user: User) -> tuple[QuerySet[Delivery], int]:
    """Those that the user may replay or dismiss, and the number of the others."""
    groups = group_by_clinics(deliveries)
    own = [key for clinic_ids, keys in groups.items() if may_change(user, clinic_ids) for key in keys]
    return Delivery.objects.filter(pk__in=own), sum(map(len, groups.values())) - len(own)


def may_change(user: User, clinic_ids: ClinicIds) -> bool:
    return clinic_ids <= set(user.clinics.values_list("pk", flat=True))


def group_by_clinics(deliveries: QuerySet[Delivery]) -> dict[ClinicIds, list[int]]:
    """Ids of deliveries by the clinics to which they belong; the empty set for those of no clinic."""
    groups: dict[ClinicIds, list[int]] = defaultdict(list)
    keys = list(deliveries.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), READ_BATCH_SIZE):
        batch = list(Delivery.objects.filter(pk__in=keys[start : start + READ_BATCH_SIZE]).order_by("pk"))
        for key, clinic_ids in clinics_by_delivery(batch).items():
            groups[clinic_ids].append(key)
    return dict(groups)


def clinics_by_delivery(deliveries: Sequence[Delivery]) -> dict[int, ClinicIds]:
    """A delivery belongs to the clinics of the present holders of its devices, else of the former ones.

    An item without a device that is held here belongs to the clinic of the patient whom it names.
    """
    named = {delivery.pk: list(named_ids_by_item(delivery)) for delivery in deliveries}
    holders = holders_by_device(hwi_id for items in named.values() for item in items for hwi_id in item.mentioned)
    clinics_by_device = {
        hwi_id: {holder.clinic_id for holder in held if holder.current} or {holder.clinic_id for holder in held}
        for hwi_id, held in holders.items()
    }
    found: dict[int, ClinicIds] = {}
    for key, items in named.items():
        clinic_ids: set[int] = set()
        for item in items:
            of_devices = [clinics_by_device[hwi_id] for hwi_id in item.mentioned if hwi_id in clinics_by_device]
            clinic_ids.update(*of_devices or [clinics_of_patients(item.patient_names)])
        found[key] = frozenset(clinic_ids)
    return found


def clinics_of_patients(names: Iterable[str]) -> set[int]:
    """Clinics of the patients with these ids at the vendor."""
    patients = (Patient.objects.by_external_id(name) for name in names)
    return {patient.clinic_id for patient in patients if patient is not None}


def named_ids_by_item(delivery: Delivery) -> Iterator[NamedIds]:
    """Also of items that can't be used; of a body that is no JSON, the ids in its text."""
    if delivery.hwi_id:
        yield find_named_ids(str(delivery.hwi_id))
    body, parent = bytes(delivery.body), delivery.parent
    if body == UNUSABLE_ITEM_BODY and parent is not None and delivery.position is not None:
        items = split_body(bytes(parent.body))
        yield from items[delivery.position : delivery.position + 1]
    else:
        yield from split_body(body)


def split_body(body: bytes) -> list[NamedIds]:
    text = body.decode("utf-8-sig", errors="replace")
    items: list[Any] = [text]
    try:
        if nesting_depth(text) <= MAX_NESTING_DEPTH:
            items = [[raw, value] for raw, value in split_items(text)]  # the text too: of a key twice, one is lost
    except (ValueError, RecursionError):
        pass
    return [find_named_ids(item) for item in items]

"""Holders of a gateway: which patients have devices on it, and the rule for putting another patient's devices on it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection, models
from django.db.models.functions import Lower

from devices.hardware_ids import format_hardware_id, normalise_hardware_uuid
from devices.models import Assignment, Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.statuses import DeviceState
from patients.audit import audit_log
from patients.models import Patient
from patients.models.audit import AuditAction

if TYPE_CHECKING:
    from patients.models import User

GATEWAY_LOCK_SPACE = 0x7E12  # separates these advisory locks from others in this database
STATES_NOT_IN_USE = (*DeviceState.ended(), DeviceState.UNKNOWN_GATEWAY)
VENDOR_ADVICE = "Compare it with the label. If it is right, ask Tenovi's support, with this ID, to release it."
OUTSIDE_CLINIC_MESSAGE = "{} is in use outside this clinic and can't be used for this patient. {}"
HELD_MESSAGE = "{} is already used by {}. Compare it with the label. If it is right, choose why it is shared."
OTHER_PATIENT = "another patient of this clinic"
UNENROLLED_PATIENT = "a patient of the vendor's who is not enrolled here"


class SharingReason(models.TextChoices):
    SAME_HOUSEHOLD = "same_household", "Same household: they live together"
    HANDED_ON = "handed_on", "The other patient no longer uses it"


@dataclass(frozen=True)
class GatewayHolders:
    """Who holds a gateway or modem besides one patient. False if there is none."""

    hardware_uuid: str
    patient_ids: tuple[uuid.UUID, ...] = ()  # of the same clinic
    outside_clinic: bool = False
    unenrolled: bool = False  # the vendor links a device on it to a patient id of no enrolled patient

    def __bool__(self) -> bool:
        return bool(self.patient_ids) or self.outside_clinic or self.unenrolled

    def visible_patients(self, user: User) -> list[Patient]:
        """Those whom a message to this user may name; none if the gateway is in use outside the clinic."""
        named = () if self.outside_clinic else self.patient_ids
        return list(Patient.objects.visible_to(user).filter(pk__in=named).order_by("family_name", "given_name"))

    def names_for(self, user: User) -> str:
        visible = self.visible_patients(user)
        names = [patient.name for patient in visible]
        if len(visible) < len(self.patient_ids):
            names.append(OTHER_PATIENT)
        if self.unenrolled:
            names.append(UNENROLLED_PATIENT)
        return " and ".join(names)

    def message_for(self, user: User) -> str:
        """Why it can't simply be used, and what to do."""
        printed = format_hardware_id(self.hardware_uuid)
        if self.outside_clinic:
            return OUTSIDE_CLINIC_MESSAGE.format(printed, VENDOR_ADVICE)
        return HELD_MESSAGE.format(printed, self.names_for(user))


class GatewayHeldError(Exception):
    """Another patient holds the gateway: outside the clinic, or inside it and no reason for sharing was given."""

    def __init__(self, holders: GatewayHolders) -> None:
        self.holders = holders
        super().__init__("Another patient holds this gateway.")


def find_other_holders(hardware_uuid: str, *, patient: Patient) -> GatewayHolders:
    """By devices in use, and by calls that may put a device on it or have, before the vendor's record names it."""
    hardware = normalise_hardware_uuid(hardware_uuid)
    in_use = Device.objects.exclude(state__in=STATES_NOT_IN_USE)
    on_it = in_use.filter(gateway__hardware_uuid__iexact=hardware)
    creating = VendorCall.objects.filter(kind__in=CallKind.creating(), payload__gateway=hardware)
    unnamed = in_use.filter(gateway__isnull=True, vendor_calls__in=creating)
    held = (
        Assignment.objects.open().filter(device__in=on_it),
        on_it,
        unnamed,
        creating.filter(state__in=CallState.unresolved()),
    )
    others = (rows.filter(patient__isnull=False).exclude(patient=patient).order_by() for rows in held)
    first, *rest = (rows.values_list("patient", "patient__clinic") for rows in others)
    clinic_of = dict(first.union(*rest))
    own = sorted(pk for pk, clinic in clinic_of.items() if clinic == patient.clinic_id)
    return GatewayHolders(
        hardware_uuid=hardware,
        patient_ids=tuple(own),
        outside_clinic=len(own) < len(clinic_of),
        unenrolled=has_unenrolled_holder(on_it, patient),
    )


def has_unenrolled_holder(on_it: models.QuerySet[Device], patient: Patient) -> bool:
    """Whether an unattached device is linked at the vendor to another patient id than this patient's."""
    accounts = Assignment.objects.filter(patient=patient).exclude(vendor_patient_id="")
    own = {
        patient.external_id.lower(),
        *(name.lower() for name in accounts.values_list("vendor_patient_id", flat=True)),
    }
    unassigned = on_it.filter(patient__isnull=True).exclude(vendor_patient_id="")
    return unassigned.alias(folded=Lower("vendor_patient_id")).exclude(folded__in=own).exists()


def require_shareable(holders: GatewayHolders, *, reason: str) -> None:
    """Raises GatewayHeldError."""
    if holders.outside_clinic or (holders and reason not in SharingReason.values):
        raise GatewayHeldError(holders)


def lock_gateway(hardware_uuid: str) -> None:
    """Until the end of the transaction: of two patients who get one gateway at once, the second one finds the first."""
    with connection.cursor() as cursor:
        key = (GATEWAY_LOCK_SPACE, normalise_hardware_uuid(hardware_uuid))
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", key)


def record_sharing(holders: GatewayHolders, *, patient: Patient, by: User, reason: str, target: str) -> None:
    """One audit row that names all patients who share the gateway."""
    audit_log.record_event(
        AuditAction.SHARE_GATEWAY,
        by=by,
        patients=[patient.pk, *holders.patient_ids],
        clinic=patient.clinic,
        target=target,
        gateway=holders.hardware_uuid,
        reason=reason,
    )


def record_shown_holders(found: Iterable[GatewayHolders], *, by: User) -> None:
    """The page names other patients: they were seen."""
    shown = {patient.pk: patient for holders in found for patient in holders.visible_patients(by)}
    for patient in shown.values():
        audit_log.record_event(AuditAction.LIST, by=by, patients=[patient.pk], clinic=patient.clinic)

"""Worklist kinds of patients' records at the vendor: an address that the vendor refuses, and a refused record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import F, OuterRef, Subquery
from django.urls import reverse

from devices.models import VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.patient_records.models import AddressStatus, PatientRecord
from fulfillment.worklist.kinds import Finding, NextAction, WorklistKind, constant_text, register_worklist_source
from fulfillment.worklist.models import WorklistItem
from patients.permissions import Permission

ADDRESS_TEXT = constant_text(
    "warn",
    "The vendor says that the patient's address is not valid: it would hold an order.",
    "Call the patient, then correct the address or confirm it.",
)
REFUSED_TEXT = constant_text(
    "warn",
    "The vendor has refused the last change of the patient's name, address or phone.",
    "Correct the field that the patient's form names.",
)


def find_record_problems(_now: dt.datetime) -> Iterator[Finding]:
    """Of patients under care."""
    columns = ("patient__clinic_id", "patient_id")
    refused_addresses = PatientRecord.objects.filter(
        address_status=AddressStatus.INVALID, address_override="", patient__discharged_at__isnull=True
    )
    for clinic, patient, since in refused_addresses.order_by().values_list(*columns, "answered_at"):
        yield Finding("record_address", f"patient:{patient}", since, clinic, patient, name="Address")
    newest = VendorCall.objects.filter(patient=OuterRef("patient"), kind__in=CallKind.of_record())
    refused = VendorCall.objects.filter(
        state=CallState.REJECTED, kind__in=CallKind.of_record(), patient__discharged_at__isnull=True
    )
    refused = refused.annotate(newest=Subquery(newest.order_by("-created_at", "-pk").values("pk")[:1])).filter(
        pk=F("newest")
    )
    for clinic, patient, since, reason in refused.order_by().values_list(*columns, "resolved_at", "reason"):
        yield Finding(
            "record_refused", f"patient:{patient}", since, clinic, patient, name="Patient's record", evidence=(reason,)
        )


def open_address(item: WorklistItem) -> NextAction | None:
    url = reverse("orders:check_address", args=[item.patient_id])
    return NextAction("Settle the address", url, Permission.PLACE_ORDERS)


def open_patient_form(item: WorklistItem) -> NextAction | None:
    return NextAction("Correct it", reverse("enrollment:edit", args=[item.patient_id]), Permission.EDIT_PATIENTS)


register_worklist_source(
    find_record_problems,
    [
        WorklistKind(
            "record_address", "Patient's address not valid", ADDRESS_TEXT, next_action=open_address,
            ended="The address was corrected, confirmed or verified.",
        ),
        WorklistKind(
            "record_refused", "Patient's record refused", REFUSED_TEXT, next_action=open_patient_form,
            ended="A newer version was sent.",
        ),
    ],
)  # fmt: skip

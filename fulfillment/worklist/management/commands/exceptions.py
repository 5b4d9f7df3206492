"""Command `exceptions`: a clinic's open exceptions as JSON, for reports and other systems."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from fulfillment.worklist import refresh
from fulfillment.worklist.models import WorklistItem
from patients.audit import audit_log
from patients.models import Clinic
from patients.models.audit import AuditAction


class Command(BaseCommand):
    help = (
        "List a clinic's open exceptions, snoozed ones included, the most urgent first. Fields: kind, patient (account "
        "id at the vendor), device (HWI device id), since, age (seconds), owner (e-mail), snoozed_until."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--clinic", required=True, metavar="SLUG", help="the clinic's short name")
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, clinic: str, **_: Any) -> None:
        found = Clinic.objects.filter(slug=clinic).first()
        if found is None:
            raise CommandError(f"There is no clinic with the short name {clinic}.")
        refresh.refresh_worklist()
        with transaction.atomic():
            items = list(WorklistItem.objects.open().filter(clinic=found).for_list())
            patients = dict.fromkeys(item.patient_id for item in items if item.patient_id)
            target = f"clinic:{found.pk}"
            audit_log.record_event(AuditAction.EXPORT, by=None, patients=patients, clinic=found, target=target)
        self.stdout.write(json.dumps([describe_item(item) for item in items], indent=1))


def describe_item(item: WorklistItem) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "patient": item.patient.external_id if item.patient else None,
        "device": str(item.device.hwi_id) if item.device else None,
        "since": item.since.isoformat().replace("+00:00", "Z"),
        "age": max(0, int((timezone.now() - item.since).total_seconds())),
        "owner": item.owner.email if item.owner else None,
        "snoozed_until": item.snoozed_until.isoformat().replace("+00:00", "Z")
        if item.is_snoozed and item.snoozed_until
        else None,
    }

"""Command `prepare_demo`: fills the demo through the functions of forms and workers. Idempotent."""

from __future__ import annotations

import json
import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from devices import tenovi
from devices.models import DeviceType, SyncRun
from devices.models.sync import SyncKind
from devices.sync import reading_runs, reconciliation
from devices.webhooks import registration
from fulfillment.management.commands import _demo_care, _demo_clinics, _demo_exceptions, _demo_imports, _demo_staff
from fulfillment.management.commands._demo_orders import OrderCases, group_by_case
from fulfillment.management.commands._demo_vendor import DemoVendor
from fulfillment.models import Kit, KitItem
from fulfillment.special_orders import bulk_orders
from patients.enrollment import admission
from patients.models import Clinic, Patient, User

PERSONAS_FILE = settings.BASE_DIR / "devices" / "simulator" / "demo" / "personas.json"
CARE_BEFORE_DEMO = timedelta(days=120)  # longer than the vendor's history of the demo
KITS = {
    "Hypertension": ("Tenovi BPM - L",),
    "Heart failure": ("Tenovi BPM - L", "Tenovi Scale", "Tenovi Pulse Ox"),
    "Diabetes": ("Tenovi Glucometer", "Tenovi BPM - L"),
    "COPD": ("Tenovi Pulse Ox",),
    "Home scale": ("Tenovi Scale",),
    "Cellular cuff": ("Tenovi Cellular BPM",),
}
ENROLLMENT_FIELDS = (
    "external_id", "given_name", "family_name", "sex", "mrn", "phone", "street", "street_2", "city", "state",
    "time_zone", "provider", "conditions", "sms_consent",
)  # fmt: skip


class Command(BaseCommand):
    help = "Fill an empty demo: clinics, staff, kits, webhooks, patients and their devices. Refused outside the demo."

    def handle(self, **_: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This creates invented people. It runs in the demo only (DEMO=1).")
        described = json.loads(PERSONAS_FILE.read_text(encoding="utf-8"))
        clinics = {
            row["name"]: Clinic.objects.get_or_create(name=row["name"], defaults={"time_zone": row["time_zone"]})[0]
            for row in described["clinics"]
        }
        staff = _demo_staff.create_demo_staff(clinics, accounts=Path(os.environ["DEMO_ACCOUNTS_FILE"]))
        coordinators = _demo_staff.coordinators_by_clinic(staff)
        _demo_clinics.describe_demo_clinics(clinics, coordinators)
        with tenovi.user_client() as client, DemoVendor(client) as vendor:
            registration.register_webhooks(client, site_url=settings.SITE_URL)
            if not DeviceType.objects.exists():
                reconciliation.sync_catalogue(client)
            self.create_kits(clinics)
            new = self.enroll_personas(described["people"], clinics, coordinators)
            # An earlier preparation may have been stopped after the enrolment.
            if new or not SyncRun.objects.filter(kind=SyncKind.DEVICES, finished_at__isnull=False).exists():
                reconciliation.reconcile_devices(client)
            vendor.register_special_order_webhook()
            people = group_by_case(described["people"])
            if OrderCases(people, by=staff["cora"], vendor=vendor).make():
                reconciliation.reconcile_devices(client)
                bulk_orders.read_bulk_orders(client)
        _demo_care.create_demo_care(staff, people)
        _demo_imports.create_demo_import(clinic=clinics[_demo_staff.ELM], by=staff["cora"])
        _demo_exceptions.work_on_exceptions(staff)
        reading_runs.start_nightly_run(now=timezone.now(), hour_utc=settings.NIGHTLY_HOUR_UTC)

    def create_kits(self, clinics: dict[str, Clinic]) -> None:
        types = DeviceType.objects.in_bulk(field_name="name")
        for clinic in clinics.values():
            for name, contents in KITS.items():
                kit, created = Kit.objects.get_or_create(clinic=clinic, name=name)
                if created:
                    KitItem.objects.bulk_create(KitItem(kit=kit, device_type=types[wanted]) for wanted in contents)

    def enroll_personas(
        self, rows: list[dict[str, Any]], clinics: dict[str, Clinic], coordinators: dict[str, User]
    ) -> int:
        """Each with the account id of the vendor's list. Returns the number of new patients."""
        new = [row for row in rows if Patient.objects.by_external_id(row["external_id"]) is None]
        with transaction.atomic():
            for row in new:
                values = {name: row[name] for name in ENROLLMENT_FIELDS} | {
                    "birth_date": date.fromisoformat(row["birth_date"]),
                    "zip_code": row["zip"],
                }
                clinic = row["clinic"]
                patient = admission.enroll_patient(by=coordinators[clinic], clinic=clinics[clinic], **values)
                # Readings of before the monitoring judge nothing: without this the first morning had no alerts.
                patient.monitoring_periods.update(started_at=patient.enrolled_at - CARE_BEFORE_DEMO)
        return len(new)

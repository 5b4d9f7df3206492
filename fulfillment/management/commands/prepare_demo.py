"""Command `prepare_demo`: fills the demo through the functions of forms and workers. Idempotent."""

from __future__ import annotations

import json
import os
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from devices import tenovi
from devices.models import DeviceType, SyncRun
from devices.models.sync import SyncKind
from devices.sync import reading_runs, reconciliation
from devices.webhooks import registration
from fulfillment.management.commands import _demo_care, _demo_clinics, _demo_imports, _demo_staff
from fulfillment.models import Kit, KitItem, Order
from fulfillment.ordering import orders
from patients.enrollment import admission
from patients.models import Clinic, Patient, User

PERSONAS_FILE = settings.BASE_DIR / "devices" / "simulator" / "demo" / "personas.json"
STUCK_SCENARIO = "client_action_required"
KITS = {
    "Hypertension": ("Tenovi BPM - L",),
    "Heart failure": ("Tenovi BPM - L", "Tenovi Scale", "Tenovi Pulse Ox"),
    "Diabetes": ("Tenovi Glucometer", "Tenovi BPM - L"),
    "COPD": ("Tenovi Pulse Ox",),
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
        with tenovi.user_client() as client:
            registration.register_webhooks(client, site_url=settings.SITE_URL)
            if not DeviceType.objects.exists():
                reconciliation.sync_catalogue(client)
            self.create_kits(clinics)
            new = self.enroll_personas(described["people"], clinics, coordinators)
            # An earlier preparation may have been stopped after the enrolment.
            if new or not SyncRun.objects.filter(kind=SyncKind.DEVICES, finished_at__isnull=False).exists():
                reconciliation.reconcile_devices(client)
        self.register_special_order_webhook()
        self.place_stuck_order(described["people"], coordinators)
        _demo_care.create_demo_care(staff)
        _demo_imports.create_demo_import(clinic=clinics[_demo_staff.ELM], by=staff["cora"])
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
                admission.enroll_patient(by=coordinators[clinic], clinic=clinics[clinic], **values)
        return len(new)

    def register_special_order_webhook(self) -> None:
        """The real vendor offers this in its web app only; the simulated one has a control endpoint for it."""
        answer = httpx2.post(
            f"{settings.TENOVI_BASE_URL}/_control/register_special_order_webhook",
            headers={"X-Control": os.environ.get("SIMULATOR_CONTROL", "control")},
            json={
                "endpoint": settings.SITE_URL + registration.SPECIAL_ORDERS_PATH,
                "auth_key": settings.TENOVI_WEBHOOK_HEADER,
                "auth_header": settings.TENOVI_WEBHOOK_SECRETS[0],
            },
        )
        answer.raise_for_status()

    def place_stuck_order(self, rows: list[dict[str, Any]], coordinators: dict[str, User]) -> None:
        """An order with ZIP code 00000, which the vendor can't ship: its status stays Client Action Required."""
        row = next(row for row in rows if row["scenario"] == STUCK_SCENARIO)
        patient = Patient.objects.by_external_id(row["external_id"])
        if patient is None or Order.objects.filter(patient=patient).exists():
            return
        kit = Kit.objects.get(clinic=patient.clinic, name="COPD")
        orders.place(
            patient=patient,
            kit=kit,
            ship_to=tenovi.ShipTo(
                name=patient.name, address=patient.street, city=patient.city, state=patient.state, zip_code="00000"
            ),
            submission_id=uuid.uuid4(),
            by=coordinators[row["clinic"]],
        )

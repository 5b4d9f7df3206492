"""The demo by the front door: the same functions as forms and workers, and the vendor's own lists. Safe to repeat."""

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
from fulfillment.management.commands import _demo_staff
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


class Command(BaseCommand):
    help = "Fill an empty demo: clinics, staff, kits, webhooks, patients and their devices. Refused outside the demo."

    def handle(self, **_: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This invents people. It runs in the demo only (DEMO=1).")
        described = json.loads(Path(PERSONAS_FILE).read_text(encoding="utf-8"))
        clinics = self.create_clinics(described["clinics"])
        staff = _demo_staff.create_demo_staff(clinics, accounts=Path(os.environ["DEMO_ACCOUNTS_FILE"]))
        coordinators = _demo_staff.coordinators_by_clinic(staff)
        with tenovi.user_client() as client:
            registration.register_webhooks(client, site_url=settings.SITE_URL)
            if not DeviceType.objects.exists():
                reconciliation.sync_catalogue(client)
            self.create_kits(clinics)
            new = self.enroll_personas(described["people"], clinics, coordinators)
            if new or not has_finished_device_sync():
                reconciliation.reconcile_devices(client)
        self.register_special_order_webhook()
        self.place_stuck_order(described["people"], coordinators)
        reading_runs.start_nightly_run(now=timezone.now(), hour_utc=settings.NIGHTLY_HOUR_UTC)

    def create_clinics(self, rows: list[dict[str, Any]]) -> dict[str, Clinic]:
        return {
            row["name"]: Clinic.objects.get_or_create(name=row["name"], defaults={"time_zone": row["time_zone"]})[0]
            for row in rows
        }

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
        """Returns how many are new. Each under the account id that the vendor's list already knows."""
        new = [row for row in rows if Patient.objects.by_external_id(row["external_id"]) is None]
        with transaction.atomic():
            for row in new:
                admission.enroll_patient(
                    by=coordinators[row["clinic"]], clinic=clinics[row["clinic"]], **enrollment_fields(row)
                )
        return len(new)

    def register_special_order_webhook(self) -> None:
        """In the vendor's web app a person sets this hook up; the simulated vendor has a control endpoint for it."""
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
        """An order whose address the vendor can't use: ZIP 00000. It stays in Client Action Required."""
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


def has_finished_device_sync() -> bool:
    """An earlier preparation may have been stopped between enrolling and adopting."""
    return SyncRun.objects.filter(kind=SyncKind.DEVICES, finished_at__isnull=False).exists()


def enrollment_fields(row: dict[str, Any]) -> dict[str, Any]:
    same = (
        "external_id", "given_name", "family_name", "sex", "mrn", "phone", "street", "street_2", "city", "state",
        "time_zone", "provider", "conditions", "sms_consent",
    )  # fmt: skip
    return {name: row[name] for name in same} | {
        "birth_date": date.fromisoformat(row["birth_date"]),
        "zip_code": row["zip"],
    }

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices import tenovi
from devices.models import SyncRun
from devices.models.sync import SyncKind
from devices.sync import gateway_status, reconciliation, runs


class Command(BaseCommand):
    help = (
        "Compare with the vendor now, in the foreground: the catalogue, devices or gateways (readings: sync_readings)."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("kind", choices=[SyncKind.CATALOGUE, SyncKind.DEVICES, SyncKind.GATEWAYS])

    def handle(self, *, kind: str, **_: Any) -> None:
        try:
            with tenovi.background_client() as client:
                run = self.run_sync(kind, client)
        except tenovi.VendorError as error:
            raise CommandError(f"The vendor did not answer as needed: {error}") from error
        self.stdout.write(f"{run.kind}: {run.found} at the vendor")
        for difference in run.differences:
            self.stdout.write(", ".join(f"{name} {value}" for name, value in difference.items()))

    def run_sync(self, kind: str, client: tenovi.TenoviClient) -> SyncRun:
        if kind == SyncKind.CATALOGUE:
            return reconciliation.sync_catalogue(client)
        if kind == SyncKind.DEVICES:
            return reconciliation.reconcile_devices(client)
        return runs.run_to_completion(
            gateway_status.start_gateway_run(), lambda: gateway_status.fetch_due_statuses(client)
        )

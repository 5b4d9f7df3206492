from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices import tenovi
from devices.models import SyncRun
from devices.models.sync import SyncKind
from devices.sync import gateway_status, reconciliation
from measurements.sync import pull as readings

PAUSE_SECONDS = 1.0


class Command(BaseCommand):
    help = "Compare with the vendor now, in the foreground: the catalogue, devices, gateways, or readings."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("kind", choices=SyncKind.values)

    def handle(self, *, kind: str, **_: Any) -> None:
        try:
            with tenovi.background_client() as client:
                run = getattr(self, f"_{kind}")(client)
        except tenovi.VendorError as error:
            raise CommandError(f"The vendor did not answer as needed: {error}") from error
        self.stdout.write(f"{run.kind}: {run.found or getattr(run, 'seen', 0)} at the vendor")
        for difference in run.differences:
            self.stdout.write(", ".join(f"{name} {value}" for name, value in difference.items()))

    def _catalogue(self, client: tenovi.TenoviClient) -> SyncRun:
        return reconciliation.sync_catalogue(client)

    def _devices(self, client: tenovi.TenoviClient) -> SyncRun:
        return reconciliation.reconcile_devices(client)

    def _gateways(self, client: tenovi.TenoviClient) -> SyncRun:
        """Workers may be asking in the same run: what one has been told, the other doesn't ask again."""
        return self.run_to_completion(
            gateway_status.start_gateway_run(), lambda: gateway_status.fetch_due_statuses(client)
        )

    def _measurements(self, client: tenovi.TenoviClient) -> SyncRun:
        """Workers may be pulling the same run: rows are claimed, so both help each other."""
        run = self.run_to_completion(readings.start_pull_run(), lambda: readings.pull_due_patients(client))
        return SyncRun.objects.with_progress().get(pk=run.pk)

    def run_to_completion(self, run: SyncRun, work: Callable[[], bool]) -> SyncRun:
        while SyncRun.objects.unfinished().filter(pk=run.pk).exists():
            if not work():
                time.sleep(PAUSE_SECONDS)
        run.refresh_from_db()
        return run

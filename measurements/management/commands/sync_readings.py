from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices import tenovi
from devices.sync import reading_runs, runs
from measurements.sync import pull


class Command(BaseCommand):
    help = "Pull the readings of all patients from the vendor now, in the foreground. Workers may pull the same run."

    def handle(self, **_: Any) -> None:
        try:
            with tenovi.background_client() as client:
                run = runs.run_to_completion(reading_runs.start_pull_run(), lambda: pull.pull_due_patients(client))
        except tenovi.VendorError as error:
            raise CommandError(f"The vendor did not answer as needed: {error}") from error
        self.stdout.write(f"{run.kind}: {run.total_for('seen')} at the vendor")

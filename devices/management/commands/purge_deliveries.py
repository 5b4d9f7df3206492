from __future__ import annotations

import argparse
import datetime as dt
import math
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices.inbox import maintenance
from patients.wording import count_noun


class Command(BaseCommand):
    help = "Empty the bodies of deliveries that were done long ago. Their digest and outcome stay."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--days", type=int, default=maintenance.BODY_RETENTION.days, help="since they were processed"
        )

    def handle(self, **options: Any) -> None:
        if options["days"] < 1:
            raise CommandError("At least one day: a person may still need what came in today.")
        purged = maintenance.purge_bodies(older_than=dt.timedelta(days=options["days"]), seconds=math.inf)
        self.stdout.write(f"{count_noun(purged, 'body')} purged")

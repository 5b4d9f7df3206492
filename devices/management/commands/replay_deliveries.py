from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand

from devices.inbox import ownership
from devices.models import Delivery
from devices.models.delivery import DeliveryKind, DeliveryState
from devices.tenovi import parse_time
from patients.wording import count_noun


def parse_timestamp(text: str) -> dt.datetime:
    try:
        return parse_time(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}: write it as 2026-09-20T12:30:00Z") from error


class Command(BaseCommand):
    help = "Process stored deliveries once more. A replay changes nothing that was understood before."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--kind", choices=DeliveryKind.values)
        parser.add_argument("--state", choices=DeliveryState.values, help="default: quarantined and dead")
        parser.add_argument("--all", action="store_true", help="whatever their state")
        parser.add_argument("--since", type=parse_timestamp, help="received at or after, such as 2026-09-20T12:30:00Z")

    def handle(self, **options: Any) -> None:
        rows = Delivery.objects.all()
        if not options["all"]:
            states = [options["state"]] if options["state"] else DeliveryState.failed()
            rows = rows.filter(state__in=states)
        if options["kind"]:
            rows = rows.filter(kind=options["kind"])
        if options["since"]:
            rows = rows.filter(received_at__gte=options["since"])
        count = ownership.replay_own(rows, by=None)
        self.stdout.write(f"{count_noun(count, 'delivery')} to be processed again")

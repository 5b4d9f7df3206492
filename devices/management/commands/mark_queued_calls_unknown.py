from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from devices.outbox import sending
from patients.wording import count_noun


class Command(BaseCommand):
    help = "After a restore: ask the vendor about each call that waits before it is sent, for it may have been sent."

    def handle(self, **_: Any) -> None:
        count = sending.mark_queued_calls_unknown()
        self.stdout.write(f"{count_noun(count, 'call')} to be searched for at the vendor before sending.")

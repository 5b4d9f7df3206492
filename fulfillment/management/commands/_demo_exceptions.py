"""Work on the demo's exceptions: one with an owner and a note, one snoozed, one dismissed."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from fulfillment.worklist import item_notes, items, refresh
from fulfillment.worklist.models import WorklistItem
from patients.care import notes
from patients.models import User


def work_on_exceptions(staff: dict[str, User]) -> None:
    """What is known before the readings are pulled; the workers find the rest. Once."""
    if WorklistItem.objects.exists():
        return
    refresh.refresh_worklist()
    cora = staff["cora"]
    returned = WorklistItem.objects.get(kind="returned", clinic__people=cora)
    items.assign_item(returned, owner=cora, by=cora, live_version=returned.live_version)
    if returned.patient is not None:
        text = "Asked for the right address."
        note = notes.create_note(patient=returned.patient, by=cora, kind="call", outcome="left_message", text=text)
        item_notes.link_note(returned, note)
    held = WorklistItem.objects.get(kind="on_hold", clinic__people=cora)
    tomorrow = timezone.now() + dt.timedelta(days=1)
    items.snooze_item(
        held, until=tomorrow, note="The vendor answers tomorrow.", by=cora, live_version=held.live_version
    )
    waiting = WorklistItem.objects.get(kind="other", clinic__people=cora)
    items.dismiss_item(
        waiting, reason="Back in stock next week, says the vendor.", by=cora, live_version=waiting.live_version
    )

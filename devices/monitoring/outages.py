"""Times in which webhooks may have been lost: what is alarming about them, as the alarms remember it."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from devices.models import Alarm

LOSE_WEBHOOKS = ("database", "hooks_refused", "hooks_locked_out", "hooks_silent")


def found_since(moment: dt.datetime) -> bool:
    """One has begun, or is over, since then. Only a pull that begins later brings what was lost."""
    alarms = Alarm.objects.filter(name__in=LOSE_WEBHOOKS)
    return alarms.filter(Q(since__gt=moment) | Q(over_at__gt=moment)).exists()

"""Outages in which webhooks may have been lost, read from the stored operator alarms."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from devices.models import OperatorAlarm

WEBHOOK_OUTAGE_ALARMS = ("database", "hooks_refused", "hooks_locked_out", "hooks_silent")


def has_outage_since(start: dt.datetime) -> bool:
    """One has begun, or is over, since then. Only a pull that begins later brings what was lost."""
    alarms = OperatorAlarm.objects.filter(name__in=WEBHOOK_OUTAGE_ALARMS)
    return alarms.filter(Q(since__gt=start) | Q(resolved_at__gt=start)).exists()

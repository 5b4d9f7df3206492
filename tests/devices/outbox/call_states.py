"""States of calls, and shifted time."""

import datetime as dt

from django.utils import timezone

from devices.models import VendorCall

State = VendorCall.State


def end_settle_time():
    """The settle time is over for every unclear call."""
    VendorCall.objects.filter(state=State.UNKNOWN).update(search_after=timezone.now() - dt.timedelta(seconds=1))


def refreshed_state(call):
    call.refresh_from_db()
    return call.state

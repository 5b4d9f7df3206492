"""Placement in time of readings whose device clock is ahead: once, from our receipt, in the order of their stamps.

An upload is what a device delivers at one time: the items of one delivery (which share its time of receipt, also
those that were set aside and are stored later) or of one page of a pull. Where the vendor posts each reading by itself,
older readings that follow within two minutes belong to it too.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from django.db import connection

from devices.models import Device
from measurements.local_days import AHEAD_AFTER

MAX_TIME_AHEAD = dt.timedelta(hours=24)
UPLOAD_SPAN = dt.timedelta(minutes=2)


class StampedReading(NamedTuple):
    """When a device says, in whole seconds, that it took a reading, and when we received that for the first time."""

    received_at: dt.datetime
    stamp: dt.datetime

    @property
    def is_ahead(self) -> bool:
        """What is further ahead is quarantined, and is no measure for its upload."""
        return AHEAD_AFTER < self.stamp - self.received_at <= MAX_TIME_AHEAD


class PlacedStamp(NamedTuple):
    """A stamp that has its place in time."""

    received_at: dt.datetime
    stamp: dt.datetime
    taken_at: dt.datetime


def place_stamps(
    readings: Iterable[StampedReading], placed_before: Iterable[PlacedStamp] = ()
) -> dict[dt.datetime, dt.datetime]:
    """Time taken by stamp, of the readings of one device that need another time than their stamp.

    The newest of an upload was taken when it was received, the others as long before it as their stamps say. What has
    its place stays there, and an equal stamp gets the same one, whenever and by whatever path it arrives.
    """
    received_by_stamp = {each.stamp: each.received_at for each in placed_before}
    place_by_stamp = {each.stamp: each.taken_at for each in placed_before}
    for received_at, upload in groupby(sorted(set(readings)), key=attrgetter("received_at")):
        stamps = {each.stamp for each in upload if each.is_ahead}
        just_before = {
            stamp
            for stamp, other_received_at in received_by_stamp.items()
            if received_at - UPLOAD_SPAN <= other_received_at <= received_at
        }
        newer: dt.datetime | None = None
        for stamp in sorted(stamps | just_before, reverse=True):
            if stamp not in place_by_stamp:
                received_by_stamp[stamp] = received_at
                place_by_stamp[stamp] = place_by_stamp[newer] - (newer - stamp) if newer else received_at
            newer = stamp
    return place_by_stamp


PLACED_STAMPS_SQL = """
SELECT DISTINCT device_id, received_at, identity_at, taken_at FROM measurements_measurement
WHERE stamped_at IS NOT NULL AND device_id = ANY(%s) AND stamped_at BETWEEN %s AND %s
"""


def place_readings(
    readings: Sequence[tuple[int, StampedReading]], *, devices: Collection[int]
) -> dict[tuple[int, dt.datetime], dt.datetime]:
    """Time taken by device and stamp, of those that need another time than their stamp.

    `readings`: of a portion, those that are ahead, and all of devices with readings that have their place already.
    `devices`: all of the portion.
    """
    if not readings:
        return {}
    stamps = [each.stamp for _, each in readings]
    ahead: dict[int, list[StampedReading]] = defaultdict(list)
    for device_id, each in readings:
        if each.is_ahead:
            ahead[device_id].append(each)
    first = min([min(stamps), *(each.received_at - UPLOAD_SPAN for of_device in ahead.values() for each in of_device)])
    last = max(stamps) + (MAX_TIME_AHEAD if ahead else dt.timedelta(seconds=1))
    if ahead:
        # All of the portion, as when they are stored: of two workers with the two metrics of one reading, the second
        # must see the place that the first one gave.
        list(Device.objects.filter(pk__in=devices).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    with connection.cursor() as cursor:
        cursor.execute(PLACED_STAMPS_SQL, [sorted({device_id for device_id, _ in readings}), first, last])
        placed_before: dict[int, list[PlacedStamp]] = defaultdict(list)
        for device_id, *fields in cursor.fetchall():
            placed_before[device_id].append(PlacedStamp(*fields))
    return {
        (device_id, stamp): taken_at
        for device_id in {*ahead, *placed_before}
        for stamp, taken_at in place_stamps(ahead[device_id], placed_before[device_id]).items()
    }

"""Gates with a gap of a tenth of a second, and where their slots stand."""

import datetime as dt
from itertools import pairwise

import httpx2
import pytest
from django.utils import timezone

from devices.models import KeySlot
from devices.tenovi import ApiKey, Gate

GAP = 0.1
KEYS = [ApiKey(f"key-{n}") for n in range(3)]
WSGI = httpx2.MockTransport(lambda request: httpx2.Response(200, json={}))  # answers everything, at once
with_others = pytest.mark.django_db(transaction=True)  # other connections see the rows


def a_gate(*keys, person=True, gap=GAP, shared=False):
    return Gate(keys or KEYS[:1], gap_seconds=gap, person=person, shared=shared)


def gaps(moments):
    return [later - earlier for earlier, later in pairwise(sorted(moments))]


def row(key=KEYS[0]):
    return KeySlot.objects.get(bucket=key.bucket)


def busy(key=KEYS[0], seconds=60.0, **values):
    at = timezone.now() + dt.timedelta(seconds=seconds)
    KeySlot.objects.update_or_create(bucket=key.bucket, defaults={"next_free_at": at, **values})

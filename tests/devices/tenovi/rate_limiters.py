"""Rate limiters with a gap of 0.1 s, and access to their slot rows."""

import datetime as dt
from itertools import pairwise

import httpx2
import pytest
from django.utils import timezone

from devices.models import ApiKeySlot
from devices.tenovi import ApiKey, RateLimiter

GAP = 0.1
KEYS = [ApiKey(f"key-{n}") for n in range(3)]
WSGI = httpx2.MockTransport(lambda request: httpx2.Response(200, json={}))  # answers everything, at once
with_others = pytest.mark.django_db(transaction=True)  # other connections see the rows


def make_rate_limiter(*keys, for_user=True, gap=GAP, shared=False):
    return RateLimiter(keys or KEYS[:1], gap_seconds=gap, for_user=for_user, shared=shared)


def gaps_between(times):
    return [later - earlier for earlier, later in pairwise(sorted(times))]


def key_slot(key=KEYS[0]):
    return ApiKeySlot.objects.get(bucket=key.bucket)


def occupy_key(key=KEYS[0], seconds=60.0, **values):
    at = timezone.now() + dt.timedelta(seconds=seconds)
    ApiKeySlot.objects.update_or_create(bucket=key.bucket, defaults={"next_free_at": at, **values})

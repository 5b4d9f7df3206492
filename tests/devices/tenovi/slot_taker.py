"""Process that takes slots and prints when each opened and when it could be used: for test_rate_limiter."""

import json
import os
import sys
import time

import django


def main(lane, count, keys):
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from devices.tenovi import ApiKey, RateLimiter
    from devices.tenovi.rate_limiter import NoSlotAvailable

    limiter = RateLimiter([ApiKey(key) for key in keys.split(",")], gap_seconds=0.1, for_user=lane == "person")
    taken = 0
    while taken < int(count):
        try:
            slot = limiter.take_slot(max_wait=60)
        except NoSlotAvailable:
            continue
        ready = time.time()  # before the check for lateness, which may be slow on a busy machine
        if slot.is_late:
            limiter.release_slot(slot)
            continue
        taken += 1
        print(json.dumps({"lane": lane, "bucket": slot.bucket, "booked": slot.booked.timestamp(), "ready": ready}))


main(*sys.argv[1:])

"""A process of its own that takes slots and tells when each opened and when it could be used: for test_gate."""

import json
import os
import sys
import time

import django


def main(lane, count, keys):
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from devices.tenovi import ApiKey, Gate
    from devices.tenovi.rate_limiter import NoSlot

    gate = Gate([ApiKey(key) for key in keys.split(",")], gap_seconds=0.1, person=lane == "person")
    taken = 0
    while taken < int(count):
        try:
            slot = gate.take(max_wait=60)
        except NoSlot:
            continue
        ready = time.time()  # before it is judged: what comes after may take its time on a busy machine
        if slot.is_late:
            gate.give_back(slot)
            continue
        taken += 1
        print(json.dumps({"lane": lane, "bucket": slot.bucket, "booked": slot.booked.timestamp(), "ready": ready}))


main(*sys.argv[1:])

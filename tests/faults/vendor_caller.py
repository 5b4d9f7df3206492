"""A process of its own that asks the vendor as often as it may: `python -m tests.faults.vendor_caller SECONDS`."""

import os
import sys
import time

import django

if __name__ == "__main__":
    django.setup()
    from devices import tenovi

    until = time.monotonic() + float(sys.argv[1])
    lane = tenovi.user_client if os.getpid() % 2 else tenovi.background_client
    while (left := until - time.monotonic()) > 0:
        with lane() as client:
            if client.take_slot(max_wait=left):
                client.list_device_types()

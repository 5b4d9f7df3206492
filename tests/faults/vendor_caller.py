"""Process that calls the vendor as often as allowed: `python -m tests.faults.vendor_caller SECONDS`."""

import os
import sys
import time

import django

if __name__ == "__main__":
    django.setup()
    from devices import tenovi

    until = time.monotonic() + float(sys.argv[1])
    open_client = tenovi.user_client if os.getpid() % 2 else tenovi.background_client
    while (left := until - time.monotonic()) > 0:
        with open_client() as client:
            if client.take_slot(max_wait=left):
                client.list_device_types()

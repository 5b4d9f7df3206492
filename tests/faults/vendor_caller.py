"""Process that calls the vendor as often as allowed: `python -m tests.faults.vendor_caller SECONDS`.

It prints a line for each request: its key, and the time of its first byte by the clock that all processes share.
"""

import os
import re
import sys
import time

import django


def print_first_writes():
    from devices.tenovi import transport

    class PrintingStream(transport.DeadlineStream):
        def write(self, buffer, timeout=None):
            is_first, at = self.latest_write is not None, time.monotonic()
            super().write(buffer, timeout)
            if is_first:
                key = re.search(rb"Api-Key (\S+)", buffer)[1].decode()
                print(key, at, flush=True)

    transport.DeadlineStream = PrintingStream


if __name__ == "__main__":
    django.setup()
    print_first_writes()
    from devices import tenovi

    until = time.monotonic() + float(sys.argv[1])
    open_client = tenovi.user_client if os.getpid() % 2 else tenovi.background_client
    while (left := until - time.monotonic()) > 0:
        with open_client() as client:
            if client.take_slot(max_wait=left):
                client.list_device_types()

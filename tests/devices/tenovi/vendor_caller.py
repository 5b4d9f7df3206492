"""Process that calls the vendor as often as allowed, for some seconds: for test_rate_limiter_real_time."""

import os
import sys
import time

import django


def main(seconds):
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.conf import settings

    from devices import tenovi

    settings.TENOVI_BASE_URL = os.environ["ASKED_URL"]
    settings.TENOVI_API_KEYS = ["key-people"]
    until = time.monotonic() + float(seconds)
    open_client = tenovi.user_client if os.getpid() % 2 else tenovi.background_client
    while time.monotonic() < until:
        with open_client() as client:
            for _ in range(3):
                if client.take_slot(max_wait=max(0.0, until - time.monotonic())):
                    client.list_device_types()


main(*sys.argv[1:])

import datetime as dt
import math

import pytest
from django.utils import timezone

from measurements.models import Measurement
from tests.browser.axe import ClinicWithReadings
from tests.browser.long_words import fill_with_long_words
from tests.browser.page_helpers import build_reading
from tests.browsers import DESKTOP, PHONE, session_cookie_for
from tests.factories import DeviceFactory, LatestReadingFactory


@pytest.fixture(params=["desktop", "phone"])
def viewport(request):
    return DESKTOP if request.param == "desktop" else PHONE


@pytest.fixture
def open_at_viewport(open_page_as, viewport):
    """A function that opens an address at this width, signed in as `user` or anonymous."""
    return lambda path, *, user=None, **options: open_page_as(user, path, viewport=viewport, **options)


@pytest.fixture
def open_as_clinician(open_page_as, nadia):
    """A function that opens an address as Nadia."""
    return lambda path, **options: open_page_as(nadia, path, **options)


@pytest.fixture
def device_with_readings(rosa):
    """Rosa's blood pressure and pulse twice a day for 60 days with a gap of five, weight, glucose, SpO2."""
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    start = timezone.now() - dt.timedelta(days=60)
    rows = []
    for n in (*range(90), *range(100, 120)):
        at, wave = start + dt.timedelta(hours=12 * n + 6), math.sin(n)
        meal = {"meal_context": "fasting"} if n % 2 else {}
        rows += [
            build_reading(device, "blood_pressure", at, 148 + 12 * wave, 91 + 6 * wave, index=n, estimated=n % 9 == 0),
            build_reading(device, "pulse", at, 74 + 5 * wave, 0, index=n),
            build_reading(device, "weight", at, 171 + wave),
            build_reading(device, "glucose", at, 130 + 40 * wave, filter_params=meal),
            build_reading(device, "spO2", at, 95 + wave),
        ]
    Measurement.objects.bulk_create(rows)
    for code in ("blood_pressure", "pulse", "weight", "glucose", "spO2"):
        LatestReadingFactory(measurement=rosa.measurements.filter(metric=code).first())
    return device


@pytest.fixture
def clinic_with_readings(transactional_db):
    return ClinicWithReadings()


@pytest.fixture
def clinic_with_long_words(clinic_with_readings):
    fill_with_long_words(clinic_with_readings)
    return clinic_with_readings


@pytest.fixture
def browser_for(open_browser_page, live_server):
    """A function that opens a browser context per user, without the CSP, which would refuse injected test scripts."""

    def open_as(user):
        tab = open_browser_page(base_url=live_server.url, bypass_csp=True)
        if user:
            tab.context.add_cookies([{"name": "sessionid", "value": session_cookie_for(user), "url": live_server.url}])
        return tab

    return open_as

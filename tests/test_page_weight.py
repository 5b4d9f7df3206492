"""Page weight: bytes of the first load of a page with its styles and scripts, as sent over the network."""

import datetime as dt
import gzip
import re
from functools import cache
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone
from whitenoise.compress import Compressor

from measurements.models import Measurement
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, PatientFactory

pytestmark = pytest.mark.django_db
MOST_BYTES = 200_000
STATIC = re.compile(r'(?:href|src)="/static/([^"?]+)"')


@pytest.fixture
def patient_with_many_readings(rosa):
    """A year, four times a day: every chart in its band, every value different from the next."""
    device, now, rows = DeviceFactory(patient=rosa), timezone.now(), []
    for n in range(4 * 365):
        at = now - dt.timedelta(hours=6 * n, minutes=n % 50)
        for code, value, second in (
            ("blood_pressure", 100 + n * 37 % 90, 60 + n * 17 % 40),
            ("pulse", 55 + n * 23 % 50, None),
            ("weight", 150 + n * 31 % 400 / 10, None),
            ("glucose", 70 + n * 41 % 180, None),
        ):
            rows.append(
                Measurement(
                    device=device,
                    patient=rosa,
                    metric_id=code,
                    taken_at=at,
                    received_at=at,
                    value_1=value,
                    value_2=second,
                    index=n,
                )
            )
    stored = Measurement.objects.bulk_create(rows)
    for row in stored[:4]:
        LatestReadingFactory(measurement=row)
    return rosa


def transferred_bytes(response):
    """Bytes of the page as a browser asks for it, and of every file that it names."""
    files = set(STATIC.findall(gzip.decompress(response.content).decode()))
    assert len(files) >= 3
    return len(response.content) + sum(compressed_size(Path(finders.find(name))) for name in files)


@cache
def compressed_size(file):
    """Bytes with brotli, as `collectstatic` prepares it."""
    raw = file.read_bytes()
    return min(len(raw), len(Compressor.compress_brotli(raw)))


def test_page_weight_of_patient_page_is_within_limit(as_nadia, patient_with_many_readings):
    for days in (30, 365, 0):
        response = as_nadia.get(
            f"/patients/{patient_with_many_readings.pk}/?days={days}", HTTP_ACCEPT_ENCODING="gzip, br"
        )

        assert response["Content-Encoding"] == "gzip"
        assert transferred_bytes(response) <= MOST_BYTES


def test_page_weight_of_patient_list_is_within_limit(as_nadia, elm):
    for n in range(50):
        patient = PatientFactory(clinic=elm, given_name=f"Given{n * 7919}", family_name=f"Family{n * 104729}")
        row = MeasurementFactory(
            device=DeviceFactory(patient=patient), code="blood_pressure", value_1=100 + n, value_2=80
        )
        LatestReadingFactory(measurement=row)

    assert transferred_bytes(as_nadia.get("/patients/", HTTP_ACCEPT_ENCODING="gzip")) <= MOST_BYTES


def test_compressed_page_is_not_cacheable(as_nadia, rosa):
    response = as_nadia.get(f"/patients/{rosa.pk}/", HTTP_ACCEPT_ENCODING="gzip")

    assert "no-store" in response["Cache-Control"]
    assert "Accept-Encoding" in response["Vary"]

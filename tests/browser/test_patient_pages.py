"""The list and a patient's page in a real browser: charts drawn, kept up to date, walked by keyboard."""

import datetime as dt
import math
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client
from django.utils import timezone

from measurements.models import LatestReading, Measurement, Metric
from patients.models import Patient
from tests.browsers import DESKTOP, PHONE
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory

pytestmark = pytest.mark.django_db(transaction=True)

# Pixels of a canvas that are nearly of one colour of the sheet.
COUNT = """([selector, name]) => {
  const canvas = document.querySelector(selector);
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    const near = Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 40;
    if (near && data[i + 3] > 200) count++;
  }
  return count;
}"""
# A server that doesn't answer is a line in the console; that test wants one.
NO_ANSWER = "net::ERR_FAILED"


@pytest.fixture(autouse=True)
def vocabulary(transactional_db):
    """Metrics and goals come with the migrations, and every test with real commits empties all tables behind it."""
    if not Metric.objects.filter(vital=True).exists():
        Metric.objects.all().delete()
        for name in ("0003_metrics_and_thresholds", "0004_weight_gain_goal"):
            import_module(f"measurements.migrations.{name}").add(apps, None)


@pytest.fixture(params=["desktop", "phone"])
def viewport(request):
    return DESKTOP if request.param == "desktop" else PHONE


@pytest.fixture
def browse(opened, live_server, nadia):
    """A function that opens an address as Nadia."""

    def open_as_nadia(path, *, viewport=DESKTOP, **options):
        client = Client()
        client.force_login(nadia)
        page = opened(viewport=viewport, base_url=live_server.url, **options)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.goto(path)
        return page

    return open_as_nadia


@pytest.fixture
def measured(rosa):
    """Rosa's blood pressure and pulse twice a day for 60 days with a gap of five, weight, glucose, SpO2."""
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    start = timezone.now() - dt.timedelta(days=60)
    rows = []
    for n in (*range(90), *range(100, 120)):
        at, wave = start + dt.timedelta(hours=12 * n + 6), math.sin(n)
        meal = {"meal_context": "fasting"} if n % 2 else {}
        rows += [
            reading(device, "blood_pressure", at, 148 + 12 * wave, 91 + 6 * wave, index=n, estimated=n % 9 == 0),
            reading(device, "pulse", at, 74 + 5 * wave, 0, index=n),
            reading(device, "weight", at, 171 + wave),
            reading(device, "glucose", at, 130 + 40 * wave, filter_params=meal),
            reading(device, "spO2", at, 95 + wave),
        ]
    Measurement.objects.bulk_create(rows)
    for code in ("blood_pressure", "pulse", "weight", "glucose", "spO2"):
        LatestReadingFactory(measurement=rosa.measurements.filter(metric=code).first())
    return device


def reading(device, code, at, value_1, value_2=None, **fields):
    values = {"value_1": round(value_1, 1), "value_2": None if value_2 is None else round(value_2)}
    return Measurement(
        device=device, patient=device.patient, metric_id=code, raw_metric=code, taken_at=at, **values, **fields
    )


def bump(patient):
    with transaction.atomic():
        Patient.objects.bump([patient.pk])


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_from_the_list_to_charts_that_are_drawn(browse, measured, rosa, viewport, theme):
    page = browse("/patients/", viewport=viewport, color_scheme=theme)
    assert fits(page)

    page.get_by_role("link", name="Delgado, Rosa").click()
    page.wait_for_selector("#plot-spO2 canvas")
    page.wait_for_timeout(200)

    assert fits(page)
    for code in ("blood_pressure", "pulse", "weight", "glucose", "spO2"):
        assert page.evaluate(COUNT, [f"#plot-{code} canvas", "--series-1"]) > 300, code
    assert page.evaluate(COUNT, ["#plot-blood_pressure canvas", "--series-2"]) > 300
    assert page.evaluate(COUNT, ["#strip", "--series-1"]) > 300


def test_a_year_and_everything_are_drawn_too(browse, measured, rosa):
    for days in (365, 0, 7):
        page = browse(f"/patients/{rosa.pk}/?days={days}")
        page.wait_for_selector("#plot-blood_pressure canvas")
        page.wait_for_timeout(200)
        assert page.evaluate(COUNT, ["#plot-blood_pressure canvas", "--series-1"]) > 150, days


def test_a_new_reading_appears_within_five_seconds_and_nothing_jumps(browse, measured, rosa):
    page = browse(f"/patients/{rosa.pk}/")
    page.get_by_text("Readings as a table").click()
    page.evaluate("document.querySelector('#plot-blood_pressure canvas').dataset.witness = 'the same canvas'")
    page.evaluate("window.scrollTo(0, 200)")

    newest = reading(measured, "blood_pressure", timezone.now(), 199, 111, index=999)
    newest.save()
    LatestReading.objects.filter(patient=rosa, metric="blood_pressure").update(
        measurement=newest, taken_at=newest.taken_at, value_1=199, value_2=111
    )
    bump(rosa)
    page.get_by_text("199/111").first.wait_for(timeout=5000)

    assert page.locator(".latest-first").inner_text().startswith("199/111")
    assert page.locator("#readings").evaluate("el => el.open")
    assert page.evaluate("window.scrollY") == 200
    assert page.evaluate("document.querySelector('#plot-blood_pressure canvas').dataset.witness") == "the same canvas"
    assert page.evaluate("document.getElementById('live-trouble').hidden")


def test_the_list_follows_as_well(browse, rosa):
    page = browse("/patients/")
    assert page.get_by_text("never", exact=True).is_visible()

    LatestReadingFactory(measurement=MeasurementFactory(device=DeviceFactory(patient=rosa), value_1=171))
    bump(rosa)

    page.get_by_text("171.0").wait_for(timeout=5000)


def test_somebody_signed_out_meanwhile_sees_no_patient_and_no_form_in_a_panel(browse, measured, rosa):
    page = browse(f"/patients/{rosa.pk}/")
    Session.objects.all().delete()

    page.get_by_text("You are signed out.").wait_for(timeout=8000)

    assert "Delgado" not in page.inner_text("body")
    assert page.locator("form[action*=login]").count() == 0
    page.get_by_role("link", name="Sign in again").click()
    assert page.get_by_role("button", name="Sign in").is_visible()


def test_a_lost_connection_is_said_and_what_is_shown_stays(browse, measured, rosa, troubles):
    page = browse(f"/patients/{rosa.pk}/")
    page.route("**/live/**", lambda route: route.abort())

    page.get_by_text("No connection since").wait_for(timeout=8000)
    assert page.get_by_text("Rosa Delgado").is_visible()

    page.unroute("**/live/**")
    page.locator("#live-trouble").wait_for(state="hidden", timeout=15000)
    assert all(NO_ANSWER in line for line in troubles)
    troubles.clear()


def test_readings_are_walked_by_keyboard_and_read_out(browse, measured, rosa):
    page = browse(f"/patients/{rosa.pk}/")
    page.wait_for_selector("#plot-blood_pressure canvas")
    page.focus("#plot-blood_pressure")

    page.keyboard.press("ArrowLeft")
    last = page.inner_text("#readout-blood_pressure")
    page.keyboard.press("ArrowLeft")
    before = page.inner_text("#readout-blood_pressure")

    assert "mmHg · pulse" in last
    assert last != before
    assert page.locator("#plot-blood_pressure .tip").is_visible()


def test_the_table_is_one_key_away(browse, measured, rosa):
    page = browse(f"/patients/{rosa.pk}/")
    assert not page.locator("#readings").evaluate("el => el.open")

    page.keyboard.press("t")

    assert page.get_by_role("columnheader", name="Marks").is_visible()


def test_the_chosen_colours_are_kept_without_a_flash(browse, rosa):
    page = browse("/patients/")
    page.locator("#account-menu summary").click()
    page.get_by_role("button", name="Dark").click()
    page.reload()

    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert "data-theme" in page.content().split("<head>")[0]


def test_search_is_a_slash_away(browse, rosa):
    page = browse("/patients/")

    page.keyboard.press("/")
    page.keyboard.type("delga")
    page.keyboard.press("Enter")

    page.get_by_text("1 found for").wait_for()
    assert page.url.endswith("/patients/")

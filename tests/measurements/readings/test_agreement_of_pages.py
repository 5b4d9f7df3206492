"""The words and numbers of one figure agree on every page, in print and in files."""

import csv
import io
import re
from html import unescape

import pytest
from django.utils import timezone

from measurements import units
from measurements.ingest import patient_summaries
from measurements.models import LatestReading
from measurements.units import DisplayUnits
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory
from tests.measurements.readings.test_unit_views import HOUR
from tests.measurements.thresholds.threshold_form import save_thresholds, threshold_form_data
from tests.page_texts import page_text


@pytest.fixture
def metric_units(nadia):
    """Nadia reads in kilograms, mmol/L and °C."""
    units.save_units_preference(units=DisplayUnits.from_code("kg,mmol/L,°C"), by=nadia)


def create_weights(patient, *pounds):
    """One a day, oldest first, the newest an hour ago."""
    device = DeviceFactory(patient=patient)
    for days, value in enumerate(reversed(pounds)):
        row = MeasurementFactory(
            device=device, code="weight", value_1=value, taken_at=timezone.now() - days * 24 * HOUR - HOUR
        )
        if days == 0:
            LatestReadingFactory(measurement=row)
    patient_summaries.rebuild_patient_summaries([patient.pk])


def gain_texts(client, patient):
    """What each page says of the gain: the chart's header, the panel of latest values, list, preview and print."""
    own = f"/patients/{patient.pk}/"
    page, listed, preview, printed = (
        page_text(client.get(path)) for path in (own, "/patients/", f"{own}preview/", f"{own}print/")
    )
    return {
        "chart": re.search(r"\d (\S+) from usual weight (gain \w+ goal)?", page).groups(),
        "latest": re.search(r"From usual weight (\S+) \w+ ((?:\w+ )?\w+ goal)?", page).groups(),
        "list": re.search(r"(\S+) from usual (?:\S (\w+ goal))?", listed).groups(),
        "preview": re.search(r"From usual weight (\S+) \w+ (\w+ goal)?", preview).groups(),
        "print": re.search(r"\d (\S+) from usual weight (gain \w+ goal)?", printed).groups(),
    }


def test_loss_against_goal_of_gain_is_below_goal_on_every_page(as_nadia, rosa):
    save_thresholds(
        as_nadia,
        rosa,
        threshold_form_data(as_nadia, rosa),
        **{"weight-1-gain-low": "0", "weight-1-gain-high": "3"},
    )
    create_weights(rosa, *[180] * 7, 172)

    lost = "\N{MINUS SIGN}8.0"
    assert gain_texts(as_nadia, rosa) == {
        "chart": (lost, "gain below goal"),
        "latest": (lost, "below goal"),
        "list": (lost, "below goal"),
        "preview": (lost, "below goal"),
        "print": (lost, "gain below goal"),
    }


def test_gain_that_rounds_to_goal_typed_in_kilograms_is_above_goal_on_every_page(as_nadia, metric_units, rosa):
    save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{"weight-1-gain-high": "1.5"})
    create_weights(rosa, *[180] * 7, 183.30)

    assert set(gain_texts(as_nadia, rosa).values()) == {("+1.5", "above goal"), ("+1.5", "gain above goal")}


@pytest.mark.parametrize(("newest", "tone"), [(184, "warn"), (186, "bad")])
def test_gain_has_the_tone_of_its_flag_on_every_page(as_nadia, rosa, newest, tone):
    save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{"weight-1-gain-very_high": "5"})
    create_weights(rosa, *[180] * 7, newest)

    own = f"/patients/{rosa.pk}/"
    page, listed, preview = (as_nadia.get(path).content.decode() for path in (own, "/patients/", f"{own}preview/"))

    flag = re.compile(rf'"state state--{tone} state--up"\s*>(?:gain )?(?:far )?above goal')
    assert [len(flag.findall(html)) for html in (page, preview)] == [2, 1]
    assert f"weight-gain flag flag--{tone}" in listed


def test_list_names_the_weight_that_a_gain_is_of_where_the_newest_is_another(as_nadia, rosa):
    create_weights(rosa, *[180] * 7, 176.4)
    assert "176.4 1 h \N{MINUS SIGN}3.6 from usual" in page_text(as_nadia.get("/patients/"))

    later = MeasurementFactory(device=rosa.devices.get(), code="weight", value_1=178, taken_at=timezone.now())
    LatestReading.objects.update(measurement=later, value_1=178, taken_at=later.taken_at)

    assert "178.0 now day's weight 176.4, \N{MINUS SIGN}3.6 from usual" in unescape(
        page_text(as_nadia.get("/patients/"))
    )


def test_gain_of_nearly_nothing_has_no_sign(as_nadia, rosa):
    create_weights(rosa, *[176.40] * 7, 176.38)

    assert set(gain_texts(as_nadia, rosa).values()) == {("0.0", None)}


def test_glucose_that_rounds_to_goal_typed_in_mmol_is_in_goal_on_page_and_in_file(as_nadia, metric_units, rosa):
    data = threshold_form_data(as_nadia, rosa)
    save_thresholds(as_nadia, rosa, data, **{"glucose-1-low": "3.8", "glucose-1-high": "10.1"})
    save_thresholds(
        as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{"glucose-1-low": "3.9", "glucose-1-high": "10.0"}
    )
    device = DeviceFactory(patient=rosa)
    for hours, value in ((3, 69), (2, 181), (1, 70)):
        row = MeasurementFactory(
            device=device, code="glucose", value_1=value, taken_at=timezone.now() - hours * HOUR, value_2=0
        )
    LatestReadingFactory(measurement=row)

    page = page_text(as_nadia.get(f"/patients/{rosa.pk}/"))
    exported = as_nadia.get(f"/patients/{rosa.pk}/readings.csv?days=7").content.decode("utf-8-sig")

    assert "Latest 3.9 mmol/L" in page
    assert "3.8 ▼ below goal" in page
    assert "66 % of readings in goal" in page
    found = [(row["value"], row["against_goal"]) for row in csv.DictReader(io.StringIO(exported))]
    assert found == [("3.83", "below goal"), ("10.0", "in goal"), ("3.9", "in goal")]


def test_irregular_heartbeat_of_zero_is_not_detected_on_every_page(as_nadia, rosa):
    device, taken = DeviceFactory(patient=rosa), timezone.now() - HOUR
    for code, value in (("blood_pressure", 120), ("irregular_heartbeat", 0)):
        second = 70 if code == "blood_pressure" else 0
        row = MeasurementFactory(device=device, code=code, value_1=value, value_2=second, taken_at=taken)
        LatestReadingFactory(measurement=row)

    for path in ("", "preview/", "print/", f"readings/{row.pk}/"):
        shown = page_text(as_nadia.get(f"/patients/{rosa.pk}/{path}"))
        assert "not detected" in shown, path
        assert "detected" not in shown.replace("not detected", ""), path
        assert "irregular heartbeat, 1 time" not in shown

"""Units by choice, everywhere a value is shown or typed."""

import csv
import datetime as dt
import io
import re

import pytest
from django.utils import timezone

from measurements import units
from measurements.ingest import patient_summaries
from measurements.thresholds import evaluation
from measurements.units import DisplayUnits
from patients.models import User
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory
from tests.measurements.thresholds.threshold_form import save_thresholds, threshold_form_data
from tests.page_texts import page_text

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def metric_units(nadia):
    """Nadia reads in kilograms, mmol/L and °C."""
    units.save_units_preference(units=DisplayUnits.from_code("kg,mmol/L,°C"), by=nadia)


@pytest.fixture
def mixed_readings(rosa):
    """Weights of four days with a gain of 4 lb, a glucose of 180 mg/dL, a temperature of 100.4 °F."""
    device = DeviceFactory(patient=rosa)
    for days, pounds in ((3, 200), (2, 200), (1, 200), (0, 204)):
        row = MeasurementFactory(
            device=device, code="weight", value_1=pounds, taken_at=timezone.now() - days * 24 * HOUR - HOUR
        )
    LatestReadingFactory(measurement=row)
    patient_summaries.rebuild_patient_summaries([rosa.pk])
    for code, value in (("glucose", 180), ("temperature", 100.4)):
        LatestReadingFactory(measurement=MeasurementFactory(device=device, code=code, value_1=value))
    return row


def panels_by_code(response):
    return {panel["code"]: panel for panel in response.context["chart_data"]["panels"]}


def test_patient_page_shows_every_value_in_chosen_units(as_nadia, metric_units, mixed_readings, rosa):
    response = as_nadia.get(f"/patients/{rosa.pk}/")
    shown = page_text(response)

    for expected in (
        "Weight kg",
        "92.5 kg",
        "From usual weight +1.8 kg",
        "average 91.2 n 4",
        "10.0 mmol/L",
        "38.0 °C",
        "Temperature &lt; 38 °C, default",
        "Weight gain &lt; 1.4 kg over usual weight, default",
        "Fasting or before meals 4.4\N{EN DASH}7.2 mmol/L",
    ):
        assert expected in shown
    assert not re.search(r"\d (lb|mg/dL|°F)\b", re.sub("Where these come from.*", "", shown))


def test_chart_data_axes_bands_and_baseline_use_chosen_units(as_nadia, metric_units, mixed_readings, rosa):
    found = panels_by_code(as_nadia.get(f"/patients/{rosa.pk}/"))

    weight, glucose, temperature = (found[code] for code in ("weight", "glucose", "temperature"))
    assert (weight["unit"], weight["decimals"], weight["baseline"], weight["limits"]) == ("kg", 1, 90.7, (88, 93))
    assert weight["points"]["values"] == [[90.7, 90.7, 90.7, 92.5]]
    assert glucose["limits"] == (2, 14)
    assert glucose["lines"][0]["goal"] == {"low": 3.89, "high": 9.99, "words": "3.9\N{EN DASH}10"}
    assert temperature["lines"][0]["goal"] == {"low": None, "high": 38.0, "words": "< 38"}


def test_threshold_status_is_evaluated_before_unit_rounding(as_nadia, metric_units, rosa):
    """180.4 mg/dL is above 180, which is shown as 10 mmol/L."""
    row = MeasurementFactory(device=DeviceFactory(patient=rosa), code="glucose", value_1=180.4)
    LatestReadingFactory(measurement=row)

    assert "10.01 mmol/L" in page_text(as_nadia.get(f"/patients/{rosa.pk}/"))
    assert "1 of 1 above goal" in page_text(as_nadia.get(f"/patients/{rosa.pk}/"))


def test_readings_table_patient_list_preview_and_reading_page_use_chosen_units(
    as_nadia, metric_units, mixed_readings, rosa
):
    page, listed = (page_text(as_nadia.get(path)) for path in (f"/patients/{rosa.pk}/", "/patients/"))
    preview = page_text(as_nadia.get(f"/patients/{rosa.pk}/preview/"))
    reading = page_text(as_nadia.get(f"/patients/{rosa.pk}/readings/{mixed_readings.pk}/"))

    assert "Weight kg" in page.partition("Readings as a table")[2]
    assert "Weight, gain kg" in listed
    assert "Glucose mmol/L" in listed
    assert "92.5 " in listed
    assert "+1.8 from usual" in listed
    assert "Weight 92.5 kg" in preview
    assert "From usual weight +1.8 kg" in preview
    assert "92.5 kg" in reading


def test_sparkline_description_uses_chosen_unit(as_nadia, metric_units, mixed_readings, rosa):
    assert "Weight 90.7 to 92.5 kg in 30 days" in as_nadia.get("/patients/").content.decode()


def test_csv_export_names_unit_of_each_value(as_nadia, metric_units, mixed_readings, rosa):
    response = as_nadia.get(f"/patients/{rosa.pk}/readings.csv?days=7")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))

    found = {row["reading"]: (row["value"], row["unit"]) for row in rows}
    assert found == {"Weight": ("92.53", "kg"), "Glucose": ("9.99", "mmol/L"), "Temperature": ("38.00", "°C")}


# --- goals ------------------------------------------------------------------------------------------------------

HIGH = "glucose-1-high"


def test_threshold_form_converts_typed_value_to_vendor_unit(as_nadia, metric_units, rosa):
    form = threshold_form_data(as_nadia, rosa)
    assert (form[HIGH], form["temperature-1-high"], form["weight-1-gain-high"]) == ("10.0", "38.0", "1.4")

    response = save_thresholds(as_nadia, rosa, form, **{HIGH: "8.5"})

    assert evaluation.thresholds_for(rosa).find_threshold("glucose").high == 154.03  # shown as 8.5 too
    assert "none of its own 3.9 to 8.5 (far below goal under 3, far above goal over 13.9)" in page_text(response)
    assert threshold_form_data(as_nadia, rosa)[HIGH] == "8.5"


def test_threshold_form_saved_untouched_in_other_unit_changes_nothing(as_nadia, metric_units, rosa):
    assert "Nothing was changed." in page_text(save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa)))


def test_threshold_form_preserves_exact_value_of_unchanged_bounds(as_nadia, metric_units, rosa):
    save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{HIGH: "8.5"})

    goal = evaluation.thresholds_for(rosa).find_threshold("glucose")
    assert (goal.very_low, goal.low, goal.very_high) == (54, 70, 250)


def test_threshold_form_rejects_unmeasurable_bound_in_chosen_unit(as_nadia, metric_units, rosa):
    response = save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{HIGH: "140"})

    assert "Between 0.6 and 38.9 mmol/L" in page_text(response)
    assert 'value="140"' in response.content.decode()


def test_threshold_form_retains_its_unit_when_another_is_chosen_meanwhile(as_nadia, nadia, metric_units, rosa):
    form = threshold_form_data(as_nadia, rosa)
    units.save_units_preference(units=units.VENDOR_UNITS, by=User.objects.get(pk=nadia.pk))  # in another tab

    save_thresholds(as_nadia, rosa, form, **{HIGH: "8.5"})

    assert evaluation.thresholds_for(rosa).find_threshold("glucose").high == 154.03  # shown as 8.5 too


def test_threshold_form_edit_conflict_shows_values_in_chosen_unit(as_nadia, metric_units, rosa):
    mine = threshold_form_data(as_nadia, rosa)
    save_thresholds(as_nadia, rosa, mine, **{HIGH: "8.5"})  # another user, from the same state

    answer = save_thresholds(as_nadia, rosa, mine, **{"temperature-1-high": "38.5"})

    form = answer.context["form"]
    assert "Another user changed goals meanwhile" in page_text(answer)
    assert (form[HIGH].value(), form["temperature-1-high"].value()) == ("8.5", "38.5")


# --- the choice -------------------------------------------------------------------------------------------------


def test_unit_choice_is_saved_and_shown_on_both_pages(as_nadia, nadia, rosa):
    page = f"/patients/{rosa.pk}/?days=7"
    assert 'value="kg" aria-pressed="false"' in as_nadia.get(page).content.decode()

    response = as_nadia.post("/patients/units/", {"unit": "kg", "back": page})

    assert response["Location"] == page
    assert 'value="kg" aria-pressed="true"' in as_nadia.get("/patients/units/").content.decode()
    assert User.objects.get(pk=nadia.pk).preferences["units"] == "kg"


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""])
def test_unit_choice_does_not_redirect_to_other_sites(as_nadia, back):
    assert as_nadia.post("/patients/units/", {"unit": "kg", "back": back})["Location"] == "/patients/units/"


def test_threshold_admin_accepts_clinic_thresholds_in_chosen_unit(client, ada, rosa):
    client.force_login(ada)
    client.post("/patients/units/", {"unit": "mmol/L"})
    address = f"/admin/measurements/threshold/clinic/{rosa.clinic_id}/"
    form = client.get(address).context["form"]
    data = {field.html_name: "" if field.value() is None else field.value() for field in form}

    client.post(address, {**data, HIGH: "8.5"})

    assert evaluation.thresholds_for(rosa).find_threshold("glucose").high == 154.03  # shown as 8.5 too

"""The page of a patient's goals: changed by a clinician, seen by a coordinator, with its history."""

from decimal import Decimal

import pytest

from measurements import units
from measurements.models import ThresholdChange
from measurements.thresholds import editing, evaluation
from measurements.thresholds.editing import Bounds
from measurements.units import DisplayUnits
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory
from tests.measurements.thresholds.threshold_form import save_thresholds, threshold_form_data
from tests.page_texts import missing_words, page_text

HIGH = "blood_pressure-1-high"
SYSTOLIC = ("blood_pressure", 1, "")


def test_threshold_form_saves_one_patient_threshold_and_preserves_other_defaults(as_nadia, rosa):
    response = save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{HIGH: "150"})

    assert "The goals are saved." in page_text(response)
    assert "Nadia Haddad Blood pressure, systolic none of its own below 150 (far above goal over 180)" in page_text(
        response
    )
    assert [
        (goal.high, goal.scope)
        for key, goal in evaluation.thresholds_for(rosa).by_key.items()
        if key[0] == "blood_pressure"
    ] == [
        (150, "patient"),
        (80, "default"),
    ]


def test_threshold_change_applies_to_patient_page_immediately(as_nadia, rosa):
    row = MeasurementFactory(device=DeviceFactory(patient=rosa), code="blood_pressure", value_1=145, value_2=70)
    LatestReadingFactory(measurement=row)
    assert "1 of 1 above goal" in page_text(as_nadia.get(f"/patients/{rosa.pk}/"))

    save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{HIGH: "150"})

    assert "above goal" not in page_text(as_nadia.get(f"/patients/{rosa.pk}/"))


def test_threshold_form_reset_checkbox_restores_default(as_nadia, rosa):
    save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{HIGH: "150"})

    save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{"blood_pressure-1-back": "on"})

    assert evaluation.thresholds_for(rosa).find_threshold("blood_pressure", 1).scope == "default"


def test_threshold_form_shows_errors_at_fields_and_preserves_typed_values(as_nadia, rosa):
    response = save_thresholds(
        as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{HIGH: "1300", "spO2-1-low": "ninety"}
    )

    assert "Between 40 and 300 mmHg" in page_text(response)
    assert "Write a number with digits and a point" in page_text(response)
    assert 'value="1300"' in response.content.decode()
    assert 'value="ninety"' in response.content.decode()
    assert ThresholdChange.objects.count() == 0


def test_threshold_form_edit_conflict_preserves_values_of_both_users(as_nadia, rosa):
    mine = threshold_form_data(as_nadia, rosa)
    save_thresholds(as_nadia, rosa, mine, **{HIGH: "150"})  # another user, from the same state

    answer = save_thresholds(as_nadia, rosa, mine, **{"spO2-1-low": "90"})
    assert "Another user changed goals meanwhile" in page_text(answer)
    form = answer.context["form"]
    assert (form[HIGH].value(), form["spO2-1-low"].value()) == ("150.00", "90")

    again = {field.html_name: field.value() or "" for field in form if "-back" not in field.name}
    assert "The goals are saved." in page_text(save_thresholds(as_nadia, rosa, again))
    found = evaluation.thresholds_for(rosa)
    assert (found.find_threshold("blood_pressure", 1).high, found.find_threshold("spO2", 1).low) == (150, 90)


def test_threshold_form_edit_conflict_does_not_copy_clinic_threshold_to_patient(as_nadia, rosa, ada):
    """The form showed the clinic's old goal; who never touched it has not chosen it."""
    mine = threshold_form_data(as_nadia, rosa)
    editing.change_thresholds(
        scope=rosa.clinic, new_bounds={SYSTOLIC: Bounds(high=Decimal(125))}, last_seen_change_id=0, by=ada
    )

    answer = save_thresholds(as_nadia, rosa, mine, **{"spO2-1-low": "90"})

    assert "Ada Mensah changed Blood pressure, systolic of the whole clinic" in page_text(answer)
    assert ThresholdChange.objects.filter(patient=rosa).count() == 0
    form = answer.context["form"]
    assert (form[HIGH].value(), form["spO2-1-low"].value()) == ("125.00", "90")
    save_thresholds(
        as_nadia, rosa, {field.html_name: field.value() or "" for field in form if "-back" not in field.name}
    )
    assert [change.key for change in ThresholdChange.objects.filter(patient=rosa)] == [("spO2", 1, "")]
    assert evaluation.thresholds_for(rosa).find_threshold("blood_pressure", 1).scope == "clinic"


def test_threshold_form_edit_conflict_preserves_value_typed_over_clinic_threshold(as_nadia, rosa, ada):
    mine = threshold_form_data(as_nadia, rosa)
    editing.change_thresholds(
        scope=rosa.clinic, new_bounds={SYSTOLIC: Bounds(high=Decimal(125))}, last_seen_change_id=0, by=ada
    )
    editing.change_thresholds(
        scope=rosa.clinic,
        new_bounds={SYSTOLIC: None},
        last_seen_change_id=editing.threshold_history(rosa.clinic).first().pk,
        by=ada,
    )

    answer = save_thresholds(as_nadia, rosa, mine, **{HIGH: "150"})

    assert "Another user changed goals meanwhile" in page_text(answer)
    assert answer.context["form"][HIGH].value() == "150"


def test_threshold_page_is_read_only_for_coordinator(client, cora, rosa):
    client.force_login(cora)
    page = client.get(f"/patients/{rosa.pk}/goals/")

    assert "Save the goals" not in page_text(page)
    assert client.post(f"/patients/{rosa.pk}/goals/save/", {HIGH: "150"}).status_code == 403


def test_threshold_page_of_patient_in_another_clinic_returns_404(client, olaf, rosa):
    client.force_login(olaf)

    assert client.get(f"/patients/{rosa.pk}/goals/").status_code == 404
    assert client.post(f"/patients/{rosa.pk}/goals/save/", {HIGH: "150"}).status_code == 404


def test_threshold_page_query_count_is_bounded_for_long_history(as_nadia, rosa, django_assert_max_num_queries):
    for high in range(131, 151):
        save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{HIGH: str(high)})
    as_nadia.get(f"/patients/{rosa.pk}/goals/")  # a slow run renews its session here, not while it is counted

    with django_assert_max_num_queries(18):  # one of them for the timer
        as_nadia.get(f"/patients/{rosa.pk}/goals/")


def test_threshold_admin_sets_thresholds_of_own_clinic_only(client, ada, rosa, harbor):
    client.force_login(ada)
    listed = client.get("/admin/measurements/threshold/").content.decode()
    address = f"/admin/measurements/threshold/clinic/{rosa.clinic_id}/"
    assert f'href="{address}"' in listed

    form = client.get(address).context["form"]
    data = {field.html_name: "" if field.value() is None else field.value() for field in form}
    shown = page_text(client.post(address, {**data, HIGH: "140"}, follow=True))

    assert "Ada Mensah Blood pressure, systolic none of its own below 140 (far above goal over 180)" in shown
    assert (
        evaluation.thresholds_for(rosa).find_threshold("blood_pressure", 1).high,
        evaluation.thresholds_for(rosa).find_threshold("blood_pressure", 1).scope,
    ) == (
        140,
        "clinic",
    )
    assert client.get(f"/admin/measurements/threshold/clinic/{harbor.pk}/").status_code == 404
    assert client.post(f"/admin/measurements/threshold/clinic/{harbor.pk}/", data).status_code == 404


def test_threshold_form_explains_effect_of_each_bound(as_nadia, rosa):
    page = as_nadia.get(f"/patients/{rosa.pk}/goals/")

    assert not missing_words(
        page,
        "In mmHg. The default, below 130 (far above goal over 180)",
        "Far below goal: less than In goal: from In goal: up to Far above goal: more than",
        "one far from it is marked in red as well",
        "Back to the patient",
    )


def test_patient_page_links_to_thresholds_before_first_reading(as_nadia, rosa):
    page = as_nadia.get(f"/patients/{rosa.pk}/").content.decode()

    assert f'href="/patients/{rosa.pk}/goals/">Change goals' in page


ODD_NUMBERS = [
    "1e2",
    "1_0",
    "\u0661\u0663\u0660",
    "\uff11\uff13\uff10",
    "130,5",
    "+130",
    "NaN",
    "Infinity",
    "0x82",
    "1 30",
    ".5",
    "130.",
]


@pytest.mark.parametrize("text", ODD_NUMBERS)
def test_threshold_form_refuses_odd_spellings_of_numbers_with_typed_text(as_nadia, rosa, text):
    response = save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{HIGH: text})

    assert response.context["form"].errors == {HIGH: ["Write a number with digits and a point, such as 130 or 100.4."]}
    assert f'value="{text}"' in response.content.decode()
    assert ThresholdChange.objects.count() == 0


def test_threshold_form_refuses_systolic_goal_below_diastolic_beside_the_field(as_nadia, rosa):
    data = threshold_form_data(as_nadia, rosa)

    response = save_thresholds(
        as_nadia, rosa, data, **{HIGH: "80", "blood_pressure-2-high": "110", "spO2-1-low": "ninety"}
    )

    errors = response.context["form"].errors
    assert errors[HIGH] == ["Must be above the diastolic upper bound, 110."]
    assert set(errors) == {HIGH, "spO2-1-low"}
    assert ThresholdChange.objects.count() == 0


def test_threshold_form_in_mmol_offers_and_stores_steps_of_the_unit(as_nadia, nadia, rosa):
    units.save_units_preference(units=DisplayUnits.from_code("mmol/L,kg"), by=nadia)
    data = threshold_form_data(as_nadia, rosa)
    assert (data["glucose-1-low"], data["glucose-1-high"], data["weight-1-gain-high"]) == ("3.9", "10.0", "1.4")
    assert "Nothing was changed." in page_text(save_thresholds(as_nadia, rosa, data))

    refused = save_thresholds(as_nadia, rosa, data, **{"glucose-1-low": "3.95"})
    assert refused.context["form"].errors == {"glucose-1-low": ["At most 1 decimal in mmol/L."]}
    save_thresholds(as_nadia, rosa, data, **{"glucose-1-low": "4.0", "weight-1-gain-high": "1.5"})

    found = evaluation.thresholds_for(rosa)
    assert (found.find_threshold("glucose").low, found.find_threshold("glucose").high) == (71.17, 180)
    assert found.find_threshold("weight", 1, "gain").high == 3.2
    again = threshold_form_data(as_nadia, rosa)
    assert (again["glucose-1-low"], again["glucose-1-high"], again["weight-1-gain-high"]) == ("4.0", "10.0", "1.5")


def test_threshold_form_names_expected_range_of_pulse(as_nadia, rosa):
    page = as_nadia.get(f"/patients/{rosa.pk}/goals/")

    assert not missing_words(
        page, "Far below range: less than In range: from In range: up to Far above range: more than"
    )


def test_threshold_form_in_mmol_and_kg_takes_ends_of_what_devices_measure_and_any_gain(as_nadia, nadia, rosa):
    units.save_units_preference(units=DisplayUnits.from_code("mmol/L,kg"), by=nadia)
    typed = {"glucose-1-low": "0.6", "glucose-1-very_low": "", "glucose-1-high": "38.9", "glucose-1-very_high": ""}
    gains = {"weight-1-gain-low": "0", "weight-1-gain-high": "1.5"}

    save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **typed, **gains)

    found = evaluation.thresholds_for(rosa)
    glucose, gain = found.find_threshold("glucose"), found.find_threshold("weight", 1, "gain")
    assert (glucose.low, glucose.high, gain.low, gain.high) == (10, 700, -0.11, 3.41)
    units.save_units_preference(units=units.VENDOR_UNITS, by=nadia)
    save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{"weight-1-gain-high": "4"})
    assert evaluation.thresholds_for(rosa).find_threshold("weight", 1, "gain").high == 4


def test_threshold_of_peak_flow_has_no_default_and_is_set_and_removed_for_one_patient(as_nadia, rosa):
    meter = DeviceFactory(patient=rosa, name="Tenovi Peak Flow Meter", sensor_code="17")
    for n, flow in enumerate((310, 180, 350)):
        row = MeasurementFactory(device=meter, code="peak_expiratory_flow", value_1=flow, index=n)
    fev1 = MeasurementFactory(device=meter, code="forced_expiratory_volume", value_1="1.95")
    for each in (row, fev1):
        LatestReadingFactory(measurement=each)
    form = page_text(as_nadia.get(f"/patients/{rosa.pk}/goals/"))
    before = as_nadia.get(f"/patients/{rosa.pk}/")

    goal = {"peak_expiratory_flow-1-low": "320", "peak_expiratory_flow-1-very_low": "200"}
    saved = save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **goal)
    after = as_nadia.get(f"/patients/{rosa.pk}/")
    save_thresholds(as_nadia, rosa, threshold_form_data(as_nadia, rosa), **{"peak_expiratory_flow-1-back": "on"})

    assert "Peak flow In L/min. None, because it is prescribed for each patient" in form
    assert not missing_words(before, "Peak flow L/min average 280 n 3", "FEV1 L average 1.95 n 1")
    assert "goal" not in page_text(before).partition("Peak flow L/min")[2].partition("FEV1 L")[0]
    assert "Peak flow none of its own 320 or more (far below goal under 200)" in page_text(saved)
    assert not missing_words(after, "2 of 3 below goal (1 far below)", "Peak flow ≥ 320 L/min, patient")
    assert evaluation.thresholds_for(rosa).find_threshold("peak_expiratory_flow") is None

"""The page of a patient's goals: changed by a clinician, seen by a coordinator, with its history."""

from decimal import Decimal

from measurements.models import ThresholdChange
from measurements.thresholds import editing, evaluation
from measurements.thresholds.editing import Bounds
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory
from tests.patients.goal_form import opened, save
from tests.texts import text, unsaid

HIGH = "blood_pressure-1-high"
SYSTOLIC = ("blood_pressure", 1, "")


def test_a_clinician_changes_one_goal_and_the_others_stay_defaults(as_nadia, rosa):
    response = save(as_nadia, rosa, opened(as_nadia, rosa), **{HIGH: "150"})

    assert "The goals are saved." in text(response)
    assert "Nadia Haddad Blood pressure, systolic none of its own below 150 (far above goal over 180)" in text(response)
    assert [
        (goal.high, goal.scope) for key, goal in evaluation.of(rosa).by_key.items() if key[0] == "blood_pressure"
    ] == [
        (150, "patient"),
        (80, "default"),
    ]


def test_the_goal_is_drawn_and_judged_at_once(as_nadia, rosa):
    row = MeasurementFactory(device=DeviceFactory(patient=rosa), code="blood_pressure", value_1=145, value_2=70)
    LatestReadingFactory(measurement=row)
    assert "1 of 1 above goal" in text(as_nadia.get(f"/patients/{rosa.pk}/"))

    save(as_nadia, rosa, opened(as_nadia, rosa), **{HIGH: "150"})

    assert "above goal" not in text(as_nadia.get(f"/patients/{rosa.pk}/"))


def test_a_ticked_box_goes_back_to_the_default(as_nadia, rosa):
    save(as_nadia, rosa, opened(as_nadia, rosa), **{HIGH: "150"})

    save(as_nadia, rosa, opened(as_nadia, rosa), **{"blood_pressure-1-back": "on"})

    assert evaluation.of(rosa).find("blood_pressure", 1).scope == "default"


def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_stays(as_nadia, rosa):
    response = save(as_nadia, rosa, opened(as_nadia, rosa), **{HIGH: "1300", "spO2-1-low": "ninety"})

    assert "Between 40 and 300 mmHg" in text(response)
    assert "Write a number" in text(response)
    assert 'value="1300"' in response.content.decode()
    assert 'value="ninety"' in response.content.decode()
    assert ThresholdChange.objects.count() == 0


def test_two_people_are_told_and_neither_loses_anything(as_nadia, rosa):
    mine = opened(as_nadia, rosa)
    save(as_nadia, rosa, mine, **{HIGH: "150"})  # somebody else, from the same state

    told = save(as_nadia, rosa, mine, **{"spO2-1-low": "90"})
    assert "Somebody was faster" in text(told)
    form = told.context["form"]
    assert (form[HIGH].value(), form["spO2-1-low"].value()) == ("150.00", "90")

    again = {field.html_name: field.value() or "" for field in form if "-back" not in field.name}
    assert "The goals are saved." in text(save(as_nadia, rosa, again))
    found = evaluation.of(rosa)
    assert (found.find("blood_pressure", 1).high, found.find("spO2", 1).low) == (150, 90)


def test_a_clinics_goal_changed_meanwhile_does_not_become_the_patients_own(as_nadia, rosa, ada):
    """The form showed the clinic's old goal; who never touched it has not chosen it."""
    mine = opened(as_nadia, rosa)
    editing.change(scope=rosa.clinic, wanted={SYSTOLIC: Bounds(high=Decimal(125))}, seen=0, by=ada)

    told = save(as_nadia, rosa, mine, **{"spO2-1-low": "90"})

    assert "Ada Mensah changed Blood pressure, systolic of the whole clinic" in text(told)
    assert ThresholdChange.objects.filter(patient=rosa).count() == 0
    form = told.context["form"]
    assert (form[HIGH].value(), form["spO2-1-low"].value()) == ("125.00", "90")
    save(as_nadia, rosa, {field.html_name: field.value() or "" for field in form if "-back" not in field.name})
    assert [change.key for change in ThresholdChange.objects.filter(patient=rosa)] == [("spO2", 1, "")]
    assert evaluation.of(rosa).find("blood_pressure", 1).scope == "clinic"


def test_what_was_typed_over_a_clinics_goal_is_kept_when_the_clinic_changes_it(as_nadia, rosa, ada):
    mine = opened(as_nadia, rosa)
    editing.change(scope=rosa.clinic, wanted={SYSTOLIC: Bounds(high=Decimal(125))}, seen=0, by=ada)
    editing.change(scope=rosa.clinic, wanted={SYSTOLIC: None}, seen=editing.history(rosa.clinic).first().pk, by=ada)

    told = save(as_nadia, rosa, mine, **{HIGH: "150"})

    assert "Somebody was faster" in text(told)
    assert told.context["form"][HIGH].value() == "150"


def test_a_coordinator_sees_goals_and_changes_none(client, cora, rosa):
    client.force_login(cora)
    page = client.get(f"/patients/{rosa.pk}/goals/")

    assert "Save the goals" not in text(page)
    assert client.post(f"/patients/{rosa.pk}/goals/save/", {HIGH: "150"}).status_code == 403


def test_a_strangers_goals_are_not_found(client, olaf, rosa):
    client.force_login(olaf)

    assert client.get(f"/patients/{rosa.pk}/goals/").status_code == 404
    assert client.post(f"/patients/{rosa.pk}/goals/save/", {HIGH: "150"}).status_code == 404


def test_the_page_costs_the_same_for_a_long_history(as_nadia, rosa, django_assert_max_num_queries):
    for high in range(131, 151):
        save(as_nadia, rosa, opened(as_nadia, rosa), **{HIGH: str(high)})

    with django_assert_max_num_queries(12):
        as_nadia.get(f"/patients/{rosa.pk}/goals/")


def test_an_administrator_sets_goals_for_the_own_clinic_alone(client, ada, rosa, harbor):
    client.force_login(ada)
    listed = client.get("/admin/measurements/threshold/").content.decode()
    address = f"/admin/measurements/threshold/clinic/{rosa.clinic_id}/"
    assert f'href="{address}"' in listed

    form = client.get(address).context["form"]
    data = {field.html_name: "" if field.value() is None else field.value() for field in form}
    shown = text(client.post(address, {**data, HIGH: "140"}, follow=True))

    assert "Ada Mensah Blood pressure, systolic none of its own below 140 (far above goal over 180)" in shown
    assert (
        evaluation.of(rosa).find("blood_pressure", 1).high,
        evaluation.of(rosa).find("blood_pressure", 1).scope,
    ) == (
        140,
        "clinic",
    )
    assert client.get(f"/admin/measurements/threshold/clinic/{harbor.pk}/").status_code == 404
    assert client.post(f"/admin/measurements/threshold/clinic/{harbor.pk}/", data).status_code == 404


def test_the_form_says_what_happens_to_a_reading_beyond_each_bound(as_nadia, rosa):
    page = as_nadia.get(f"/patients/{rosa.pk}/goals/")

    assert not unsaid(
        page,
        "In mmHg. The default, below 130 (far above goal over 180)",
        "Far below goal: less than In goal: from In goal: up to Far above goal: more than",
        "one far from it is marked in red as well",
        "Back to the patient",
    )


def test_goals_can_be_reached_before_the_first_reading(as_nadia, rosa):
    page = as_nadia.get(f"/patients/{rosa.pk}/").content.decode()

    assert f'href="/patients/{rosa.pk}/goals/">Change goals' in page

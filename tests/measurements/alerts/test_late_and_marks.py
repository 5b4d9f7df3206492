"""Late readings and quality marks: arrived late, history only, check this reading, check at once, beyond the meter."""

import pytest

from tests.measurements.alerts.cases import bp, clock, event, glucose, of_rule, only, reading, run, spo2

SEVERE = ["bp_severe"]
LATE = [bp("02 10:00", 190, received="04 09:00"), bp("02 10:20", 185, received="04 09:00")]


def test_late_critical_readings_arrive_late_without_alarm():
    found = run("04 09:05", LATE, rules=SEVERE)

    episode = only(found, "bp_severe")
    assert (episode.is_late, episode.section, found.patient_section) == (True, "arrived_late", "arrived_late")
    assert (episode.is_notified, episode.count, clock(episode.detected_at)) == (False, 2, "04 09:00")


@pytest.mark.parametrize(("received", "late"), [("03 10:00", False), ("03 10:01", True)])
def test_late_is_learned_of_more_than_24_hours_after_it_was_taken(received, late):
    episode = only(run("05 12:00", [bp("02 10:00", 190, received=received)], rules=SEVERE), "bp_severe")

    assert episode.is_late is late


def test_late_and_not_repeated_arrives_late_too():
    assert only(run("04 09:05", LATE[:1], rules=SEVERE), "bp_severe").section == "arrived_late"


def test_late_and_refuted_by_the_next_is_dropped():
    readings = [LATE[0], bp("02 10:20", 150, received="04 09:00")]

    assert only(run("04 09:05", readings, rules=SEVERE), "bp_severe").state == "dissolved"


@pytest.mark.parametrize(("received", "section"), [("09 10:00", "arrived_late"), ("09 10:01", None)])
def test_older_than_7_days_is_in_the_history_only(received, section):
    found = run("09 12:00", [bp("02 10:00", 190, received=received)], rules=SEVERE)

    assert only(found, "bp_severe").section == section
    assert found.patient_section == (section or "on_target")


def test_late_warning_is_history_only():
    readings = [glucose("02 08:00", 60, received="04 09:00"), glucose("02 12:00", 60, received="04 09:00")]

    found = run("04 10:00", readings, rules=["glucose_low"])

    episode = only(found, "glucose_low")
    assert (episode.section, episode.is_notified, found.patient_section) == (None, False, "on_target")


def test_batch_of_the_past_is_one_row_for_the_rule():
    days = ["02 10:00", "02 10:20", "02 14:00", "02 18:00", "03 10:00", "03 10:20"]
    values = [190, 190, 140, 140, 190, 190]
    batch = [bp(at, value, received="05 09:00") for at, value in zip(days, values, strict=True)]

    found = run("05 10:00", batch, rules=SEVERE)

    assert [one.section for one in of_rule(found, "bp_severe")] == [None, "arrived_late"]


def test_acknowledging_ends_what_arrived_late():
    found = run("04 12:00", LATE, rules=SEVERE, events=[event("04 11:00", "acknowledge", "bp_severe")])

    episode = only(found, "bp_severe")
    assert (episode.state, episode.closed_by, episode.section) == ("closed", "person", None)
    assert (episode.is_acknowledged, found.patient_section) == (True, "on_target")


def test_late_episode_that_readings_closed_stays_until_it_is_acknowledged():
    readings = [*LATE, bp("03 08:00", 140), bp("03 20:00", 140)]

    before = run("04 12:00", readings, rules=SEVERE)
    after = run("04 12:00", readings, rules=SEVERE, events=[event("04 11:00", "acknowledge", "bp_severe")])

    assert only(before, "bp_severe").section == "arrived_late"
    assert (only(after, "bp_severe").section, only(after, "bp_severe").closed_by) == (None, "readings")


def test_late_reading_that_falls_into_an_open_episode_feeds_it():
    readings = [bp("02 10:00", 190), bp("02 10:20", 185), bp("02 12:00", 200, received="04 09:00")]

    episode = only(run("04 10:00", readings, rules=SEVERE), "bp_severe")

    assert (episode.is_late, episode.count, episode.peak, episode.section) == (False, 3, (200, 75), "critical")
    assert clock(episode.detected_at) == "02 10:21"


def test_fresh_reading_beyond_the_limit_makes_a_late_episode_a_present_one():
    episode = only(run("04 11:00", [*LATE, bp("04 10:00", 190)], rules=SEVERE), "bp_severe")

    assert (episode.is_late, episode.section, episode.is_notified) == (False, "critical", True)
    assert (clock(episode.first), clock(episode.detected_at)) == ("02 10:00", "04 10:01")


def test_late_repeat_of_a_fresh_reading_leaves_the_alarm_where_it_was():
    readings = [bp("02 10:00", 190), bp("02 10:20", 185, received="04 09:00")]

    episode = only(run("04 10:00", readings, rules=SEVERE), "bp_severe")

    assert (episode.is_late, episode.section, clock(episode.detected_at)) == (False, "critical", "02 11:00")


def test_conflict_and_implausible_are_to_be_checked_and_nothing_else_is():
    marks = ["estimated", "conflict", "implausible", "control", "duplicate", "ahead"]
    readings = [bp(f"02 1{n}:00", 130, marks=[mark], id=mark) for n, mark in enumerate(marks)]

    found = run("02 20:00", readings, rules=SEVERE)

    assert found.check_this_reading == ("conflict", "implausible")
    assert (found.check_at_once, found.patient_section) == ((), "check")


def test_excluded_reading_is_not_to_be_checked():
    events = [event("02 12:00", "exclude", reading="x", reason="someone else's")]

    assert run("02 20:00", [bp("02 10:00", 130, marks=["conflict"], id="x")], events=events).check_this_reading == ()


def test_review_ends_a_check_and_a_later_reading_to_check_begins_one():
    review = [event("02 12:00", "review")]
    first, second = bp("02 10:00", 130, marks=["conflict"], id="a"), bp("02 14:00", 130, marks=["conflict"], id="b")

    found = run("02 20:00", [first, second], events=review)

    assert (found.check_this_reading, found.patient_section) == (("b",), "check")


def test_conflict_whose_every_value_is_critical_is_to_be_checked_at_once():
    both = [bp("02 10:00", 190, marks=["conflict"], id="a"), bp("02 10:00", 185, marks=["conflict"], id="b")]
    one = [bp("02 10:00", 190, marks=["conflict"], id="a"), bp("02 10:00", 150, marks=["conflict"], id="b")]

    urgent, usual = run("02 10:05", both, rules=SEVERE), run("02 10:05", one, rules=SEVERE)

    assert (urgent.check_at_once, urgent.check_this_reading, urgent.episodes) == (("a", "b"), (), ())
    assert urgent.patient_section == "critical"
    assert (usual.check_at_once, usual.check_this_reading) == ((), ("a", "b"))


@pytest.mark.parametrize(
    ("metric", "value", "rules", "urgent"),
    [
        ("spO2", 45, ["spo2_very_low"], True),
        ("spO2", 101, ["spo2_very_low"], False),
        ("glucose", 9, ["glucose_very_low"], True),
        ("glucose", 720, ["glucose_very_high"], True),
        ("glucose", 720, ["glucose_very_low"], False),
        ("blood_pressure", 310, ["bp_severe"], True),
        ("blood_pressure", 30, ["hf_bp"], False),
        ("pulse", 10, ["hf_pulse"], False),
        ("weight", 1200, ["weight_week_6"], False),
        ("spO2", 45, ["spo2_low"], False),
    ],
)
def test_implausible_value_on_the_dangerous_side_is_to_be_checked_at_once(metric, value, rules, urgent):
    found = run("02 10:05", [reading(metric, "02 10:00", value, marks=["implausible"], id="x")], rules=rules)

    assert (found.check_at_once, found.check_this_reading) == ((("x",), ()) if urgent else ((), ("x",)))
    assert found.patient_section == ("critical" if urgent else "check")


@pytest.mark.parametrize("side", ["above", "below"])
def test_glucose_beyond_the_meter_is_critical_and_no_episode(side):
    found = run("02 10:05", [glucose("02 10:00", None, beyond=side, id="x")])

    assert (found.beyond_meter, found.episodes, found.patient_section) == (("x",), (), "critical")
    assert found.check_this_reading == ()


def test_late_beyond_the_meter_and_late_check_at_once_raise_no_alarm():
    late = {"received": "04 09:00"}
    readings = [
        glucose("02 10:00", None, beyond="above", **late),
        spo2("02 10:00", 45, marks=["implausible"], id="x", **late),
    ]

    found = run("04 10:00", readings, rules=["spo2_very_low"])

    assert (found.patient_section, found.check_at_once, found.check_this_reading) == ("arrived_late", (), ("x",))
    assert found.arrived_late == ("glucose 02 10:00", "x")


@pytest.mark.parametrize(
    ("taken", "received", "section"),
    [("03 10:00", "05 09:00", "reviewed"), ("03 10:00", "05 11:00", "arrived_late"), ("01 10:00", "08 10:01", None)],
)
def test_late_beyond_the_meter_after_a_review_brings_the_patient_back(taken, received, section):
    readings = [glucose(taken, None, beyond="above", id="x", received=received)]

    found = run("05 12:00" if section else "08 12:00", readings, events=[event("05 10:00", "review")])

    assert found.patient_section == (section or "on_target")
    assert found.arrived_late == (("x",) if section == "arrived_late" else ())


def test_duplicate_of_an_average_counts_once():
    readings = [bp(f"{day:02} {clock_time}", 140, 70) for day in range(2, 8) for clock_time in ("08:00", "20:00")]
    readings[-1]["marks"] = ["duplicate"]

    assert run("07 20:05", readings, rules=["bp_average"]).episodes == ()

"""Critical limits: seen at once, settled by the next reading, opened without one, closed by two inside."""

import pytest

from tests.measurements.alerts.cases import bp, clock, event, glucose, instant, of_rule, only, reading, run, spo2

SEVERE = ["bp_severe"]


def test_critical_reading_is_in_the_critical_section_at_once_without_mail():
    found = run("02 10:05", [bp("02 10:00", 190)], rules=SEVERE)

    episode = only(found, "bp_severe")
    assert (episode.state, episode.section, found.patient_section) == ("unconfirmed", "critical", "critical")
    assert (episode.opened_at, episode.is_notified) == (None, False)
    assert (clock(episode.first), clock(episode.detected_at)) == ("02 10:00", "02 10:01")
    assert found.next_change_at == instant("02 11:00")


def test_next_reading_beyond_the_limit_opens_with_the_first_of_the_two():
    episode = only(run("02 10:30", [bp("02 10:00", 190), bp("02 10:20", 185)], rules=SEVERE), "bp_severe")

    assert (episode.state, episode.is_notified, episode.count) == ("open", True, 2)
    assert [clock(at) for at in (episode.first, episode.opened_at, episode.detected_at, episode.last)] == [
        *("02 10:00", "02 10:20", "02 10:21", "02 10:20")
    ]


def test_next_reading_inside_the_limit_drops_it_into_the_history():
    found = run("02 10:30", [bp("02 10:00", 190), bp("02 10:20", 180)], rules=SEVERE)

    episode = only(found, "bp_severe")
    assert (episode.state, episode.section, episode.reason) == ("dissolved", None, "not_confirmed")
    assert (episode.is_notified, found.patient_section) == (False, "on_target")


@pytest.mark.parametrize(
    ("repeat", "state", "count"), [("02 11:00", "open", 2), ("02 11:01", "open", 2), ("02 10:02", "open", 2)]
)
def test_repeat_beyond_the_limit_inside_and_outside_60_minutes(repeat, state, count):
    episode = only(run("02 12:00", [bp("02 10:00", 190), bp(repeat, 185)], rules=SEVERE), "bp_severe")

    assert (episode.state, episode.count) == (state, count)


def test_repeat_inside_the_limit_after_exactly_60_minutes_drops_it_and_after_61_does_not():
    at_60 = run("02 12:00", [bp("02 10:00", 190), bp("02 11:00", 150)], rules=SEVERE)
    at_61 = run("02 12:00", [bp("02 10:00", 190), bp("02 11:01", 150)], rules=SEVERE)

    assert only(at_60, "bp_severe").state == "dissolved"
    assert (only(at_61, "bp_severe").state, only(at_61, "bp_severe").reason) == ("open", "not_repeated")


def test_without_a_next_reading_it_opens_after_60_minutes_as_not_repeated():
    readings = [bp("02 10:00", 190)]

    before, after = run("02 10:59", readings, rules=SEVERE), run("02 11:00", readings, rules=SEVERE)

    assert only(before, "bp_severe").state == "unconfirmed"
    episode = only(after, "bp_severe")
    assert (episode.state, episode.reason, episode.is_notified) == ("open", "not_repeated", True)
    assert (clock(episode.opened_at), clock(episode.detected_at)) == ("02 10:00", "02 11:00")


def test_next_reading_settles_also_within_the_sitting():
    episode = only(run("02 10:30", [bp("02 10:00", 190), bp("02 10:05", 190)], rules=SEVERE), "bp_severe")

    assert (episode.state, clock(episode.opened_at)) == ("open", "02 10:05")


def test_order_of_arrival_of_the_repeat_does_not_matter():
    first_late = [bp("02 10:00", 190, received="02 10:40"), bp("02 10:20", 150, received="02 10:21")]

    assert only(run("02 12:00", first_late, rules=SEVERE), "bp_severe").state == "dissolved"


def test_untrusted_reading_does_not_settle():
    conflicting = bp("02 10:10", 120, marks=["conflict"])

    found = run("02 10:30", [bp("02 10:00", 190), conflicting, bp("02 10:20", 185)], rules=SEVERE)

    assert only(found, "bp_severe").count == 2


def test_copy_of_a_duplicate_never_confirms():
    found = run("02 10:30", [bp("02 10:00", 190), bp("02 10:20", 190, marks=["duplicate"])], rules=SEVERE)

    assert only(found, "bp_severe").state == "unconfirmed"


@pytest.mark.parametrize("mark", ["estimated", "ahead"])
def test_estimated_and_clock_ahead_readings_judge(mark):
    found = run("02 10:30", [bp("02 10:00", 190, marks=[mark]), bp("02 10:20", 190, marks=[mark])], rules=SEVERE)

    assert only(found, "bp_severe").state == "open"


@pytest.mark.parametrize("mark", ["control", "conflict", "implausible", "duplicate"])
def test_untrusted_readings_open_no_episode(mark):
    assert run("02 12:00", [bp("02 10:00", 190, marks=[mark])], rules=SEVERE).episodes == ()


@pytest.mark.parametrize(
    ("systolic", "diastolic", "crosses"),
    [(180, 120, False), (181, 80, True), (150, 121, True), (180.01, 80, True)],
)
def test_bp_severe_is_above_180_or_above_120(systolic, diastolic, crosses):
    assert bool(run("02 10:05", [bp("02 10:00", systolic, diastolic)], rules=SEVERE).episodes) is crosses


@pytest.mark.parametrize(
    ("code", "metric", "value", "crosses"),
    [
        ("hf_bp", "blood_pressure", 79, True),
        ("hf_bp", "blood_pressure", 80, False),
        ("hf_bp", "blood_pressure", 170, False),
        ("hf_bp", "blood_pressure", 171, True),
        ("hf_pulse", "pulse", 39, True),
        ("hf_pulse", "pulse", 40, False),
        ("hf_pulse", "pulse", 110, False),
        ("hf_pulse", "pulse", 111, True),
        ("glucose_very_low", "glucose", 53, True),
        ("glucose_very_low", "glucose", 54, False),
        ("glucose_very_high", "glucose", 300, False),
        ("glucose_very_high", "glucose", 301, True),
        ("spo2_very_low", "spO2", 87, True),
        ("spo2_very_low", "spO2", 88, False),
    ],
)
def test_relation_of_each_critical_preset(code, metric, value, crosses):
    found = run("02 10:05", [reading(metric, "02 10:00", value)], rules=[code])

    assert [episode.rule for episode in found.episodes] == [code] * crosses


@pytest.mark.parametrize(("code", "value"), [("glucose_very_low", 50), ("glucose_very_high", 310)])
def test_very_low_and_very_high_glucose_wait_for_no_confirmation(code, value):
    episode = only(run("02 10:01", [glucose("02 10:00", value)], rules=[code]), code)

    assert (episode.state, episode.is_notified, clock(episode.opened_at)) == ("open", True, "02 10:00")


def test_very_low_spo2_is_88_or_target_minus_4_if_lower():
    found = [
        bool(run("02 10:01", [spo2("02 10:00", value)], rules=["spo2_very_low"], goals=goals).episodes)
        for goals, value in [
            ({"spO2": {"value_1_from": 88}}, 84),
            ({"spO2": {"value_1_from": 88}}, 83),
            ({"spO2": {"value_1_from": 95}}, 88),
            ({"spO2": {"value_1_from": 95}}, 87),
        ]
    ]

    assert found == [False, True, False, True]


def test_very_low_spo2_is_settled_by_the_next_within_30_minutes():
    settled = run("02 11:00", [spo2("02 10:00", 85), spo2("02 10:30", 86)], rules=["spo2_very_low"])
    too_late = run("02 11:00", [spo2("02 10:00", 85), spo2("02 10:31", 95)], rules=["spo2_very_low"])

    assert clock(only(settled, "spo2_very_low").opened_at) == "02 10:30"
    assert only(too_late, "spo2_very_low").reason == "not_repeated"


OPEN = [bp("02 10:00", 190), bp("02 10:20", 185)]


def test_two_readings_in_a_row_inside_the_limit_close_it_though_above_the_goal():
    readings = [*OPEN, bp("02 14:00", 175), bp("02 18:00", 170)]

    found = run("03 10:00", readings, rules=SEVERE)

    episode = only(found, "bp_severe")
    assert (episode.state, episode.closed_by, clock(episode.closed_at)) == ("closed", "readings", "02 18:00")
    assert episode.section == found.patient_section == "over_not_seen"


def test_flapping_at_the_limit_does_not_close_it():
    values = [("02 14:00", 175), ("02 18:00", 181), ("03 08:00", 180), ("03 12:00", 182), ("03 18:00", 179)]

    episode = only(run("04 10:00", [*OPEN, *(bp(*one) for one in values)], rules=SEVERE), "bp_severe")

    assert (episode.state, episode.count, clock(episode.last), episode.peak) == ("open", 4, "03 12:00", (190, 75))


def test_marked_readings_are_skipped_where_two_in_a_row_close_it():
    readings = [*OPEN, bp("02 14:00", 170), bp("02 15:00", 200, marks=["implausible"]), bp("02 18:00", 170)]

    assert only(run("03 10:00", readings, rules=SEVERE), "bp_severe").state == "closed"


def test_row_may_state_another_closing():
    rule = {"code": "bp_severe", "closing": {"kind": "readings", "n": 1}}

    assert only(run("02 15:00", [*OPEN, bp("02 14:00", 170)], rules=[rule]), "bp_severe").state == "closed"


def test_peak_is_the_worst_of_each_value_and_value_the_newest():
    readings = [bp("02 10:00", 190, 100), bp("02 10:20", 185, 125), bp("02 10:40", 182, 90)]

    episode = only(run("02 11:00", readings, rules=SEVERE), "bp_severe")

    assert (episode.peak, episode.value, episode.count) == ((190, 125), (182, 90), 3)


def test_two_rules_are_two_episodes_and_the_patient_is_in_the_worst_section():
    readings = [glucose("02 08:00", 65), glucose("02 12:00", 50)]

    found = run("02 12:05", readings, rules=["glucose_low", "glucose_very_low"])

    assert {(one.rule, one.section) for one in found.episodes} == {
        *(("glucose_low", "warning"), ("glucose_very_low", "critical"))
    }
    assert found.patient_section == "critical"


def test_second_episode_of_a_rule_begins_after_the_first_closed():
    later = [bp("02 14:00", 150), bp("02 18:00", 150), bp("05 10:00", 190), bp("05 10:10", 190)]

    first, second = of_rule(run("05 11:00", [*OPEN, *later], rules=SEVERE), "bp_severe")

    assert (first.state, second.state, clock(second.first)) == ("closed", "open", "05 10:00")


def test_severe_pregnancy_pressure_is_notified_at_once_from_the_receipt_of_the_first():
    found = run("02 10:10", [bp("02 10:00", 160, 100, received="02 10:05")], rules=["preg_bp_severe"])

    episode = only(found, "preg_bp_severe")
    assert (episode.state, episode.section, episode.is_notified) == ("unconfirmed", "critical", True)
    assert clock(episode.detected_at) == "02 10:05"


@pytest.mark.parametrize(("systolic", "diastolic", "crosses"), [(159, 109, False), (160, 80, True), (140, 110, True)])
def test_severe_pregnancy_pressure_is_at_least_160_or_110(systolic, diastolic, crosses):
    found = run("02 10:05", [bp("02 10:00", systolic, diastolic)], rules=["preg_bp_severe"])

    assert bool(found.episodes) is crosses


def test_severe_pregnancy_pressure_opens_when_not_repeated_within_30_minutes():
    readings = [bp("02 10:00", 165)]

    found = [only(run(at, readings, rules=["preg_bp_severe"]), "preg_bp_severe") for at in ("02 10:29", "02 10:30")]

    assert [one.state for one in found] == ["unconfirmed", "open"]
    assert [clock(one.detected_at) for one in found] == ["02 10:01", "02 10:01"]


def test_second_severe_pregnancy_pressure_within_4_hours_confirms_whatever_was_between():
    between = [bp("02 10:00", 165), bp("02 10:15", 130)]

    dropped = run("02 11:00", between, rules=["preg_bp_severe"])
    confirmed = run("02 14:05", [*between, bp("02 14:00", 162)], rules=["preg_bp_severe"])
    too_late = run("02 14:05", [*between, bp("02 14:01", 162)], rules=["preg_bp_severe"])

    assert only(dropped, "preg_bp_severe").state == "dissolved"
    episode = only(confirmed, "preg_bp_severe")
    assert (episode.state, clock(episode.first), clock(episode.opened_at)) == ("open", "02 10:00", "02 14:00")
    assert clock(episode.detected_at) == "02 10:01"
    assert [one.state for one in of_rule(too_late, "preg_bp_severe")] == ["dissolved", "unconfirmed"]


def test_severe_pregnancy_pressure_follows_its_code_whatever_the_row_says():
    rule = {
        "code": "preg_bp_severe",
        "kind": "limit",
        "confirm": None,
        "metric": "blood_pressure",
        "severity": "critical",
    }

    assert only(run("02 10:05", [bp("02 10:00", 165)], rules=[rule]), "preg_bp_severe").state == "unconfirmed"


def test_acknowledged_unconfirmed_one_needs_no_message_when_it_opens():
    steps = [event("02 10:10", "acknowledge", "bp_severe")]

    episode = only(run("02 10:30", OPEN, rules=SEVERE, events=steps), "bp_severe")

    assert (episode.is_acknowledged, episode.is_notified, episode.section) == (True, False, "critical")

"""K-of-n and pattern rules: sittings, windows, judging by mean or highest, closing."""

import pytest

from tests.measurements.alerts.cases import bp, clock, event, glucose, of_rule, only, reading, run, spo2


def temperature(taken, value):
    return reading("temperature", taken, value)


def irregular(taken, value=1):
    return reading("irregular_heartbeat", taken, value)


def test_low_spo2_opens_with_2_of_3_sittings_in_48_hours():
    readings = [spo2("02 08:00", 91), spo2("02 20:00", 95), spo2("03 08:00", 90)]

    episode = only(run("03 08:05", readings, rules=["spo2_low"]), "spo2_low")

    assert (episode.state, episode.section, episode.count, episode.peak) == ("open", "warning", 2, (90, None))
    assert [clock(at) for at in (episode.first, episode.opened_at, episode.detected_at)] == [
        *("02 08:00", "03 08:00", "03 08:01")
    ]


@pytest.mark.parametrize("between", [[95, 96], [95, 96, 97]])
def test_low_spo2_of_more_than_3_sittings_is_not_2_of_3(between):
    readings = [spo2("02 08:00", 90), *(spo2(f"02 {9 + n:02}:00", v) for n, v in enumerate(between))]

    assert run("03 08:05", [*readings, spo2("02 20:00", 90)], rules=["spo2_low"]).episodes == ()


@pytest.mark.parametrize(("newest", "opens"), [("04 08:00", True), ("04 08:01", False)])
def test_window_of_48_hours_includes_both_ends(newest, opens):
    found = run("05 08:05", [spo2("02 08:00", 90), spo2(newest, 90)], rules=["spo2_low"])

    assert bool(found.episodes) is opens


def test_readings_within_10_minutes_are_one_sitting():
    one_sitting = run("02 09:00", [spo2("02 08:00", 90), spo2("02 08:10", 90)], rules=["spo2_low"])
    two_sittings = run("02 09:00", [spo2("02 08:00", 90), spo2("02 08:11", 90)], rules=["spo2_low"])

    assert (len(one_sitting.episodes), len(two_sittings.episodes)) == (0, 1)


def test_sitting_of_spo2_is_judged_by_the_highest():
    readings = [spo2("02 08:00", 85), spo2("02 08:05", 93), spo2("02 20:00", 90)]

    assert run("02 21:00", readings, rules=["spo2_low"]).episodes == ()


def test_sitting_of_others_is_judged_by_the_mean():
    high = [bp("02 08:00", 150, 80), bp("02 08:05", 131, 80), bp("02 10:00", 140, 80)]
    low = [bp("02 08:00", 150, 80), bp("02 08:05", 129, 80), bp("02 10:00", 140, 80)]

    assert only(run("02 11:00", high, rules=["preg_bp"]), "preg_bp").count == 2
    assert run("02 11:00", low, rules=["preg_bp"]).episodes == ()


def test_target_of_spo2_is_prescribed_per_patient():
    readings = [spo2("02 08:00", 90), spo2("02 20:00", 90)]

    assert run("03 08:00", readings, rules=["spo2_low"], goals={"spO2": {"value_1_from": 88}}).episodes == ()


@pytest.mark.parametrize(
    ("code", "make", "first", "second"),
    [
        ("glucose_low", glucose, ("02 08:00", 69), ("03 08:00", 69)),
        ("glucose_high", glucose, ("02 08:00", 251), ("09 08:00", 251)),
        ("temperature_high", temperature, ("02 08:00", 100.4), ("03 08:00", 100.4)),
        ("preg_bp", bp, ("02 08:00", 140), ("02 12:00", 140)),
    ],
)
def test_two_sittings_open_and_one_does_not(code, make, first, second):
    assert run("10 09:00", [make(*first)], rules=[code]).episodes == ()
    assert only(run("10 09:00", [make(*first), make(*second)], rules=[code]), code).count == 2


@pytest.mark.parametrize(
    ("code", "make", "readings"),
    [
        ("glucose_low", glucose, [("02 08:00", 69), ("03 08:01", 69)]),
        ("glucose_low", glucose, [("02 08:00", 70), ("02 12:00", 69)]),
        ("glucose_high", glucose, [("02 08:00", 251), ("02 12:00", 250), ("02 18:00", 251)]),
        ("temperature_high", temperature, [("02 08:00", 100.3), ("02 12:00", 101)]),
        ("preg_bp", bp, [("02 08:00", 145), ("02 12:01", 145)]),
    ],
)
def test_outside_the_window_or_at_the_limit_nothing_opens(code, make, readings):
    assert run("05 09:00", [make(*one) for one in readings], rules=[code]).episodes == ()


def test_low_glucose_of_older_people_opens_with_one():
    found = run("02 09:00", [glucose("02 08:00", 69)], conditions=["older or high-risk"])

    assert only(found, "glucose_low").state == "open"


def test_marked_readings_are_skipped_where_two_run():
    readings = [glucose("02 08:00", 260), glucose("02 10:00", 90, marks=["control"]), glucose("02 12:00", 260)]

    assert only(run("02 13:00", readings, rules=["glucose_high"]), "glucose_high").count == 2


def test_two_readings_inside_close_it():
    readings = [glucose("02 08:00", 260), glucose("02 12:00", 260), glucose("02 18:00", 250), glucose("03 08:00", 249)]

    episode = only(run("04 09:00", readings, rules=["glucose_high"]), "glucose_high")

    assert (episode.state, episode.closed_by, clock(episode.closed_at)) == ("closed", "readings", "03 08:00")
    assert episode.section is None


def test_further_sittings_feed_it_and_the_peak_is_the_worst():
    readings = [glucose("02 08:00", 260), glucose("02 12:00", 255), glucose("02 18:00", 290), glucose("03 08:00", 240)]

    episode = only(run("03 09:00", readings, rules=["glucose_high"]), "glucose_high")

    assert (episode.state, episode.count, episode.peak, clock(episode.last)) == ("open", 3, (290, None), "02 18:00")


@pytest.mark.parametrize(("second", "opens"), [("08 08:00", True), ("09 08:00", False), ("02 20:00", False)])
def test_irregular_heartbeat_needs_two_sittings_on_two_days_within_7(second, opens):
    found = run("10 09:00", [irregular("02 08:00"), irregular(second)], rules=["irregular_heartbeat"])

    assert bool(found.episodes) is opens


def test_irregular_heartbeat_of_0_is_none():
    found = run("10 09:00", [irregular("02 08:00"), irregular("03 08:00", 0)], rules=["irregular_heartbeat"])

    assert found.episodes == ()


def test_irregular_heartbeat_closes_after_7_days_without():
    readings = [irregular("02 08:00"), irregular("03 08:00")]

    before = only(run("10 23:59", readings, rules=["irregular_heartbeat"]), "irregular_heartbeat")
    after = only(run("11 00:00", readings, rules=["irregular_heartbeat"]), "irregular_heartbeat")

    assert (before.state, clock(before.opened_at), clock(before.changes_at)) == ("open", "03 08:00", "11 00:00")
    assert (after.state, clock(after.closed_at), after.closed_by) == ("closed", "11 00:00", "readings")


def test_after_a_person_resolved_it_only_later_readings_count():
    lows = [glucose("02 08:00", 60), glucose("02 12:00", 61)]
    resolved = [event("02 13:00", "resolve", "glucose_low", outcome="patient called")]

    one_later = run("02 20:00", [*lows, glucose("02 18:00", 62)], rules=["glucose_low"], events=resolved)
    two_later = run(
        "02 20:00", [*lows, glucose("02 18:00", 62), glucose("02 19:00", 63)], rules=["glucose_low"], events=resolved
    )

    assert only(one_later, "glucose_low").closed_by == "person"
    assert [one.state for one in of_rule(two_later, "glucose_low")] == ["closed", "open"]


def test_taken_before_but_received_after_it_was_resolved_counts():
    lows = [glucose("02 08:00", 60), glucose("02 12:00", 61)]
    later = [glucose("02 09:00", 62, received="02 15:00"), glucose("02 10:00", 63, received="02 15:00")]
    resolved = [event("02 13:00", "resolve", "glucose_low", outcome="expected")]

    found = run("02 20:00", [*lows, *later], rules=["glucose_low"], events=resolved)

    first, second = of_rule(found, "glucose_low")
    assert (first.state, first.count, second.state, clock(second.first)) == ("closed", 2, "open", "02 09:00")


def test_marked_readings_are_skipped_where_the_last_n_count():
    readings = [
        *(spo2("02 08:00", 90), spo2("02 12:00", 97, marks=["conflict"]), spo2("02 14:00", 97, marks=["control"])),
        *(spo2("02 16:00", 95), spo2("02 20:00", 90)),
    ]

    assert only(run("02 21:00", readings, rules=["spo2_low"]), "spo2_low").count == 2


def test_third_low_after_the_episode_closed_by_itself_is_an_alarm_of_its_own():
    readings = [glucose("02 08:00", 65), glucose("02 09:00", 65), glucose("02 10:00", 90), glucose("02 11:00", 95)]

    first, second = of_rule(run("02 13:00", [*readings, glucose("02 12:30", 66)], rules=["glucose_low"]), "glucose_low")

    assert (first.state, second.state, clock(second.first), second.count) == ("closed", "open", "02 12:30", 1)

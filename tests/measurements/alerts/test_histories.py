"""Exclusions, changed rules and goals, discharge, and what stays as it was."""

import pytest

from tests.measurements.alerts.cases import bp, clock, event, glucose, of_rule, only, run, spo2

SEVERE = ["bp_severe"]
OPEN = [bp("02 10:00", 190, id="a"), bp("02 10:20", 185, id="b")]


def exclude(at, reading):
    return event(at, "exclude", reading=reading, reason="someone else's reading")


def undo(at, reading):
    return event(at, "undo_exclusion", reading=reading)


def test_excluding_all_that_fed_it_dissolves_it():
    events = [exclude("02 12:00", "a"), exclude("02 12:01", "b")]

    found = run("02 13:00", OPEN, rules=SEVERE, events=events)

    episode = only(found, "bp_severe")
    assert (episode.state, episode.closed_by, episode.section) == ("dissolved", "exclusion", None)
    assert (episode.closed_by_person, found.patient_section) == ("nadia", "on_target")


def test_excluding_one_reading_computes_it_again():
    episode = only(run("02 13:00", OPEN, rules=SEVERE, events=[exclude("02 12:00", "a")]), "bp_severe")

    assert (episode.state, clock(episode.first), episode.count, episode.reason) == (
        *("open", "02 10:20", 1),
        "not_repeated",
    )


def test_excluded_critical_reading_that_closed_is_not_over_and_not_seen():
    readings = [glucose("02 10:00", 40, id="a"), glucose("02 12:00", 90), glucose("02 14:00", 90)]

    found = run("02 16:00", readings, rules=["glucose_very_low"], events=[exclude("02 15:00", "a")])

    assert (only(found, "glucose_very_low").section, found.patient_section) == (None, "on_target")


def test_undo_brings_back_the_same_episode_with_its_steps_and_is_no_new_message():
    events = [
        event("02 11:00", "acknowledge", "bp_severe"),
        *(exclude("02 12:00", "a"), exclude("02 12:01", "b")),
        *(undo("02 13:00", "a"), undo("02 13:01", "b")),
    ]

    before = only(run("02 11:30", OPEN, rules=SEVERE, events=events[:1]), "bp_severe")
    after = only(run("02 14:00", OPEN, rules=SEVERE, events=events), "bp_severe")

    assert after == before
    assert (after.is_acknowledged, after.is_notified_again, len(after.steps)) == (True, False, 1)


def test_excluding_what_closed_it_opens_it_again():
    readings = [*OPEN, bp("02 14:00", 150, id="c"), bp("02 18:00", 150)]

    episode = only(run("03 12:00", readings, rules=SEVERE, events=[exclude("03 10:00", "c")]), "bp_severe")

    assert (episode.state, episode.closed_at) == ("open", None)


def test_dissolved_one_is_of_no_rule_that_it_did_not_feed():
    events = [exclude("02 12:00", "a"), exclude("02 12:01", "b")]

    found = run("02 13:00", [*OPEN, glucose("02 12:00", 50)], rules=[*SEVERE, "glucose_very_low"], events=events)

    assert [(one.rule, one.state) for one in found.episodes] == [
        *(("bp_severe", "dissolved"), ("glucose_very_low", "open"))
    ]


def test_what_a_person_resolved_stays_as_it_was_when_its_readings_are_excluded():
    events = [
        event("02 11:00", "resolve", "bp_severe", outcome="measurement error"),
        *(exclude("02 12:00", "a"), exclude("02 12:01", "b")),
    ]

    episode = only(run("02 13:00", OPEN, rules=SEVERE, events=events), "bp_severe")

    assert (episode.state, episode.closed_by, episode.count) == ("closed", "person", 2)


def test_what_closed_over_7_days_ago_stays_as_it_was_and_says_that_it_would_read_differently():
    closed = [*OPEN, bp("02 14:00", 150, id="c"), bp("02 18:00", 150)]

    within = only(run("12 12:00", closed, rules=SEVERE, events=[exclude("09 18:00", "a")]), "bp_severe")
    after = only(run("12 12:00", closed, rules=SEVERE, events=[exclude("09 18:01", "a")]), "bp_severe")

    assert (within.count, within.reads_differently) == (1, False)
    assert (after.count, after.reads_differently, after.differs_because) == (2, True, "exclusion")


def test_reading_that_arrives_over_7_days_after_its_closing_changes_nothing_of_it():
    closed = [*OPEN, bp("02 14:00", 150), bp("02 18:00", 150)]
    old = bp("02 12:00", 220, received="10 09:00")

    episode = only(run("12 12:00", [*closed, old], rules=SEVERE), "bp_severe")

    assert (episode.count, episode.peak, episode.reads_differently) == (2, (190, 75), True)


def test_untouched_episode_that_closed_by_itself_is_computed_again_with_a_late_reading():
    closed = [*OPEN, bp("02 14:00", 150), bp("02 18:00", 150)]

    episode = only(run("04 12:00", [*closed, bp("02 12:00", 220, received="04 09:00")], rules=SEVERE), "bp_severe")

    assert (episode.count, episode.peak, episode.is_late) == (3, (220, 75), False)


def change(at, **limits):
    return event(at, "rule", "bp_severe", **limits)


def test_changed_rule_leaves_an_episode_open_that_a_reading_still_feeds():
    events = [change("02 12:00", above={"value_1": 188, "value_2": 120})]

    episode = only(run("02 13:00", OPEN, rules=SEVERE, events=events), "bp_severe")

    assert (episode.state, episode.section) == ("open", "critical")


def test_changed_rule_ends_an_episode_that_no_reading_feeds_but_a_critical_unseen_one_stays_listed():
    loosened = change("02 12:00", above={"value_1": 200, "value_2": 120})
    acknowledged = event("02 11:00", "acknowledge", "bp_severe")

    unseen = only(run("02 13:00", OPEN, rules=SEVERE, events=[loosened]), "bp_severe")
    seen = only(run("02 13:00", OPEN, rules=SEVERE, events=[acknowledged, loosened]), "bp_severe")

    assert (unseen.state, unseen.closed_by, unseen.section) == ("closed", "rule", "over_not_seen")
    assert (seen.closed_by, seen.section, clock(seen.closed_at)) == ("rule", None, "02 12:00")


def test_new_limit_judges_closing_from_the_change_on():
    readings = [*OPEN, bp("02 14:00", 175), bp("02 15:00", 175)]
    tightened = [change("02 12:00", above={"value_1": 170, "value_2": 120})]

    assert only(run("02 16:00", readings, rules=SEVERE), "bp_severe").state == "closed"
    assert only(run("02 16:00", readings, rules=SEVERE, events=tightened), "bp_severe").state == "open"


def test_tightened_rule_looks_at_readings_taken_after_the_change():
    readings = [bp("02 10:00", 175), bp("02 10:20", 175)]
    tightened = [change("02 12:00", above={"value_1": 170, "value_2": 120})]

    assert run("02 13:00", readings, rules=SEVERE, events=tightened).episodes == ()
    found = run("02 13:00", [*readings, bp("02 12:30", 175)], rules=SEVERE, events=tightened)
    assert clock(only(found, "bp_severe").first) == "02 12:30"


def test_tightened_k_of_n_rule_counts_sittings_taken_after_the_change():
    readings = [glucose("02 08:00", 240), glucose("02 12:00", 260)]
    tightened = [event("02 10:00", "rule", "glucose_high", above={"value_1": 230})]

    assert run("02 13:00", readings, rules=["glucose_high"], events=tightened).episodes == ()


def test_new_rule_looks_at_readings_taken_after_it_was_added():
    added = [event("02 09:00", "rule", "glucose_very_low")]
    readings = [glucose("02 08:00", 50), glucose("02 10:00", 51)]

    episode = only(run("02 11:00", readings, rules=SEVERE, events=added), "glucose_very_low")

    assert (clock(episode.first), episode.count) == ("02 10:00", 1)


def test_rule_switched_off_ends_its_episode_and_raises_nothing_more():
    off = [event("02 12:00", "rule_off", "glucose_high", reason="too many")]
    readings = [glucose("02 08:00", 260), glucose("02 11:00", 260), glucose("02 14:00", 270), glucose("02 15:00", 270)]

    episode = only(run("02 16:00", readings, rules=["glucose_high"], events=off), "glucose_high")

    assert (episode.closed_by, episode.count, episode.section) == ("rule", 2, None)


def test_critical_rule_switched_off_leaves_an_unseen_episode_listed():
    off = [event("02 12:00", "rule_off", "bp_severe", reason="palliative")]

    assert only(run("02 16:00", OPEN, rules=SEVERE, events=off), "bp_severe").section == "over_not_seen"


def test_rule_switched_on_again_judges_later_readings():
    events = [event("02 12:00", "rule_off", "bp_severe", reason="x"), change("03 12:00")]

    found = run("04 16:00", [*OPEN, bp("04 10:00", 190)], rules=SEVERE, events=events)

    assert [one.closed_by for one in of_rule(found, "bp_severe")] == ["rule", None]


def test_goal_changed_in_mid_episode_ends_it_where_no_reading_is_below_the_new_target():
    readings = [spo2("02 08:00", 90), spo2("02 20:00", 90)]
    lower = [event("03 09:00", "goal", metric="spO2", value_1_from=88)]
    higher = [event("03 09:00", "goal", metric="spO2", value_1_from=91)]

    assert only(run("03 10:00", readings, rules=["spo2_low"], events=lower), "spo2_low").closed_by == "rule"
    assert only(run("03 10:00", readings, rules=["spo2_low"], events=higher), "spo2_low").state == "open"


def test_discharge_ends_all_open_episodes_without_section():
    events = [event("02 11:00", "acknowledge", "bp_severe"), event("02 12:00", "discharge", reason="moved")]

    found = run("02 13:00", OPEN, rules=SEVERE, events=events)

    episode = only(found, "bp_severe")
    assert (episode.state, episode.closed_by, clock(episode.closed_at)) == ("closed", "discharge", "02 12:00")
    assert (episode.section, found.patient_section) == (None, None)


def test_readings_outside_a_monitoring_period_judge_nothing():
    periods = [{"start": "2026-03-03", "end": "2026-03-05"}]
    readings = [bp("02 23:59", 190), bp("06 00:00", 190), bp("05 23:59", 195)]

    found = run("06 08:00", readings, rules=SEVERE, monitoring_periods=periods)

    assert [(one.count, one.peak[0], one.closed_by) for one in found.episodes] == [(1, 195, "discharge")]


def test_readmitted_patient_starts_with_empty_history():
    events = [event("02 11:00", "discharge"), event("02 13:00", "readmit")]
    lows = [glucose("02 10:00", 60), glucose("02 12:00", 60), glucose("02 14:00", 60)]

    one = run("02 15:00", lows, rules=["glucose_low"], events=events)
    two = run("02 19:00", [*lows, glucose("02 18:00", 61)], rules=["glucose_low"], events=events)

    assert one.episodes == ()
    assert (only(two, "glucose_low").count, two.patient_section) == (2, "warning")


def test_confirmation_does_not_reach_over_a_discharge():
    events = [event("02 10:10", "discharge"), event("02 10:15", "readmit")]

    found = run("02 10:30", OPEN, rules=SEVERE, events=events)

    assert [(one.state, one.closed_by) for one in of_rule(found, "bp_severe")] == [
        *(("closed", "discharge"), ("unconfirmed", None))
    ]


def test_event_after_the_instant_is_not_known():
    events = [event("02 12:00", "acknowledge", "bp_severe")]

    assert not only(run("02 11:59", OPEN, rules=SEVERE, events=events), "bp_severe").is_acknowledged


def test_reading_received_after_the_instant_is_not_known():
    assert run("02 10:00", OPEN, rules=SEVERE).episodes == ()


def test_goal_of_another_metric_changes_nothing_of_an_average_that_is_under_its_limit_for_a_day():
    high = [bp(f"{day:02} {at}", 140, 70) for day in range(2, 8) for at in ("08:00", "20:00")]
    low = [bp(f"08 {at}", 100, 60) for at in ("08:00", "20:00")]
    other = [event("09 09:00", "goal", metric="spO2", value_1_from=90)]

    assert only(run("09 10:00", [*high, *low], rules=["bp_average"], events=other), "bp_average").state == "open"


def test_excluding_a_reading_without_which_an_average_never_opened_dissolves_it():
    readings = [bp(f"{day:02} {at}", 140, 70) for day in range(2, 8) for at in ("08:00", "20:00")]
    events = [exclude("07 22:00", "blood_pressure 05 08:00")]

    before, after = (run(at, readings, rules=["bp_average"], events=events) for at in ("07 21:00", "07 23:00"))

    assert only(before, "bp_average").state == "open"
    assert (only(after, "bp_average").state, only(after, "bp_average").closed_by) == ("dissolved", "exclusion")


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ({"code": "bp_average", "closing": {"kind": "readings", "n": 2}}, "closed"),
        ({"code": "bp_average", "closing": {"kind": "readings", "n": 3}}, "open"),
    ],
)
def test_row_of_an_average_may_close_by_readings(rule, state):
    high = [bp(f"{day:02} {at}", 140, 70) for day in range(2, 8) for at in ("08:00", "20:00")]
    low = [bp(f"08 {at}", 130, 60) for at in ("08:00", "20:00")]

    assert only(run("08 21:00", [*high, *low], rules=[rule]), "bp_average").state == state

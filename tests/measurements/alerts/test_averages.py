"""Average rules: window, enough readings, exact limits, closing, local midnight, share in range."""

import datetime as dt
from dataclasses import replace

import pytest

from measurements.alerts.engine.evaluation import evaluate
from measurements.alerts.facts_files.facts_file import read_facts
from tests.measurements.alerts.cases import bp, clock, event, glucose, instant, iso, of_rule, only, run

AVERAGE = ["bp_average"]


def mornings(values, *, first=2, diastolic=70, clocks=("08:00", "20:00")):
    """Two readings a day from the day `first` on."""
    return [bp(f"{first + n:02} {at}", value, diastolic) for n, value in enumerate(values) for at in clocks]


def test_average_opens_with_12_readings_at_the_limit():
    readings = mornings([135] * 6)

    found = run("07 20:05", readings, rules=AVERAGE)

    episode = only(found, "bp_average")
    assert (episode.state, episode.section, episode.value, episode.n, episode.days) == (
        *("open", "warning", (135, 70)),
        *(12, 6),
    )
    assert [clock(at) for at in (episode.first, episode.opened_at, episode.last)] == [
        *("02 08:00", "07 20:00", "07 20:00")
    ]
    assert (episode.count, found.patient_section, episode.is_notified) == (12, "warning", True)


def test_average_of_11_readings_is_not_enough():
    assert run("07 20:05", mornings([150] * 6)[:11], rules=AVERAGE).episodes == ()


def test_average_of_12_readings_on_2_days_is_not_enough():
    clocks = ("06:00", "08:00", "10:00", "12:00", "14:00", "16:00")

    assert run("05 20:05", mornings([150, 150], clocks=clocks), rules=AVERAGE).episodes == ()
    assert run("05 20:05", mornings([150] * 3, clocks=clocks[:4]), rules=AVERAGE).episodes != ()


@pytest.mark.parametrize(
    ("value", "diastolic", "opens"), [(134.99, 84.99, False), (134, 85, True), (135, 60, True), (134.9999, 70, False)]
)
def test_average_is_judged_unrounded_by_either_value(value, diastolic, opens):
    found = run("07 20:05", mornings([value] * 6, diastolic=diastolic), rules=AVERAGE)

    assert bool(found.episodes) is opens


def test_average_is_of_all_readings_not_of_days():
    """Ten of 130 on one day and two of 150 on two: the mean of readings is 133.3, of days 143.3."""
    one_day = [bp(f"02 {hour:02}:00", 130, 70) for hour in range(8, 18)]

    assert run("05 09:00", [*one_day, bp("03 08:00", 150), bp("04 08:00", 150)], rules=AVERAGE).episodes == ()


def test_average_counts_trusted_readings_only():
    readings = mornings([150] * 6)
    readings[3]["marks"] = ["conflict"]

    assert run("07 20:05", readings, rules=AVERAGE).episodes == ()


def test_window_is_today_and_the_6_local_days_before():
    old = [bp(f"01 {hour:02}:00", 180, 70) for hour in range(8, 14)]
    readings = [*old, *mornings([130] * 6)]

    assert run("08 08:05", [*readings, bp("08 08:00", 130)], rules=AVERAGE).episodes[0].state == "open"
    assert only(run("08 08:05", [*old, *mornings([130] * 7)], rules=AVERAGE), "bp_average").opened_at < instant(
        "08 00:00"
    )


def test_average_opens_at_local_midnight_when_a_low_day_leaves_the_window():
    low = [bp(f"01 {hour:02}:00", 100, 60) for hour in (8, 9, 10, 11)]
    readings = [*low, *mornings([140] * 6)]

    before, after = run("07 23:59", readings, rules=AVERAGE), run("08 00:00", readings, rules=AVERAGE)

    assert before.episodes == ()
    assert clock(only(after, "bp_average").opened_at) == "08 00:00"
    assert before.next_change_at == instant("08 00:00")


def test_average_under_its_limit_at_the_end_of_2_days_in_a_row_closes():
    readings = [*mornings([140] * 6), *mornings([110] * 4, first=8)]

    states = [only(run(f"{day} 00:00", readings, rules=AVERAGE), "bp_average").state for day in ("09", "10", "11")]

    closed = only(run("12 08:00", readings, rules=AVERAGE), "bp_average")
    assert states == ["open", "open", "closed"]
    assert (clock(closed.closed_at), closed.closed_by, closed.section) == ("11 00:00", "readings", None)


def test_fewer_readings_than_needed_never_close_it():
    found = run("20 08:00", mornings([150] * 6), rules=AVERAGE)

    episode = only(found, "bp_average")
    assert (episode.state, episode.reason, found.patient_section) == ("open", "not_enough_readings", "warning")


def test_days_without_enough_readings_interrupt_days_in_a_row():
    readings = [*mornings([136] * 6), bp("08 08:00", 100)]  # under at the end of the 8th, then 11 in the window

    assert only(run("13 08:00", readings, rules=AVERAGE), "bp_average").state == "open"


def test_low_average_is_below_100():
    assert run("07 20:05", mornings([100] * 6), rules=["bp_low"]).episodes == ()
    assert only(run("07 20:05", mornings([99.9] * 6), rules=["bp_low"]), "bp_low").severity == "warning"


@pytest.mark.parametrize("drop", [True, False])
def test_without_the_first_day_drops_nothing_without_a_stated_measuring_week(drop):
    rule = {"code": "bp_average", "drop_first_day": drop}

    assert only(run("07 20:05", mornings([140] * 6), rules=[rule]), "bp_average").n == 12


def test_average_of_a_rule_with_another_window():
    rule = {"code": "bp_average", "days": 3, "least_readings": 4, "least_days": 2}

    episode = only(run("05 08:05", mornings([140] * 3), rules=[rule]), "bp_average")

    assert (clock(episode.opened_at), episode.n) == ("03 20:00", 4)


def test_late_reading_counts_and_opens_normally():
    readings = mornings([140] * 6)
    readings[4]["received"] = iso("07 22:00")

    found = run("07 22:05", readings, rules=AVERAGE)

    episode = only(found, "bp_average")
    assert (episode.is_late, episode.section, clock(episode.detected_at)) == (False, "warning", "07 22:00")


def test_after_a_person_resolved_it_an_average_stays_quiet_until_worse_false_or_7_days():
    resolved = [event("08 09:00", "resolve", "bp_average", outcome="medication changed")]
    same, worse = mornings([140] * 12), [*mornings([140] * 7), *mornings([200] * 4, first=9)]

    quiet = of_rule(run("14 12:00", same, rules=AVERAGE, events=resolved), "bp_average")
    after_7_days = of_rule(run("15 09:00", mornings([140] * 14), rules=AVERAGE, events=resolved), "bp_average")
    got_worse = of_rule(run("12 21:00", worse, rules=AVERAGE, events=resolved), "bp_average")

    assert [one.closed_by for one in quiet] == ["person"]
    assert [clock(one.opened_at) for one in after_7_days] == ["07 20:00", "15 09:00"]
    assert len(got_worse) == 2
    assert got_worse[1].value[0] >= 150


def test_after_a_person_resolved_it_an_average_opens_again_when_it_was_false_once():
    resolved = [event("08 09:00", "resolve", "bp_average", outcome="medication changed")]
    readings = [*mornings([136] * 7), *mornings([120], first=9), *mornings([150] * 3, first=10)]

    found = of_rule(run("12 21:00", readings, rules=AVERAGE, events=resolved), "bp_average")

    assert len(found) == 2


def test_average_of_new_or_tightened_rule_judges_the_current_window():
    tightened = [event("08 09:00", "rule", "bp_average", above_or_equal={"value_1": 130, "value_2": 80})]

    episode = only(run("08 10:00", mornings([132] * 6), rules=AVERAGE, events=tightened), "bp_average")

    assert (episode.state, clock(episode.opened_at)) == ("open", "08 09:00")


def test_average_of_a_loosened_rule_ends_by_the_rule():
    loosened = [event("08 09:00", "rule", "bp_average", above_or_equal={"value_1": 150, "value_2": 95})]

    episode = only(run("08 10:00", mornings([140] * 6), rules=AVERAGE, events=loosened), "bp_average")

    assert (episode.state, episode.closed_by, episode.section) == ("closed", "rule", None)


@pytest.mark.parametrize(("out_of_range", "opens"), [(3, False), (4, True)])
def test_glucose_in_range_less_than_half_is_information(out_of_range, opens):
    values = [200] * out_of_range + [120] * (7 - out_of_range)

    found = run("08 09:00", [glucose(f"{n + 2:02} 08:00", v) for n, v in enumerate(values)], rules=["glucose_weekly"])

    assert [one.section for one in found.episodes] == ["information"] * opens
    assert found.patient_section == ("information" if opens else "on_target")


def test_glucose_in_range_needs_7_readings():
    found = run("08 09:00", [glucose(f"{n + 2:02} 08:00", 200) for n in range(6)], rules=["glucose_weekly"])

    assert found.episodes == ()


@pytest.mark.parametrize(
    ("zone", "as_of", "opens"),
    [
        # New York's clocks go forward on March 8, 2026: that day's midnight is at 05:00 UTC, the next at 04:00.
        ("America/New_York", "2026-03-09T03:59:00+00:00", False),
        ("America/New_York", "2026-03-09T04:00:00+00:00", True),
        # And back on November 1, 2026: the day has 25 hours.
        ("America/New_York", "2026-11-02T04:59:00+00:00", False),
        ("America/New_York", "2026-11-02T05:00:00+00:00", True),
        ("Asia/Kolkata", "2026-03-08T18:29:00+00:00", False),
        ("Asia/Kolkata", "2026-03-08T18:30:00+00:00", True),
    ],
)
def test_window_moves_at_local_midnight_through_clock_changes(zone, as_of, opens):
    """A low day leaves the window when its seventh day after begins."""
    last = instant(as_of).date()
    month = "11" if last.month == 11 else "03"
    low_day, days = (
        ("10-26", [f"10-{n}" for n in range(27, 32)] + ["11-01"])
        if month == "11"
        else (
            "03-02",
            [f"03-0{n}" for n in range(3, 9)],
        )
    )
    low = [bp(f"2026-{low_day}T{hour}:00:00+00:00", 100, 60) for hour in ("12", "13", "14", "15")]
    high = [bp(f"2026-{day}T{hour}:00:00+00:00", 140, 70) for day in days for hour in ("12", "16")]

    assert bool(run(as_of, [*low, *high], rules=AVERAGE, zone=zone).episodes) is opens


def test_reading_that_arrives_later_leaves_detection_and_acknowledgement_where_they_were():
    """With it the average was true a day earlier; the clinic knew on the seventh."""
    readings = mornings([136] * 6)
    late = bp("04 12:00", 170, received="08 09:00")
    acknowledged = [event("07 21:00", "acknowledge", "bp_average")]

    episode = only(run("08 10:00", [*readings, late], rules=AVERAGE, events=acknowledged), "bp_average")

    assert [clock(at) for at in (episode.opened_at, episode.detected_at)] == ["07 08:00", "07 20:01"]
    assert episode.is_acknowledged


@pytest.mark.parametrize(("weeks", "n"), [([], 12), (["2026-03-01"], 12), (["2026-03-02"], 10)])
def test_without_the_first_day_drops_it_where_the_window_begins_with_a_stated_week(weeks, n):
    readings = [{**one, "id": None} for one in mornings([140] * 7, clocks=("08:00", "20:00"))][:12]
    rule = {"code": "bp_average", "drop_first_day": True, "least_readings": 10}
    facts = read_facts({"readings": readings, "rules": [rule]})
    stated = replace(facts, measuring_weeks=frozenset(map(dt.date.fromisoformat, weeks)))

    assert only(evaluate(stated, instant("08 12:00")), "bp_average").n == n

"""Change rules of weight and the SpO2 trend: baselines, frozen while open, a new scale."""

from dataclasses import replace

import pytest

from measurements.alerts.engine.evaluation import evaluate
from measurements.alerts.facts_files.facts_file import read_facts
from tests.measurements.alerts.cases import clock, event, instant, of_rule, only, run, spo2, weight

USUAL = [weight(f"{day:02} 07:00", 180) for day in range(1, 8)]


@pytest.mark.parametrize(("today", "opens"), [(183, False), (183.1, True)])
def test_gain_over_the_usual_weight_is_more_than_3_lb(today, opens):
    found = run("08 08:00", [*USUAL, weight("08 07:00", today)], rules=["weight_gain"])

    assert bool(found.episodes) is opens
    assert found.patient_section == ("warning" if opens else "on_target")


def test_gain_carries_its_value_and_baseline():
    episode = only(run("08 08:00", [*USUAL, weight("08 07:00", 184.5)], rules=["weight_gain"]), "weight_gain")

    assert (episode.gain, episode.baseline, episode.peak) == (4.5, 180, (184.5, None))
    assert [clock(at) for at in (episode.first, episode.opened_at)] == ["08 07:00", "08 07:00"]


def test_usual_weight_needs_3_of_the_7_days_before():
    two, three = [USUAL[0], USUAL[3]], [USUAL[0], USUAL[3], USUAL[5]]

    assert run("08 08:00", [*two, weight("08 07:00", 190)], rules=["weight_gain"]).episodes == ()
    assert run("08 08:00", [*three, weight("08 07:00", 190)], rules=["weight_gain"]).episodes != ()


def test_weight_of_a_day_is_its_first_trusted_reading():
    dressed = [*USUAL, weight("08 07:00", 181), weight("08 09:00", 186)]
    implausible = [*USUAL, weight("08 06:00", 1200, marks=["implausible"]), weight("08 07:00", 184)]

    assert run("08 10:00", dressed, rules=["weight_gain"]).episodes == ()
    assert only(run("08 10:00", implausible, rules=["weight_gain"]), "weight_gain").gain == 4


@pytest.mark.parametrize(("yesterday", "opens"), [(180, True), (180.5, False), (None, False)])
def test_gain_in_a_day_is_against_yesterday_and_nothing_without(yesterday, opens):
    before = [weight("05 07:00", 175)] + ([weight("07 07:00", yesterday)] if yesterday else [])

    assert bool(run("08 08:00", [*before, weight("08 07:00", 183.2)], rules=["weight_gain_day"]).episodes) is opens


@pytest.mark.parametrize(
    ("code", "today", "opens"),
    [
        ("weight_gain_week", 185, False),
        ("weight_gain_week", 185.2, True),
        ("weight_week_6", 186, False),
        ("weight_week_6", 186.1, True),
    ],
)
def test_gain_in_a_week_is_against_the_lowest_of_the_7_days_before(code, today, opens):
    before = [weight("01 07:00", 180), weight("04 07:00", 184)]

    assert bool(run("08 08:00", [*before, weight("08 07:00", today)], rules=[code]).episodes) is opens


def test_gain_in_a_week_does_not_see_the_eighth_day_before():
    readings = [weight("01 07:00", 177), weight("04 07:00", 181), weight("09 07:00", 182.5)]

    assert run("09 08:00", readings, rules=["weight_gain_week"]).episodes == ()


def test_gain_of_6_lb_in_a_week_is_critical_and_opens_without_confirmation():
    episode = only(run("08 08:00", [*USUAL, weight("08 07:00", 187)], rules=["weight_week_6"]), "weight_week_6")

    assert (episode.state, episode.severity, episode.section, episode.is_notified) == (
        *("open", "critical", "critical"),
        True,
    )


@pytest.mark.parametrize(("today", "opens"), [(177, False), (176.9, True)])
def test_loss_is_more_than_3_lb_under_the_usual(today, opens):
    assert bool(run("08 08:00", [*USUAL, weight("08 07:00", today)], rules=["weight_loss"]).episodes) is opens


def test_loss_in_a_week_is_against_the_highest():
    rule = {"code": "loss", "kind": "change", "metric": "weight", "more_than": -5, "over": "week"}
    readings = [weight("02 07:00", 186), weight("05 07:00", 182), weight("08 07:00", 180.9)]

    assert only(run("08 08:00", readings, rules=[rule]), "loss").gain == -5.1


GAINED = [*USUAL, *(weight(f"{day:02} 07:00", 185) for day in range(8, 13))]


def test_baseline_stays_that_of_the_opening():
    """By the fifth day of the gain the moving median would have caught up."""
    episode = only(run("12 08:00", GAINED, rules=["weight_gain"]), "weight_gain")

    assert (episode.state, episode.baseline, episode.gain, episode.count, episode.reason) == (
        *("open", 180, 5),
        *(5, "baseline_of_opening"),
    )


def test_back_within_the_limit_of_the_baseline_on_2_days_closes_it():
    one_day = [*GAINED, weight("13 07:00", 182)]
    two_days = [*one_day, weight("15 07:00", 183)]

    assert only(run("14 08:00", one_day, rules=["weight_gain"]), "weight_gain").state == "open"
    closed = only(run("15 08:00", two_days, rules=["weight_gain"]), "weight_gain")
    assert (closed.state, clock(closed.closed_at), closed.closed_by) == ("closed", "15 07:00", "readings")


def test_day_beyond_the_limit_between_leaves_it_open():
    readings = [*GAINED, weight("13 07:00", 182), weight("14 07:00", 184), weight("15 07:00", 182)]

    assert only(run("15 08:00", readings, rules=["weight_gain"]), "weight_gain").state == "open"


def test_new_usual_weight_set_by_a_person_closes_it_and_is_the_baseline():
    new_usual = [event("12 09:00", "goal", metric="weight", usual=185)]
    later = [*GAINED, weight("13 07:00", 186), weight("14 07:00", 189)]

    first, second = of_rule(run("14 08:00", later, rules=["weight_gain"], events=new_usual), "weight_gain")

    assert (first.state, first.closed_by, clock(first.closed_at)) == ("closed", "person", "12 09:00")
    assert (second.baseline, second.gain, clock(second.opened_at)) == (185, 4, "14 07:00")


def test_after_a_person_resolved_it_a_gain_stays_quiet_unless_worse():
    resolved = [event("09 09:00", "resolve", "weight_gain", outcome="medication changed")]
    same = [*USUAL, *(weight(f"{day:02} 07:00", 185) for day in (8, 9, 10))]
    worse = [*same, weight("11 07:00", 186)]

    quiet = run("10 08:00", same, rules=["weight_gain"], events=resolved)
    opened = run("11 08:00", worse, rules=["weight_gain"], events=resolved)

    assert [one.closed_by for one in quiet.episodes] == ["person"]
    assert [one.state for one in opened.episodes] == ["closed", "open"]


def test_after_a_swap_of_the_scale_the_rules_wait_for_3_days_on_the_new_one():
    old = [weight(f"{day:02} 07:00", 180, device="A") for day in range(1, 8)]
    new = [weight(f"{day:02} 07:00", 190, device="B") for day in range(8, 11)]
    swap = [event("07 12:00", "swap", serial="A", to="B")]

    waiting = run("10 08:00", [*old, *new], rules=["weight_gain", "weight_gain_day"], events=swap)
    gained = run("11 08:00", [*old, *new, weight("11 07:00", 194, device="B")], rules=["weight_gain"], events=swap)

    assert waiting.episodes == ()
    assert only(gained, "weight_gain").baseline == 190


def test_swap_while_open_makes_the_episode_wait():
    old = [*(weight(f"{day:02} 07:00", 180, device="A") for day in range(1, 8)), weight("08 07:00", 185, device="A")]
    new = [weight(f"{day:02} 07:00", 175, device="B") for day in (9, 10)]
    swap = [event("08 12:00", "swap", serial="A", to="B")]

    episode = only(run("10 08:00", [*old, *new], rules=["weight_gain"], events=swap), "weight_gain")

    assert (episode.state, episode.reason) == ("open", "waits_for_new_scale")


def test_loosened_limit_ends_a_gain_by_the_rule_and_one_still_beyond_stays():
    loosened_less = [event("12 09:00", "rule", "weight_gain", more_than=4)]
    ended = [event("12 09:00", "rule", "weight_gain", more_than=5)]

    assert only(run("12 10:00", GAINED, rules=["weight_gain"], events=loosened_less), "weight_gain").state == "open"
    assert only(run("12 10:00", GAINED, rules=["weight_gain"], events=ended), "weight_gain").closed_by == "rule"


def test_late_weight_of_a_past_day_is_history_and_a_late_critical_one_arrives_late():
    late = weight("08 07:00", 187, received="10 12:00")

    found = run("10 13:00", [*USUAL, late], rules=["weight_gain", "weight_week_6"])

    assert only(found, "weight_gain").section is None
    assert only(found, "weight_week_6").section == found.patient_section == "arrived_late"


STEADY = [spo2(f"{day:02} 08:00", value) for day, value in enumerate([96, 95, 97, 96, 95, 97, 96], start=1)]


def test_spo2_trend_is_below_the_mean_minus_1645_deviations():
    """Mean 96, deviation 0.816: the bound is 94.66."""
    low, inside = (run("08 09:00", [*STEADY, spo2("08 08:00", value)], rules=["spo2_trend"]) for value in (94, 95))

    assert only(low, "spo2_trend").section == low.patient_section == "information"
    assert inside.episodes == ()


def test_spo2_trend_needs_7_readings():
    assert run("08 09:00", [*STEADY[1:], spo2("08 08:00", 90)], rules=["spo2_trend"]).episodes == ()


def test_spo2_trend_closes_after_2_days_within_its_baseline():
    readings = [*STEADY, spo2("08 08:00", 93), spo2("09 08:00", 95), spo2("10 08:00", 96)]

    episode = only(run("11 00:00", readings, rules=["spo2_trend"]), "spo2_trend")

    assert (episode.state, clock(episode.closed_at)) == ("closed", "11 00:00")


@pytest.mark.parametrize(
    ("resolved", "later", "opens"),
    [
        (["08 10:00"], [spo2("09 08:00", 92)], False),
        (["08 10:00"], [spo2("09 08:00", 91)], True),
        ([], [spo2("09 08:00", 91)], False),
        (["08 10:00"], [spo2("15 09:59", 92)], False),
        (["08 10:00"], [spo2("15 10:00", 92)], True),
        (["08 10:00"], [spo2("09 08:00", 96), spo2("09 09:00", 92)], True),
    ],
)
def test_resolved_spo2_trend_opens_again_once_it_was_false_when_worse_by_a_step_or_after_7_days(resolved, later, opens):
    readings = [*STEADY, *(spo2(f"08 07:{minute}", 96) for minute in range(10, 20)), spo2("08 08:00", 93), *later]
    events = [event(at, "resolve", "spo2_trend", outcome="expected") for at in resolved]

    found = of_rule(run("15 12:00", readings, rules=["spo2_trend"], events=events), "spo2_trend")

    assert len(found) == 1 + opens


def test_weight_that_arrives_later_is_part_of_what_was_known_only_where_it_matters():
    three = [weight("04 07:00", 180), weight("05 07:00", 180), weight("06 07:00", 180)]
    needed = [*three[:2], weight("06 07:00", 180, received="08 12:00"), weight("08 07:00", 184)]
    unneeded = [*three, weight("07 07:00", 180, received="08 12:00"), weight("08 07:00", 184)]

    found = [only(run("08 13:00", rows, rules=["weight_gain"]), "weight_gain") for rows in (needed, unneeded)]

    assert [clock(one.detected_at) for one in found] == ["08 12:00", "08 07:01"]


def test_weight_of_a_day_is_the_median_where_the_clinic_says_so():
    readings = [*USUAL, weight("08 07:00", 190), weight("08 08:00", 184), weight("08 09:00", 181)]
    facts = replace(read_facts({"readings": readings, "rules": [{"code": "weight_gain"}]}), day_weight_is_median=True)

    assert only(evaluate(facts, instant("08 10:00")), "weight_gain").gain == 4

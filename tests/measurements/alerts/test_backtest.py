"""Backtests of rules on facts of one patient; times are of March 2026 and UTC."""

import datetime as dt

import pytest

from measurements.alerts.engine.backtest import Backtest
from measurements.alerts.engine.evaluation import evaluate
from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.alerts.facts_files.facts_file import read_facts
from measurements.alerts.facts_files.rule_rows import read_rule
from tests.measurements.alerts.cases import bp, clock, event, glucose, instant, spo2, weight

CUFF = {"serial": "c", "type": "BPM", "from": "2026-02-01", "until": None}
TWO_SEVERE = [bp("02 08:00", 190), bp("02 08:10", 188), bp("03 08:00", 130), bp("04 08:00", 128)]
LOW_TWICE = [glucose("02 08:00", 65), glucose("02 20:00", 66), glucose("03 08:00", 100), glucose("03 12:00", 100)]


def opened(as_of, readings, rule, *, days=90, **facts):
    tested = Backtest(read_facts({"readings": readings, **facts}), instant(as_of), days=days)
    return [(clock(one.opened_at), clock(one.closed_at)) for one in tested.episodes(read_rule(rule, "rule"))]


@pytest.mark.parametrize(
    ("readings", "rule", "expected"),
    [
        pytest.param(TWO_SEVERE, {"code": "bp_severe"}, [("02 08:10", "04 08:00")], id="as-shipped"),
        pytest.param(TWO_SEVERE, {"code": "bp_severe", "above": {"value_1": 195}}, [], id="looser"),
        pytest.param(
            TWO_SEVERE,
            {"code": "bp_severe", "above": {"value_1": 127}},
            [("02 08:10", None)],
            id="tighter-never-closes",
        ),
        pytest.param([bp("02 08:00", 190), bp("02 08:10", 130)], {"code": "bp_severe"}, [], id="not-confirmed"),
        pytest.param(
            [bp("02 08:00", 190)], {"code": "bp_severe"}, [("02 08:00", None)], id="waits-for-its-confirmation"
        ),
        pytest.param(LOW_TWICE, {"code": "glucose_low"}, [("02 20:00", "03 12:00")], id="two-in-a-day"),
        pytest.param(LOW_TWICE, {"code": "glucose_low", "k": 1}, [("02 08:00", "03 12:00")], id="once"),
        pytest.param(
            [bp("02 08:00", 190, received="20 08:00"), bp("02 08:10", 188, received="20 08:00")],
            {"code": "bp_severe"},
            [("02 08:10", None)],
            id="late-as-if-on-time",
        ),
        pytest.param(
            [*TWO_SEVERE, bp("05 08:00", 250, marks=["implausible"])],
            {"code": "bp_severe"},
            [("02 08:10", "04 08:00")],
            id="marked-does-not-judge",
        ),
        pytest.param(
            [weight(f"0{day} 08:00", 150) for day in range(1, 6)] + [weight("06 08:00", 154)],
            {"code": "weight_gain"},
            [("06 08:00", None)],
            id="baseline-before-it",
        ),
    ],
)
def test_backtest_lists_episodes_of_a_rule(readings, rule, expected):
    as_of = "02 08:30" if len(readings) == 1 else "21 08:00"

    assert opened(as_of, readings, rule) == expected


def test_backtest_leaves_out_excluded_readings_steps_and_old_rules():
    events = [
        event("02 09:00", "resolve", "bp_severe", outcome="expected"),
        event("02 09:30", "rule_off", "bp_severe", reason="once"),
        event("06 09:00", "exclude", reading="blood_pressure 05 08:00", reason="arm"),
    ]
    readings = [*TWO_SEVERE, bp("05 08:00", 200), bp("05 08:10", 130), bp("06 08:00", 200), bp("06 08:05", 201)]

    assert opened("21 08:00", readings, {"code": "bp_severe"}, events=events) == [
        ("02 08:10", "04 08:00"),
        ("06 08:05", None),
    ]


def test_backtest_counts_episodes_opened_within_its_days():
    assert opened("12 08:00", TWO_SEVERE, {"code": "bp_severe"}, days=10)
    assert not opened("12 08:11", TWO_SEVERE, {"code": "bp_severe"}, days=10)


def test_backtest_of_silence_knows_pauses_and_monitoring():
    silence = {"code": "silence", "metric": "blood_pressure", "days": 2}
    readings = [bp("01 08:00", 120, device="c"), bp("10 08:00", 120, device="c")]

    assert opened("10 09:00", readings, silence, devices=[CUFF]) == [("04 00:00", "10 08:00")]
    pause = event("03 12:00", "pause", metric="blood_pressure", first="2026-03-02", last="2026-03-09")
    assert opened("10 09:00", readings, silence, devices=[CUFF], events=[pause]) == []


def test_backtest_follows_goals_given_and_those_of_today():
    readings = [spo2(f"0{day} {hour}:00", 91) for day in (2, 3) for hour in ("08", "20")]
    facts = {"readings": readings, "goals": {"spO2": {"value_1_from": 94}}}
    changed = [event("01 08:00", "goal", metric="spO2", value_1_from=90)]

    assert opened("21 08:00", readings, {"code": "spo2_low"}, goals=facts["goals"])
    assert opened("21 08:00", readings, {"code": "spo2_low"}, goals=facts["goals"], events=changed) == []


def test_backtest_of_readings_on_time_equals_episodes_of_the_engine():
    readings = [bp(f"{day:02} 08:00", 150 + 45 * (day % 5 == 0)) for day in range(1, 28)]
    readings += [bp(f"{day:02} 08:09", 150 + 45 * (day % 10 == 0)) for day in range(1, 28)]
    facts = read_facts(
        {"readings": [{**row, "received": row["taken"]} for row in readings], "rules": [{"code": "bp_severe"}]}
    )
    as_of = instant("28 08:00")
    raised = [(e.first, e.opened_at, e.closed_at) for e in evaluate(facts, as_of).episodes if e.opened_at]

    found = Backtest(facts, as_of).episodes(SHIPPED_RULES["bp_severe"])

    assert [(e.first, e.opened_at, e.closed_at) for e in found] == raised
    assert len(raised) == 2
    assert found[0].opened_at - found[0].first == dt.timedelta(minutes=9)


def test_backtest_without_rule_raises_nothing():
    assert Backtest(read_facts({"readings": TWO_SEVERE}), instant("21 08:00")).episodes(None) == []

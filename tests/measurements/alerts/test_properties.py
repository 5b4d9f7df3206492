"""Properties: neither the order of lists nor repeated rows nor the order of arrival changes what episodes are."""

import datetime as dt
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.alerts.engine.evaluation import evaluate
from measurements.alerts.facts_files.facts_file import read_facts

START = dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC)
AS_OF = START + dt.timedelta(days=14)
CODES = [
    *("bp_severe", "bp_average", "preg_bp", "preg_bp_severe", "spo2_low", "spo2_very_low", "glucose_low"),
    *("glucose_high", "glucose_very_low", "weight_gain", "weight_gain_day", "weight_week_6", "spo2_trend"),
]
VALUES = {
    "blood_pressure": st.tuples(
        st.sampled_from([120, 139, 140, 150, 165, 181, 192, 203]), st.sampled_from([70, 95, 125])
    ),
    "spO2": st.tuples(st.sampled_from([84, 86, 88, 90, 92, 96]), st.just(1)),
    "glucose": st.tuples(st.sampled_from([40, 60, 69, 70, 120, 251, 320]), st.just(0)),
    "weight": st.tuples(st.sampled_from([180, 181.5, 183.1, 187]), st.just(0)),
}
MARKS = st.sampled_from([[], [], [], ["estimated"], ["conflict"], ["control"], ["duplicate"]])


@st.composite
def one_reading(draw):
    metric = draw(st.sampled_from(sorted(VALUES)))
    first, second = draw(VALUES[metric])
    taken = START + dt.timedelta(minutes=draw(st.integers(0, 4 * 24 * 12)) * 5)
    return {
        "metric": metric,
        "value_1": first,
        "value_2": second,
        "marks": draw(MARKS),
        "taken": taken.isoformat().replace("+00:00", "Z"),
        "received": (taken + dt.timedelta(minutes=1)).isoformat().replace("+00:00", "Z"),
    }


readings = st.lists(one_reading(), max_size=25).map(
    lambda rows: [{**row, "id": str(number)} for number, row in enumerate(rows)]
)


def episodes_of(rows, events=()):
    content = {"readings": rows, "rules": [{"code": code} for code in CODES], "events": list(events)}
    return evaluate(read_facts(content), AS_OF)


def what_must_be_equal(evaluation):
    return [
        *(
            (one.rule, one.first, one.opened_at, one.last, one.count, one.peak, one.closed_at, one.closed_by)
            for one in evaluation.episodes
        ),
    ]


@settings(max_examples=60, deadline=None)
@given(readings, st.randoms(use_true_random=False))
def test_order_of_a_list_and_repeated_rows_change_nothing(rows, shuffling):
    shuffled = [*rows, *rows[: len(rows) // 2]]
    shuffling.shuffle(shuffled)

    assert episodes_of(shuffled) == episodes_of(rows)


@settings(max_examples=60, deadline=None)
@given(readings, st.randoms(use_true_random=False))
def test_order_of_arrival_changes_no_episode(rows, shuffling):
    """Received within the day in another order: the same episodes, though they may be detected at another instant."""
    delayed = [{**row, "received": shift(row["taken"], shuffling.randint(0, 23 * 60))} for row in rows]

    assert what_must_be_equal(episodes_of(delayed)) == what_must_be_equal(episodes_of(rows))


def shift(taken, minutes):
    at = dt.datetime.fromisoformat(taken) + dt.timedelta(minutes=minutes)
    return at.isoformat().replace("+00:00", "Z")


@settings(max_examples=25, deadline=None)
@given(readings, st.data())
def test_exclusion_and_undo_leave_everything_as_it_was(rows, data):
    if not rows:
        return
    reading = data.draw(st.sampled_from(rows))["id"]
    at = START + dt.timedelta(days=5)
    events = [
        {"at": shift(at.isoformat(), minutes), "by": "nadia", "kind": kind, "reading": reading}
        for minutes, kind in ((0, "exclude"), (30, "undo_exclusion"))
    ]

    assert episodes_of(rows, events).episodes == episodes_of(rows).episodes


@settings(max_examples=25, deadline=None)
@given(readings)
def test_one_open_episode_per_rule_and_every_figure_is_consistent(rows):
    found = episodes_of(rows).episodes

    open_codes = [one.rule for one in found if one.is_open]
    assert len(open_codes) == len(set(open_codes))
    for one in found:
        assert one.first <= one.last
        assert one.closed_at is None or one.opened_at is None or one.closed_at >= one.opened_at
        assert len(set(one.reading_ids)) == len(one.reading_ids) >= one.count > 0


def ninety_days():
    """Two pressures a day with pulse, a weight, two glucose values and two SpO2 values: 810 readings."""
    random_values = random.Random(7)
    start, rows = dt.datetime(2026, 3, 1, 7, tzinfo=dt.UTC), []
    for day in range(90):
        for hour in (0, 12):
            at = start + dt.timedelta(days=day, hours=hour, minutes=random_values.randint(0, 50))
            rows += [
                ("blood_pressure", at, random_values.gauss(138, 15), random_values.gauss(82, 9)),
                ("pulse", at, random_values.gauss(75, 12), 0),
                ("glucose", at, random_values.gauss(150, 60), 0),
                ("spO2", at, random_values.gauss(94, 2), 1),
            ]
        rows.append(("weight", start + dt.timedelta(days=day), random_values.gauss(180, 1.5), 0))
    return [
        {
            "id": str(number),
            "metric": metric,
            "value_1": round(first, 1),
            "value_2": round(second, 1),
            "taken": at.isoformat().replace("+00:00", "Z"),
            "received": (at + dt.timedelta(minutes=2)).isoformat().replace("+00:00", "Z"),
        }
        for number, (metric, at, first, second) in enumerate(rows)
    ]


@pytest.mark.bench
def test_evaluate_of_90_days_takes_tens_of_milliseconds(report_note):
    facts = read_facts({"readings": ninety_days(), "expected_metrics": ["weight", "blood_pressure"]})
    as_of, times = dt.datetime(2026, 5, 30, 20, tzinfo=dt.UTC), []
    for _ in range(10):
        began = dt.datetime.now(dt.UTC)
        evaluate(facts, as_of)
        times.append((dt.datetime.now(dt.UTC) - began).total_seconds())

    report_note(f"evaluate of {len(facts.readings)} readings {min(times) * 1000:.0f} ms")
    assert min(times) < 0.1

"""Properties: no second counts twice, windows never overlap, order and repetition mean nothing, approvals stay."""

import datetime as dt
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.billing.engine.known import Known
from measurements.billing.engine.time.credit import credits_of
from measurements.billing.facts_files.facts_file import read_facts
from tests.measurements.billing.cases import ON_FILE, approval, bill, instant, iso, reading, time_approval

FIRST_DAY = dt.date(2026, 1, 3)
AS_OF = "2026-05-20 12:00"
LISTS = (
    "readings",
    "sessions",
    "consents",
    "orders",
    "contacts",
    "exclusions",
    "approvals",
    "monitoring_periods",
    "staff",
)


def day(number):
    return (FIRST_DAY + dt.timedelta(days=number)).isoformat()


@st.composite
def one_reading(draw):
    taken = instant(f"{day(draw(st.integers(0, 110)))} {draw(st.integers(0, 23)):02}:00")
    late = dt.timedelta(hours=draw(st.sampled_from([0, 0, 1, 50, 400, 1200])))
    return {
        **reading("2026-01-05"),
        "taken": iso(taken),
        "received": iso(taken + late),
        "metric": draw(st.sampled_from(["blood_pressure", "blood_pressure", "weight", "steps"])),
        "marks": draw(st.sampled_from([[], [], ["conflict"], ["control"], ["duplicate"]])),
    }


@st.composite
def one_session(draw):
    start = instant("2026-03-31 20:00") + dt.timedelta(seconds=draw(st.integers(0, 1000)) * 30)
    length = dt.timedelta(seconds=draw(st.integers(0, 80)) * 30)
    return {
        "person": draw(st.sampled_from(["rn", "ma", "office"])),
        "patient": draw(st.sampled_from(["P", "P", "Q"])),
        "programme": draw(st.sampled_from(["RPM", "RPM", "CCM"])),
        "source": draw(st.sampled_from(["timer", "typed"])),
        "start": iso(start),
        "end": iso(start + length) if draw(st.integers(0, 9)) else None,
        "entered_at": iso(start + length),
        "end_reason": "stopped",
    }


def numbered(rows):
    return [{**row, "id": number} for number, row in enumerate(rows)]


all_readings = st.lists(one_reading(), max_size=60).map(numbered)
all_sessions = st.lists(one_session(), max_size=12).map(numbered)
all_periods = st.sampled_from(
    [
        [{"start": day(0), "end": None}],
        [{"start": day(0), "end": day(20)}, {"start": day(24), "end": None}],
        [{"start": day(0), "end": day(9)}, {"start": day(10), "end": day(60)}, {"start": day(63)}],
    ]
)
all_consents = st.sampled_from(
    [
        [{"date": day(0)}],
        [],
        [{"date": day(5), "revoked": day(30)}, {"date": day(33)}],
        [{"date": day(5), "revoked": day(30)}, {"date": day(20), "revoked": day(70)}],
    ]
)


def seconds(intervals):
    return {
        start + dt.timedelta(seconds=n)
        for start, end in intervals
        for n in range(0, int((end - start).total_seconds()), 30)
    }


@settings(max_examples=80, deadline=None)
@given(all_sessions)
def test_each_second_is_credited_once_to_a_person_and_to_a_patient(rows):
    credited = credits_of(Known(read_facts({**ON_FILE, "sessions": rows}), instant(AS_OF)))

    for owner in ("person", "patient"):
        for name in {getattr(credit.session, owner) for credit in credited}:
            found = [credit for credit in credited if getattr(credit.session, owner) == name]
            counts = [seconds(credit.credited) for credit in found]
            assert sum(map(len, counts)) == len(set().union(*counts))
    for credit in credited:
        whole = seconds([(credit.session.start, credit.session.end)])
        assert seconds(credit.credited) | seconds(credit.lost) == whole
        assert not seconds(credit.credited) & seconds(credit.lost)


@settings(max_examples=60, deadline=None)
@given(all_sessions)
def test_credited_time_is_all_time_of_people_with_a_credential(rows):
    """What is lost is credited to another session: no second of work disappears."""
    credited = credits_of(Known(read_facts({**ON_FILE, "sessions": rows}), instant(AS_OF)))

    taken = set().union(*(seconds(credit.credited) for credit in credited))
    assert taken == set().union(*(seconds([(one.session.start, one.session.end)]) for one in credited))


@settings(max_examples=80, deadline=None)
@given(all_readings, all_periods, all_consents)
def test_windows_never_overlap_and_hold_days_of_their_own(rows, periods, consents):
    found = bill(AS_OF, readings=rows, monitoring_periods=periods, consents=consents)["periods"]

    for window, following in pairwise(found):
        assert window["last"] < following["first"]
    for window in found:
        assert all(window["first"] <= one <= window["last"] for one in window["days"])
        length = dt.date.fromisoformat(window["last"]) - dt.date.fromisoformat(window["first"])
        assert length == dt.timedelta(days=29) or (window["code"] is None and length < dt.timedelta(days=29))
        assert (window["code"] is None) is (len(window["days"]) < 2)


@settings(max_examples=50, deadline=None)
@given(all_readings, all_sessions, all_periods, all_consents, st.randoms(use_true_random=False))
def test_order_of_lists_and_repeated_rows_change_nothing(rows, sessions, periods, consents, shuffling):
    facts = {"readings": rows, "sessions": sessions, "monitoring_periods": periods, "consents": consents}
    shuffled = {}
    for key, given_rows in {**ON_FILE, **facts}.items():
        shuffled[key] = given_rows
        if key in LISTS:
            shuffled[key] = [*given_rows, *given_rows[: len(given_rows) // 2 + 1]]
            shuffling.shuffle(shuffled[key])

    assert bill(AS_OF, **shuffled) == bill(AS_OF, **facts)


@settings(max_examples=50, deadline=None)
@given(all_sessions, st.integers(1, 19))
def test_splitting_sessions_changes_no_minutes(rows, twentieths):
    """Of one person and patient, each cut in two at any instant."""
    whole = [
        {**row, "person": "rn", "patient": "P", "programme": "RPM", "source": "timer"} for row in rows if row["end"]
    ]
    halves = []
    for row in whole:
        start, end = instant(row["start"]), instant(row["end"])
        middle = iso(start + (end - start) * twentieths / 20)
        halves += [{**row, "end": middle}, {**row, "start": middle, "id": f"rest of {row['id']}"}]

    assert minutes_of(whole) == minutes_of(halves)


def minutes_of(sessions):
    return [(month["month"], month["minutes"], month["lines"]) for month in bill(AS_OF, sessions=sessions)["months"]]


@settings(max_examples=50, deadline=None)
@given(all_readings, all_sessions, st.lists(one_reading(), max_size=10), st.lists(one_session(), max_size=4), st.data())
def test_approved_lines_stay_whatever_arrives_later(rows, sessions, late_rows, late_sessions, data):
    """Everything suggested on the day is approved; facts of later days change nothing of it."""
    at = "2026-05-05 12:00"
    before = bill(at, readings=rows, sessions=sessions)
    approvals = [time_approval(at, month["month"]) for month in before["months"]]
    windows = [one for one in before["periods"] if one["status"] == "suggested" and data.draw(st.booleans())]
    approvals += [approval(at, one["code"], window=one["first"]) for one in windows]
    lines = [(month["month"], line) for month in before["months"] for line in month["lines"]]
    approvals += [approval(at, one["code"], month=month) for month, one in lines if one["status"] == "suggested"]
    arrived = [
        {**row, "id": f"late {n}", "received": max(row["received"], "2026-05-06T00:00:00Z")}
        for n, row in enumerate(late_rows)
    ]
    typed = [
        {**row, "id": f"late {n}", "source": "typed", "entered_at": "2026-05-06T00:00:00Z"}
        for n, row in enumerate(late_sessions)
    ]
    now = bill(at, readings=rows, sessions=sessions, approvals=approvals)
    later = bill(AS_OF, readings=[*rows, *arrived], sessions=[*sessions, *typed], approvals=approvals)

    assert approved_of(later) == approved_of(now)
    assert len(approved_of(now)) == sum(one["kind"] == "line" for one in approvals)
    assert now["differences"] == []


def approved_of(found):
    windows = [{**one, "forecast": None} for one in found["periods"] if one["status"] == "approved"]
    months = [(one["month"], line) for one in found["months"] for line in one["lines"] if line["status"] == "approved"]
    return windows + months

"""Minutes of a month: credited seconds, doubled ones, ends of sessions; each worked by hand."""

import pytest

from tests.measurements.billing.cases import AFTER, PATIENT_CONTACT, bill, march, minutes, month_lines, session, typed

REACHED = {99457: ("99457", 1, "suggested", ""), 99470: ("99470", 1, "suggested", "")}


@pytest.mark.parametrize(
    ("length", "lines"),
    [
        (9.98, [(None, 0, "never", "minutes")]),  # 9:59 is 9 whole minutes
        (10, [REACHED[99470]]),
        (19.98, [REACHED[99470]]),
        (20, [REACHED[99457]]),
        (39.98, [REACHED[99457]]),
        (40, [REACHED[99457], ("99458", 1, "suggested", "")]),
        (59.98, [REACHED[99457], ("99458", 1, "suggested", "")]),
        (60, [REACHED[99457], ("99458", 2, "suggested", "")]),
        (80, [REACHED[99457], ("99458", 3, "suggested", "")]),
    ],
)
def test_lines_follow_whole_minutes_of_the_month(length, lines):
    assert month_lines(bill(AFTER, sessions=[session("2026-03-03 15:00", length)]), "2026-03") == lines


def test_minutes_are_floored_at_the_total():
    """9:30 + 10:30 = 20:00; floored one by one they would be 19."""
    assert minutes(session("2026-03-03 15:00", 9.5), session("2026-03-04 15:00", 10.5)) == 20


def test_additional_units_are_capped_by_the_setting():
    found = bill(AFTER, sessions=[session("2026-03-03 15:00", 100)], settings={"max_units_additional": 2})

    assert month_lines(found, "2026-03")[1] == ("99458", 2, "suggested", "")


@pytest.mark.parametrize(("length", "lines"), [(10, [(None, 0, "never", "minutes")]), (20, [("99457", 1)])])
def test_10_minutes_are_no_code_before_2026(length, lines):
    on_file = {
        "programmes": [{"programme": "RPM", "from": "2025-01-01"}],
        "monitoring_periods": [{"start": "2025-01-01"}],
        "consents": [{"date": "2025-01-01"}],
        "orders": [{"date": "2025-01-01", "diagnoses": ["I10"]}],
        "prior_visit": {"date": "2024-12-01"},
        "contacts": [{**PATIENT_CONTACT, "at": "2025-03-10T15:00:00Z"}],
    }
    found = bill(AFTER, sessions=[session("2025-03-03 15:00", length)], **on_file)

    assert [line[: len(lines[0])] for line in month_lines(found, "2025-03")] == lines


@pytest.mark.parametrize(
    ("first", "second", "counted", "lost"),
    [
        # Timer 15:00-15:20; typed 15:10-15:30: its first 10 minutes are doubled.
        (session("2026-03-03 15:00", 20), typed("2026-03-03 15:10", 20), 30, 600),
        # The typed one begins earlier, the timer still goes first: typed gets 14:50-15:00.
        (typed("2026-03-03 14:50", 20), session("2026-03-03 15:00", 20), 30, 600),
        # Two people on one patient count once: 15:00-15:15 and 15:05-15:20 are 20 minutes.
        (session("2026-03-03 15:00", 15), session("2026-03-03 15:05", 15, "ma"), 20, 600),
        # Ends are excluded: one ends as the next begins.
        (session("2026-03-03 15:00", 15), session("2026-03-03 15:15", 5, "ma"), 20, 0),
        # One inside of the other adds nothing.
        (session("2026-03-03 15:00", 30), typed("2026-03-03 15:10", 10), 30, 600),
        # Another patient's timer began earlier: 15:00-15:10 is of the other one, whose loss is not listed here.
        (session("2026-03-03 15:00", 10, patient="Q"), typed("2026-03-03 15:00", 20), 10, 600),
        # A person without a credential takes no second.
        (session("2026-03-03 15:00", 20, "office"), session("2026-03-03 15:05", 15), 15, 0),
    ],
)
def test_doubled_second_goes_to_one_session(first, second, counted, lost):
    for sessions in ([first, second], [second, first]):
        found = march(bill(AFTER, sessions=sessions))

        assert (found["minutes"]["RPM"], found["seconds_lost"]) == (counted, lost)


def test_doubled_second_of_equal_start_goes_to_the_lower_id():
    """Both of 15:00, CCM with id 2, RPM with id 10: 2 is lower, so RPM has its last 5 minutes only."""
    ccm = session("2026-03-03 15:00", 15, id=2, programme="CCM")
    rpm = session("2026-03-03 15:00", 20, id=10)
    found = march(bill(AFTER, sessions=[rpm, ccm]))

    assert found["minutes"] == {"RPM": 5, "CCM": 15}
    assert found["seconds_lost"] == 900


def test_lower_id_compares_numbers_at_the_end_of_a_text():
    ccm = session("2026-03-03 15:00", 15, id="s2", programme="CCM")
    rpm = session("2026-03-03 15:00", 20, id="s10")

    assert march(bill(AFTER, sessions=[rpm, ccm]))["minutes"] == {"RPM": 5, "CCM": 15}


def test_two_people_at_once_both_count_by_setting():
    """15 + 15 minutes; a person's own overlap is still lost."""
    sessions = [session("2026-03-03 15:00", 15), session("2026-03-03 15:05", 15, "ma"), typed("2026-03-03 15:00", 5)]
    found = march(bill(AFTER, sessions=sessions, settings={"two_people_count_both": True}))

    assert (found["minutes"]["RPM"], found["seconds_lost"]) == (30, 300)


def test_ccm_minutes_run_beside_and_count_for_no_rpm_line():
    found = bill(AFTER, sessions=[session("2026-03-03 15:00", 12), session("2026-03-03 16:00", 30, programme="CCM")])

    assert march(found)["minutes"] == {"RPM": 12, "CCM": 30}
    assert month_lines(found, "2026-03") == [REACHED[99470]]


@pytest.mark.parametrize(
    ("more", "counted"),
    [
        ({"end": None}, 0),  # still running
        ({"end_reason": "idle", "last_activity": "2026-03-03T15:12:00Z"}, 12),
        ({"end_reason": "lost", "last_activity": "2026-03-03T15:19:00Z"}, 19),
        ({"end_reason": "signed_out", "last_activity": "2026-03-03T15:19:30Z"}, 19),
        ({"end_reason": "stopped", "last_activity": "2026-03-03T15:18:00Z"}, 20),  # 120 s is not more than 120 s
        ({"end_reason": "stopped", "last_activity": "2026-03-03T15:17:59Z"}, 17),
        ({"end_reason": "stopped", "last_activity": "2026-03-03T15:05:00Z", "mode": "call"}, 20),
        ({"end_reason": "stopped", "last_activity": "2026-03-03T15:05:00Z", "source": "typed"}, 20),
        ({"activity": "99091"}, 0),
        ({"person": "office"}, 0),
        ({"person": "unknown"}, 0),
        ({"patient": "Q"}, 0),
    ],
)
def test_session_counts_until_its_end(more, counted):
    found = bill(AFTER, sessions=[session("2026-03-03 15:00", 20, **more), session("2026-03-20 15:00", 0, id="x")])

    assert march(found)["minutes"]["RPM"] == counted


def test_idle_seconds_are_a_setting():
    one = session("2026-03-03 15:00", 20, last_activity="2026-03-03T15:16:00Z")

    assert minutes(one) == 16
    assert minutes(one, settings={"idle_seconds": 300}) == 20


@pytest.mark.parametrize(
    ("length", "entered_at", "counted"),
    [
        (240, "2026-03-04T12:00:00Z", 240),
        (241, "2026-03-04T12:00:00Z", 0),  # over 4 hours
        (20, "2026-03-03T15:19:59Z", 0),  # ended after it was entered
        (20, "2026-03-03T15:20:00Z", 20),
    ],
)
def test_typed_entry_neither_in_the_future_nor_over_4_hours(length, entered_at, counted):
    assert minutes(typed("2026-03-03 15:00", length, entered_at=entered_at)) == counted


def test_typed_entry_is_known_from_its_entry():
    """Of March 3, entered on April 5."""
    late = typed("2026-03-03 15:00", 20, entered_at="2026-04-05T12:00:00Z")

    assert bill("2026-04-04 12:00", sessions=[late])["months"] == []
    assert march(bill("2026-04-05 12:00", sessions=[late]))["minutes"] == {"RPM": 20}


def test_session_over_the_end_of_a_month_is_split_in_the_clinics_zone():
    """Mar 31, 23:50 EDT is 03:50 UTC on Apr 1; 10 minutes belong to March, 15 to April."""
    found = bill("2026-05-02 12:00", sessions=[session("2026-04-01 03:50", 25)])

    assert {one["month"]: one["minutes"] for one in found["months"]} == {"2026-03": {"RPM": 10}, "2026-04": {"RPM": 15}}


def test_month_is_the_clinics_not_the_patients():
    """04:30 UTC on Apr 1 is Mar 31 in Chicago, Apr 1 in New York."""
    found = bill("2026-05-02 12:00", clinic_zone="America/Chicago", sessions=[session("2026-04-01 04:30", 20)])

    assert [one["month"] for one in found["months"]] == ["2026-03"]


@pytest.mark.parametrize("start", ["2026-03-08 06:50", "2026-11-01 05:50"])
def test_seconds_are_counted_on_the_utc_line_over_a_change_of_clocks(start):
    """1:50 to 3:10 (March) and 1:50 to 1:10 (November) on the wall are 20 minutes."""
    month = start[:7]
    contact = {**PATIENT_CONTACT, "at": f"{month}-20T15:00:00Z"}
    found = bill("2026-12-02 12:00", sessions=[session(start, 20)], contacts=[contact])

    assert month_lines(found, month) == [REACHED[99457]]


@pytest.mark.parametrize(
    ("length", "to_next"),
    [
        (3, {"code": "99470", "minutes": 7}),
        (13, {"code": "99457", "minutes": 7}),
        (33.5, {"code": "99458", "minutes": 7}),  # 40 - 33
        (45, {"code": "99458", "minutes": 15}),  # 60 - 45
    ],
)
def test_minutes_to_the_next_code_of_an_open_month(length, to_next):
    assert march(bill("2026-03-20 12:00", sessions=[session("2026-03-03 15:00", length)]))["to_next_code"] == to_next


def test_no_next_code_after_the_month_or_beyond_the_cap():
    one = session("2026-03-03 15:00", 45)

    assert march(bill(AFTER, sessions=[one]))["to_next_code"] is None
    assert march(bill("2026-03-20 12:00", sessions=[one], settings={"max_units_additional": 1}))["to_next_code"] is None


def test_month_is_over_by_the_clinics_midnight():
    """03:59 UTC on Apr 1 is Mar 31 in New York."""
    one = session("2026-03-03 15:00", 20)

    assert month_lines(bill("2026-04-01 03:59", sessions=[one]), "2026-03")[0][2] == "open"
    assert month_lines(bill("2026-04-01 04:00", sessions=[one]), "2026-03")[0][2] == "suggested"


def test_call_without_a_stated_end_has_no_credit():
    call = session("2026-03-03 15:00", 20, mode="call", end=None, last_activity="2026-03-03T15:10:00Z")
    found = march(bill(AFTER, sessions=[call]))

    assert found["minutes"] == {"RPM": 0}
    assert [(line["code"], line["status"]) for line in found["lines"]] == [(None, "never")]


def test_session_until_midnight_is_of_no_later_month():
    """20 minutes until 05:00 UTC on March 1, midnight in New York; in March there is CCM only."""
    until_midnight = session("2026-03-01 04:40", 20)
    found = march(bill(AFTER, sessions=[until_midnight, session("2026-03-03 15:00", 20, programme="CCM")]))

    assert (found["minutes"], found["lines"]) == ({"CCM": 20}, [])


def test_call_whose_end_was_stated_after_signing_out_is_as_typed():
    """The call 15:00-15:20 began earlier, but the timer of 15:10 goes first: 10 + 20 minutes either way, 600 s lost."""
    call = session("2026-03-03 15:00", 20, mode="call", end_reason="signed_out", programme="CCM")
    found = march(bill(AFTER, sessions=[call, session("2026-03-03 15:10", 20)]))

    assert (found["minutes"], found["seconds_lost"]) == ({"RPM": 20, "CCM": 10}, 600)

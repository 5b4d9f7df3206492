"""Minutes of a month: credited seconds, doubled ones, ends of sessions, whose minutes count; each worked by hand."""

import pytest

from tests.measurements.billing.cases import PATIENT_CONTACT, bill, month_lines, session, typed

AFTER = "2026-04-02 12:00"  # March is over
REACHED = {99457: ("99457", 1, "suggested", ""), 99470: ("99470", 1, "suggested", "")}


def march(found):
    (one,) = [row for row in found["months"] if row["month"] == "2026-03"]
    return one


def minutes(*sessions, programme="RPM", **facts):
    return march(bill(AFTER, sessions=list(sessions), **facts))["minutes"][programme]


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
    ("start", "counted"),
    [
        ("2026-03-10 15:00", 20),  # the last day of care
        ("2026-03-13 15:00", 20),  # 3 days of documentation
        ("2026-03-14 15:00", 0),
        ("2026-02-28 15:00", 0),  # before the first
    ],
)
def test_time_counts_in_the_monitoring_period_and_3_days_after(start, counted):
    periods = [{"start": "2026-03-01", "end": "2026-03-10"}]
    found = bill(AFTER, monitoring_periods=periods, sessions=[session(start, 20)])

    assert found["months"][0]["minutes"]["RPM"] == counted


@pytest.mark.parametrize(
    ("consents", "counted"),
    [
        ([{"date": "2026-03-03"}], 20),  # of that day
        ([{"date": "2026-03-04"}], 0),
        ([{"date": "2026-01-01", "revoked": "2026-03-03"}], 0),  # nothing from that day on
        ([{"date": "2026-01-01", "revoked": "2026-03-04"}], 20),
        ([], 20),
    ],
)
def test_time_counts_from_consent_to_revocation(consents, counted):
    assert minutes(session("2026-03-03 15:00", 20), consents=consents) == counted


def test_time_without_consent_misses_it():
    found = bill(AFTER, consents=[], sessions=[session("2026-03-03 15:00", 20)])

    assert month_lines(found, "2026-03") == [("99457", 1, "missing", "consent")]


@pytest.mark.parametrize(
    ("kind", "from_", "until", "counted"),
    [
        ("practice_employee", "2026-01-01", None, 20),
        ("practice_employee", "2026-03-04", None, 0),  # hired the day after
        ("practice_employee", "2026-01-01", "2026-03-03", 20),
        ("vendor", "2026-01-01", None, 0),
        ("leased", "2026-01-01", None, 0),
    ],
)
def test_employment_is_asked_for_on_the_day_of_the_session(kind, from_, until, counted):
    staff = [{"id": "rn", "credential": "RN", "employment": [{"kind": kind, "from": from_, "until": until}]}]
    asked = {"requires_practice_employee_from": "2026-03-31"}  # the date of service of March
    one = session("2026-03-03 15:00", 20)

    assert minutes(one, staff=staff, settings=asked) == counted
    assert minutes(one, staff=staff, settings={"requires_practice_employee_from": "2026-04-01"}) == 20


@pytest.mark.parametrize(
    ("credential", "counted"),
    [("RN", 20), ("R.N.", 20), ("MSN, RN", 20), ("LPN", 20), ("PharmD", 20), ("CMA", 20), ("biller", 0), (None, 0)],
)
def test_minutes_of_a_clinical_credential_count(credential, counted):
    staff = [{"id": "rn", "credential": credential}]

    assert minutes(session("2026-03-03 15:00", 20), staff=staff) == counted


def test_credentials_are_a_setting_for_each_code():
    one = session("2026-03-03 15:00", 20, "ma")

    assert minutes(one, settings={"credentials": {"99457": ["RN"]}}) == 0
    assert minutes(one, settings={"credentials": {"98980": ["RN"]}}) == 20


@pytest.mark.parametrize(
    ("contact", "line"),
    [
        ({}, REACHED[99457]),
        ({"mode": "video"}, REACHED[99457]),
        ({"mode": "in_person"}, REACHED[99457]),
        ({"mode": "message"}, ("99457", 1, "missing", "live_interaction")),
        ({"automatic": True}, ("99457", 1, "missing", "live_interaction")),
        ({"live": False}, ("99457", 1, "missing", "live_interaction")),
        ({"outcome": "no_answer"}, ("99457", 1, "missing", "live_interaction")),
        ({"outcome": None}, ("99457", 1, "missing", "live_interaction")),
        ({"by": "office"}, ("99457", 1, "missing", "live_interaction")),
        ({"at": "2026-04-01T03:59:00Z"}, REACHED[99457]),  # Mar 31, 23:59 in New York
        ({"at": "2026-04-01T04:00:00Z"}, ("99457", 1, "missing", "live_interaction")),
        ({"at": "2026-02-28T15:00:00Z"}, ("99457", 1, "missing", "live_interaction")),
    ],
)
def test_live_interaction_of_the_month(contact, line):
    found = bill(AFTER, sessions=[session("2026-03-03 15:00", 20)], contacts=[{**PATIENT_CONTACT, **contact}])

    assert month_lines(found, "2026-03") == [line]


def test_message_is_a_live_interaction_by_setting():
    found = bill(
        AFTER,
        sessions=[session("2026-03-03 15:00", 20)],
        contacts=[{**PATIENT_CONTACT, "mode": "message", "live": False}],
        settings={"messages_are_live": True},
    )

    assert month_lines(found, "2026-03") == [REACHED[99457]]


def test_live_interaction_must_be_in_the_monitoring_period():
    """Discharge on Mar 9, the contact on Mar 10 is documentation only."""
    periods = [{"start": "2026-01-01", "end": "2026-03-09"}]
    found = bill(AFTER, sessions=[session("2026-03-03 15:00", 20)], monitoring_periods=periods)

    assert month_lines(found, "2026-03") == [("99457", 1, "missing", "live_interaction")]


def test_additional_line_misses_the_live_interaction_too():
    found = bill(AFTER, sessions=[session("2026-03-03 15:00", 40)], contacts=[])

    assert month_lines(found, "2026-03") == [
        ("99457", 1, "missing", "live_interaction"),
        ("99458", 1, "missing", "live_interaction"),
    ]


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


@pytest.mark.parametrize(
    ("facts", "lines"),
    [
        ({"person": "office"}, [(None, 0, "never", "minutes")]),  # no credential on file
        ({"programme": "CCM"}, []),  # no line of ours
    ],
)
def test_month_says_never_where_no_time_of_its_programme_counts(facts, lines):
    assert month_lines(bill(AFTER, sessions=[session("2026-03-03 15:00", 20, **facts)]), "2026-03") == lines


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


@pytest.mark.parametrize(
    ("facts", "lines"),
    [
        ({"programmes": [{"programme": "RTM", "system": "respiratory", "from": "2026-01-01"}]}, "blocked programme"),
        # RPM ended on Jan 31, and with it its monitoring period.
        ({"programmes": [{"programme": "RPM", "until": "2026-01-31"}], "monitoring_periods": None}, "never minutes"),
        # It is still monitored, for whatever.
        ({"programmes": [{"programme": "RPM", "until": "2026-01-31"}]}, "blocked programme"),
    ],
)
def test_time_of_a_programme_that_the_patient_is_not_in(facts, lines):
    found = month_lines(bill(AFTER, sessions=[session("2026-03-03 15:00", 20)], **facts), "2026-03")

    assert " ".join(f"{status} {because}" for _, _, status, because in found).replace(" live_interaction", "") == lines


@pytest.mark.parametrize(("revoked", "missing"), [("2026-03-10", True), ("2026-03-11", False)])
def test_contact_from_the_revocation_on_is_no_live_interaction(revoked, missing):
    """20 minutes of Mar 3 stay; the contact is of Mar 10."""
    consents = [{"date": "2026-01-01", "revoked": revoked}]
    found = bill(AFTER, sessions=[session("2026-03-03 15:00", 20)], consents=consents)

    assert (month_lines(found, "2026-03")[0][3] == "live_interaction") is missing


def test_contact_before_the_consent_is_a_live_interaction():
    found = bill(AFTER, sessions=[session("2026-03-12 15:00", 20)], consents=[{"date": "2026-03-11"}])

    assert month_lines(found, "2026-03") == [REACHED[99457]]

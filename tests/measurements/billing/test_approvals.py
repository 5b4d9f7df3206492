"""Approvals: frozen lines, differences, and what an approval needs; each worked by hand."""

from dataclasses import replace

import pytest

from measurements.billing.engine.approvals import approved_lines
from measurements.billing.engine.evaluation import evaluate
from measurements.billing.facts_files.facts_file import read_facts
from tests.measurements.billing.cases import (
    ON_FILE,
    approval,
    bill,
    days,
    instant,
    month_lines,
    reading,
    readings,
    said,
    session,
    time_approval,
    typed,
)

APPROVED_AT = "2026-02-05 15:00"
WINDOW = approval(APPROVED_AT, "99445", window="2026-01-05")  # Jan 5-Feb 3
FIFTEEN = readings(*days("2026-01-05", 15))
LATE = "2026-02-10T12:00:00Z"


def first(found):
    return next(one for one in found["periods"] if one["first"] == "2026-01-05")


def test_approved_window_stays_as_it_was_and_shows_a_difference():
    """Approved with 15 days; a reading of Jan 25 arrives on Feb 10: 16 days, 99454."""
    taken = [*FIFTEEN, reading("2026-01-25", received=LATE)]
    before, after = (bill(at, readings=taken, approvals=[WINDOW]) for at in ("2026-02-09 12:00", "2026-02-11 12:00"))

    for found in (before, after):
        assert said(first(found)) == ("99445", 1, "approved", "")
        assert first(found)["days"] == days("2026-01-05", 15)
    assert before["differences"] == []
    assert after["differences"] == [
        {"window": "2026-01-05", "code": "99445", "now": {"codes": {"99454": 1}, "days": 16}}
    ]


def test_exclusion_after_approval_is_a_difference():
    """2 days approved, one excluded: nothing would be reached."""
    exclusion = {"reading": "2026-01-06 17:00", "at": LATE, "by": "rn", "reason": "wife"}
    found = bill(
        "2026-02-11 12:00",
        readings=readings("2026-01-05", "2026-01-06"),
        exclusions=[exclusion],
        approvals=[WINDOW],
    )

    assert said(first(found)) == ("99445", 1, "approved", "")
    assert found["differences"] == [{"window": "2026-01-05", "code": "99445", "now": {"codes": {}, "days": 1}}]


def test_first_approval_freezes_where_windows_begin():
    """A reading of Jan 3 arrives after the approval: windows stay at Jan 5 and Feb 4; Jan 3-Feb 1 would be 16 days."""
    taken = [*FIFTEEN, reading("2026-01-03", received=LATE)]
    found = bill("2026-02-11 12:00", readings=taken, approvals=[WINDOW])

    assert [one["first"] for one in found["periods"]] == ["2026-01-05", "2026-02-04"]
    assert found["differences"] == [
        {"window": "2026-01-05", "code": "99445", "now": {"codes": {"99454": 1}, "days": 16}}
    ]


def test_earlier_reading_is_a_difference_though_the_count_stays():
    """Jan 5-10 and Feb 3 are 7 days; with Jan 4 the window Jan 4-Feb 2 has 7 days too, but others."""
    taken = [*readings(*days("2026-01-05", 6), "2026-02-03"), reading("2026-01-04", received=LATE)]
    found = bill("2026-02-11 12:00", readings=taken, approvals=[WINDOW])

    assert found["differences"][0]["now"] == {"codes": {"99445": 1}, "days": 7}


def test_exclusion_of_the_first_reading_moves_no_approved_window():
    exclusion = {"reading": "2026-01-05 17:00", "at": LATE, "by": "rn", "reason": "wife"}
    found = bill("2026-02-11 12:00", readings=FIFTEEN, exclusions=[exclusion], approvals=[WINDOW])

    assert [one["first"] for one in found["periods"]] == ["2026-01-05", "2026-02-04"]
    assert found["differences"][0]["now"] == {"codes": {"99445": 1}, "days": 14}


def test_evidence_alone_is_no_difference():
    """A second reading of a day that counted already."""
    taken = [*FIFTEEN, reading("2026-01-06", "19:00", received=LATE)]

    assert bill("2026-02-11 12:00", readings=taken, approvals=[WINDOW])["differences"] == []


def test_approving_the_new_ends_the_difference():
    taken = [*FIFTEEN, reading("2026-01-25", received=LATE)]
    again = approval("2026-02-11 09:00", "99454", window="2026-01-05")
    found = bill("2026-02-11 12:00", readings=taken, approvals=[again, WINDOW])

    assert said(first(found)) == ("99454", 1, "approved", "")
    assert found["differences"] == []


@pytest.mark.parametrize(
    "given",
    [
        {**WINDOW, "at": "2026-02-04T04:59:00Z"},  # the window is still open in New York
        {**WINDOW, "code": "99454"},  # another code
        {**WINDOW, "window": "2026-01-06"},
        {**WINDOW, "by": "rn"},  # on file as no billing practitioner
        {**WINDOW, "at": "2026-02-12T12:00:00Z"},  # later than the instant asked for
    ],
)
def test_approval_of_what_is_not_ready_approves_nothing(given):
    assert said(first(bill("2026-02-11 12:00", readings=FIFTEEN, approvals=[given])))[2] == "suggested"


def test_approval_of_a_refused_line_approves_nothing():
    found = bill("2026-02-11 12:00", readings=FIFTEEN, consents=[], approvals=[WINDOW])

    assert said(first(found)) == ("99445", 1, "missing", "consent")


def test_what_is_refused_later_stays_approved():
    """Consent was revoked after the approval, and all days were before."""
    revoked = [{"date": "2026-01-01", "revoked": "2026-02-06"}]
    found = bill("2026-02-11 12:00", readings=FIFTEEN, consents=revoked, approvals=[WINDOW])

    assert said(first(found)) == ("99445", 1, "approved", "")
    assert found["differences"] == []


def test_setup_is_approved_by_its_window_or_month():
    """Its list is that of February, the month of the window's date of service."""
    by_window = approval(APPROVED_AT, "99453", window="2026-01-05")
    by_month = approval(APPROVED_AT, "99453", month="2026-02")

    for given in (by_window, by_month):
        found = bill("2026-02-11 12:00", readings=FIFTEEN, approvals=[given])
        assert said(found["setups"][0])[2] == "approved"
        assert first(found)["status"] == "suggested"


MARCH = {"sessions": [session("2026-03-03 15:00", 25)]}
TIME, LINE = time_approval("2026-04-02 15:00", "2026-03"), approval("2026-04-02 16:00", "99457", month="2026-03")
MORE = typed("2026-03-05 15:00", 15, entered_at="2026-04-05T12:00:00Z")


@pytest.mark.parametrize(
    ("approvals", "status"),
    [
        ([TIME, LINE], "approved"),
        ([LINE], "suggested"),  # the time is not approved
        ([LINE, {**TIME, "at": "2026-04-02T17:00:00Z"}], "suggested"),  # only after it
        ([LINE, {**TIME, "month": "2026-02"}], "suggested"),
    ],
)
def test_time_line_needs_approved_time(approvals, status):
    assert month_lines(bill("2026-04-03 12:00", approvals=approvals, **MARCH), "2026-03")[0][2] == status


def test_approved_time_line_differs_after_more_time():
    """25 minutes approved; 15 more were entered on Apr 5: 40 minutes, 99457 + 99458."""
    found = bill("2026-04-06 12:00", sessions=[*MARCH["sessions"], MORE], approvals=[TIME, LINE])

    assert month_lines(found, "2026-03")[0] == ("99457", 1, "approved", "")
    assert found["differences"] == [
        {"month": "2026-03", "code": "99457", "now": {"codes": {"99457": 1, "99458": 1}, "minutes": 40}}
    ]


def test_minutes_alone_are_a_difference():
    short = {**MORE, "end": "2026-03-05T15:05:00Z"}
    found = bill("2026-04-06 12:00", sessions=[*MARCH["sessions"], short], approvals=[TIME, LINE])

    assert found["differences"][0]["now"] == {"codes": {"99457": 1}, "minutes": 30}


def test_changed_sessions_withdraw_the_approval_of_time():
    """A line approved on Apr 6 needs the time to be approved again after Apr 5."""
    sessions = [*MARCH["sessions"], MORE]
    late = approval("2026-04-06 16:00", "99457", month="2026-03")
    again = time_approval("2026-04-06 15:00", "2026-03")

    assert (
        month_lines(bill("2026-04-07 12:00", sessions=sessions, approvals=[TIME, late]), "2026-03")[0][2] != "approved"
    )
    found = bill("2026-04-07 12:00", sessions=sessions, approvals=[TIME, again, late])
    assert month_lines(found, "2026-03") == [("99457", 1, "approved", ""), ("99458", 1, "suggested", "")]


def test_line_that_contradicts_an_approved_one_is_only_a_difference():
    """12 minutes approved as 99470; 15 more make 27: 99457 contradicts it until it is approved."""
    sessions = [session("2026-03-03 15:00", 12), MORE]
    short = approval("2026-04-02 16:00", "99470", month="2026-03")
    found = bill("2026-04-06 12:00", sessions=sessions, approvals=[TIME, short])

    assert month_lines(found, "2026-03") == [("99470", 1, "approved", "")]
    assert found["differences"][0]["now"] == {"codes": {"99457": 1}, "minutes": 27}
    new = [time_approval("2026-04-06 13:00", "2026-03"), approval("2026-04-06 14:00", "99457", month="2026-03")]
    found = bill("2026-04-07 12:00", sessions=sessions, approvals=[TIME, short, *new])
    assert (month_lines(found, "2026-03"), found["differences"]) == ([("99457", 1, "approved", "")], [])


def test_request_is_approved():
    asked = [{"code": "99091", "month": "2026-03", "minutes": 30, "by": "doc"}]
    given = [approval("2026-04-02 16:00", "99091", month="2026-03")]

    assert bill("2026-04-03 12:00", requested=asked, approvals=given)["requested"][0]["status"] == "approved"


def test_confirming_the_old_line_with_a_reason_closes_its_difference():
    """99445 stays although 16 days came in; a reading more, 17 days, opens the difference again."""
    taken = [*FIFTEEN, reading("2026-01-25", received=LATE), reading("2026-01-26", received="2026-02-14T12:00:00Z")]
    confirmed = approval("2026-02-11 09:00", "99445", window="2026-01-05", reason="billed already")
    approvals = [WINDOW, confirmed]

    assert bill("2026-02-12 12:00", readings=taken, approvals=[WINDOW])["differences"] != []
    found = bill("2026-02-12 12:00", readings=taken, approvals=approvals)
    assert (said(first(found))[2], found["differences"]) == ("approved", [])
    found = bill("2026-02-14 12:00", readings=taken, approvals=approvals)
    assert found["differences"][0]["now"] == {"codes": {"99454": 1}, "days": 17}


@pytest.mark.parametrize("more", [{}, {"reason": " "}, {"reason": "billed", "by": "rn"}])
def test_confirming_needs_a_reason_and_a_billing_practitioner(more):
    taken = [*FIFTEEN, reading("2026-01-25", received=LATE)]
    confirmed = approval("2026-02-11 09:00", "99445", window="2026-01-05", **more)

    assert bill("2026-02-12 12:00", readings=taken, approvals=[WINDOW, confirmed])["differences"] != []


def test_stored_lines_replace_computing_them_from_approvals():
    taken = [*FIFTEEN, reading("2026-01-25", received=LATE)]
    facts = read_facts({**ON_FILE, "readings": taken, "approvals": [WINDOW]})
    stored = approved_lines(facts, instant("2026-02-11 12:00")).values()

    without = replace(facts, approvals=())
    assert evaluate(without, instant("2026-02-11 12:00"), stored=stored) == evaluate(facts, instant("2026-02-11 12:00"))

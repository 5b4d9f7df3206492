"""What a page says beside a line: cautions, the practitioner, whether the time is approved."""

import pytest

from measurements.billing.engine.evaluation import evaluate
from measurements.billing.engine.lines import Caution
from measurements.billing.facts_files.facts_file import read_facts
from tests.measurements.billing.cases import ON_FILE, days, instant, readings, session, time_approval, typed

SIXTEEN = {"readings": readings(*days("2026-01-05", 16))}


def evaluated(as_of, **facts):
    return evaluate(read_facts({**ON_FILE, **facts}), instant(as_of))


@pytest.mark.parametrize(
    ("as_of", "facts", "cautions"),
    [
        ("2026-02-03 12:00", {}, ()),  # still open
        ("2026-02-04 12:00", {}, (Caution.LATE_READINGS,)),
        ("2026-02-08 12:00", {}, (Caution.LATE_READINGS,)),  # the fifth day after Feb 3
        ("2026-02-09 12:00", {}, ()),
        ("2026-02-09 12:00", {"no_other_practice": None}, (Caution.NO_ATTESTATION,)),
        ("2026-02-09 12:00", {"orders": [{"date": "2026-01-06", "diagnoses": ["I10"]}]}, (Caution.LATE_ORDER,)),
        ("2026-02-09 12:00", {"apcm": [{"from": "2026-02-03"}]}, (Caution.APCM,)),
        ("2026-02-09 12:00", {"apcm": [{"from": "2026-02-04"}]}, ()),
    ],
)
def test_window_has_cautions(as_of, facts, cautions):
    assert evaluated(as_of, **SIXTEEN, **facts).windows[0].cautions == cautions


@pytest.mark.parametrize(("count", "cautions"), [(15, (Caution.SETUP_DAYS,)), (16, ())])
def test_setup_cautions_under_16_days(count, cautions):
    assert evaluated("2026-02-09 12:00", readings=readings(*days("2026-01-05", count))).setups[0].cautions == cautions


@pytest.mark.parametrize(("readmitted", "is_second"), [("2027-01-04", True), ("2027-01-05", False)])
def test_second_setup_within_12_months_cautions(readmitted, is_second):
    """The first window began on Jan 5, 2026."""
    periods = [{"start": "2026-01-01", "end": "2026-02-10"}, {"start": readmitted}]
    taken = [*SIXTEEN["readings"], *readings(*days(readmitted, 2))]
    found = evaluated("2027-03-01 12:00", readings=taken, monitoring_periods=periods)

    assert (Caution.SECOND_SETUP in found.setups[1].cautions) is is_second


@pytest.mark.parametrize(("minutes", "is_many"), [(79, False), (80, True)])
def test_third_unit_cautions(minutes, is_many):
    line = evaluated("2026-04-02 12:00", sessions=[session("2026-03-03 15:00", minutes)]).months[0].lines[1]

    assert (Caution.MANY_UNITS in line.cautions) is is_many


def test_two_orders_in_one_window_make_one_line_of_the_practitioner_in_force():
    """Ordered anew by another practitioner on Jan 20; the date of service is Feb 3."""
    orders = [{"date": "2026-01-01", "practitioner": "doc", "diagnoses": ["I10"]}]
    orders += [{"date": "2026-01-20", "practitioner": "dr_lee", "diagnoses": ["I10"]}]
    (line, _) = evaluated("2026-02-09 12:00", **SIXTEEN, orders=orders).windows

    assert (line.code, line.practitioner) == ("99454", "dr_lee")


def test_change_of_sessions_withdraws_the_approval_of_time():
    approvals = [time_approval("2026-04-02 15:00", "2026-03")]
    sessions = [session("2026-03-03 15:00", 25)]
    more = typed("2026-03-05 15:00", 15, entered_at="2026-04-05T12:00:00Z")

    assert evaluated("2026-04-06 12:00", sessions=sessions).months[0].time_approved is None
    assert evaluated("2026-04-06 12:00", sessions=sessions, approvals=approvals).months[0].time_approved is True
    changed = evaluated("2026-04-06 12:00", sessions=[*sessions, more], approvals=approvals)
    assert changed.months[0].time_approved is False

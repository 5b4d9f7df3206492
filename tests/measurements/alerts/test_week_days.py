"""Too few days with readings in a week: when it opens and ends, pauses, late readings, a person's resolution."""

from dataclasses import replace

import pytest

from measurements.alerts.engine.evaluation import evaluate
from measurements.alerts.engine.rules import Kind, Queue, Rule
from measurements.alerts.facts_files.facts_file import read_facts
from tests.measurements.alerts.cases import clock, event, instant, of_rule, only, weight

RULE = Rule("own-week-weight-00000000", Kind.SILENCE, "weight", queue=Queue.COMPLIANCE, least_days_a_week=4)


def week(as_of, days, *more, events=(), rule=RULE, **facts):
    """Weights at 07:00 of days of March."""
    readings = [*(weight(f"{day:02} 07:00", 180) for day in days), *more]
    found = read_facts({"readings": readings, "events": list(events), "expected_metrics": ["weight"], **facts})
    return evaluate(replace(found, rules=(rule,)), instant(as_of))


def test_week_with_fewer_days_than_expected_opens_at_the_midnight_at_which_it_is_over():
    """Of 1 to 7 March four are measured; of 2 to 8 only three."""
    before, after = (week(at, [1, 3, 5, 7]) for at in ("08 23:59", "09 00:00"))

    episode = only(after, RULE.code)
    assert before.episodes == ()
    assert before.next_change_at == instant("09 00:00")
    assert (clock(episode.opened_at), clock(episode.detected_at), episode.days) == ("09 00:00", "09 00:00", 3)
    assert after.patient_section == "no_readings"


def test_nothing_is_missed_before_the_first_whole_week():
    assert week("07 23:59", [1]).episodes == ()
    assert clock(only(week("08 00:00", [1]), RULE.code).opened_at) == "08 00:00"


def test_week_that_is_measured_often_enough_again_ends_it_at_that_reading():
    found = week("12 12:00", [1, 3, 5, 7, 9, 10])

    episode = only(found, RULE.code)
    assert (episode.state, clock(episode.closed_at), episode.closed_by) == ("closed", "09 07:00", "readings")
    assert found.patient_section == "on_target"


def test_paused_days_are_left_out_and_the_week_reaches_further_back():
    pause = [event("04 12:00", "pause", metric="weight", first="2026-03-08", last="2026-03-20")]

    before, after = (week(at, [1, 3, 5, 7], events=pause) for at in ("21 23:59", "22 00:00"))

    assert before.episodes == ()
    assert clock(only(after, RULE.code).opened_at) == "22 00:00"


def test_late_reading_that_refutes_it_ends_it_at_its_receipt():
    found = week("09 12:00", [1, 3, 5, 7], weight("06 07:00", 180, received="09 09:00"))

    episode = only(found, RULE.code)
    assert (episode.reason, clock(episode.closed_at)) == ("measured_arrived_late", "09 09:00")


@pytest.mark.parametrize(("as_of", "count"), [("15 11:00", 1), ("16 12:00", 2)])
def test_resolved_by_a_person_it_opens_again_after_7_days(as_of, count):
    resolved = [event("09 12:00", "resolve", "silence", outcome="expected")]
    rule = replace(RULE, code="silence")

    assert len(of_rule(week(as_of, [1, 3, 5, 7], events=resolved, rule=rule), "silence")) == count


def test_untrusted_reading_makes_no_measured_day_and_discharge_ends_it():
    events = [event("09 12:00", "discharge", reason="completed")]

    found = week("10 12:00", [1, 3, 5, 7], weight("08 07:00", 1200, marks=["implausible"]), events=events)

    assert only(found, RULE.code).closed_by == "discharge"


def test_order_of_arrival_does_not_matter():
    readings = [weight(f"{day:02} 07:00", 180, received="10 09:00") for day in (1, 3, 5, 7, 9)]

    one, other = (week("12 12:00", [], *rows) for rows in (readings, readings[::-1]))

    assert one == other

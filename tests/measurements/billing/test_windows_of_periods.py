"""Windows of 30 days in monitoring periods and consents: discharge, readmission, revocation; each worked by hand."""

from tests.measurements.billing.cases import bill, days, readings, said, spans, windows


def two_periods(**more):
    """Discharged on Jan 20, readmitted on Jan 28."""
    periods = [{"start": "2026-01-01", "end": "2026-01-20", "reason": "moved"}, {"start": "2026-01-28", "end": None}]
    return {"monitoring_periods": periods, **more}


def test_readmission_begins_after_the_window_that_reached_a_code():
    """Jan 5-Feb 3 reached 99445 with 2 days; Feb 1 counts for no line; the next window begins with Feb 6."""
    taken = readings("2026-01-05", "2026-01-06", "2026-02-01", "2026-02-06", "2026-02-07")
    found = bill("2026-02-10 12:00", readings=taken, **two_periods())

    assert spans(found) == ["01-05 02-03 2 99445 suggested", "02-06 03-07 2 99445 open"]
    assert [setup["monitoring_period"] for setup in found["setups"]] == ["2026-01-01", "2026-01-28"]


def test_readmission_begins_at_once_where_no_code_was_reached():
    """One day in January is no line: the window of Feb 1 begins within the first one's 30 days, which it cuts."""
    found = bill("2026-02-10 12:00", readings=readings("2026-01-05", "2026-02-01", "2026-02-02"), **two_periods())

    assert spans(found) == ["01-05 01-31 1 None never", "02-01 03-02 2 99445 open"]


def test_readings_between_two_monitoring_periods_count_for_nothing():
    """Discharged on Jan 20: that day counts, Jan 21 and Jan 27 don't, Jan 28 does."""
    taken = readings("2026-01-20", "2026-01-21", "2026-01-27", "2026-01-28")
    found = bill("2026-02-10 12:00", readings=taken, **two_periods())

    assert [one["days"] for one in windows(found)] == [["2026-01-20"], ["2026-01-28"]]


def test_windows_of_an_ended_period_end_with_it():
    """Discharge on Feb 10, in the second window Feb 4-Mar 5; no third one begins."""
    taken = readings(*days("2026-01-05", 30), *days("2026-02-04", 10))
    found = bill("2026-06-01 12:00", readings=taken, monitoring_periods=[{"start": "2026-01-01", "end": "2026-02-10"}])

    assert spans(found) == ["01-05 02-03 30 99454 suggested", "02-04 03-05 7 99445 suggested"]


def test_window_begins_with_the_first_day_of_consent():
    """Consent on Jan 8: Jan 5-7 don't count."""
    found = bill("2026-01-20 12:00", consents=[{"date": "2026-01-08"}], readings=readings(*days("2026-01-05", 6)))

    assert spans(found) == ["01-08 02-06 3 99445 open"]


def test_days_count_without_any_consent_and_their_lines_miss_it():
    found = bill("2026-02-05 12:00", consents=[], readings=readings(*days("2026-01-05", 16)))

    assert said(windows(found)[0]) == ("99454", 1, "missing", "consent")


def test_revocation_ends_the_days_and_leaves_the_window():
    """Revoked on Jan 20: Jan 5-19 are 15 days, billable with Jan 5-Feb 3; a window after it does not begin."""
    found = bill(
        "2026-02-10 12:00",
        consents=[{"date": "2026-01-01", "revoked": "2026-01-20"}],
        readings=readings(*days("2026-01-05", 30)),
    )

    assert spans(found) == ["01-05 02-03 15 99445 suggested"]


def test_new_consent_starts_a_new_window_after_the_one_that_reached_a_code():
    """Consent again on Jan 25: its days until Feb 3 lie in the old window; Feb 4 begins the new one, one set-up."""
    consents = [{"date": "2026-01-01", "revoked": "2026-01-20"}, {"date": "2026-01-25"}]
    found = bill("2026-02-10 12:00", consents=consents, readings=readings(*days("2026-01-05", 35)))

    assert spans(found) == ["01-05 02-03 15 99445 suggested", "02-04 03-05 5 99445 open"]
    assert len(found["setups"]) == 1


def test_second_consent_before_the_revocation_of_the_first_continues_the_window():
    consents = [{"date": "2026-01-01", "revoked": "2026-01-20"}, {"date": "2026-01-15"}]
    found = bill("2026-02-05 12:00", consents=consents, readings=readings(*days("2026-01-05", 30)))

    assert spans(found)[0] == "01-05 02-03 30 99454 suggested"

"""Whose minutes count and when: monitoring period, consent, employment, credential, programme; each worked by hand."""

import pytest

from tests.measurements.billing.cases import AFTER, bill, minutes, month_lines, session


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
    ("facts", "lines"),
    [
        ({"person": "office"}, [(None, 0, "never", "minutes")]),  # no credential on file
        ({"programme": "CCM"}, []),  # no line of ours
    ],
)
def test_month_says_never_where_no_time_of_its_programme_counts(facts, lines):
    assert month_lines(bill(AFTER, sessions=[session("2026-03-03 15:00", 20, **facts)]), "2026-03") == lines


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

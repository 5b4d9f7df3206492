"""Windows of 30 days: anchor, back to back, edges of days, zones; each worked by hand."""

import pytest

from tests.measurements.billing.cases import bill, days, reading, readings, said, spans, windows

CHICAGO, KOLKATA, LOS_ANGELES = "America/Chicago", "Asia/Kolkata", "America/Los_Angeles"


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (1, (None, 0, "never", "days")),  # 0-1 days bill nothing
        (2, ("99445", 1, "suggested", "")),
        (15, ("99445", 1, "suggested", "")),
        (16, ("99454", 1, "suggested", "")),
        (30, ("99454", 1, "suggested", "")),
    ],
)
def test_window_code_follows_measured_days(count, line):
    """January 5 + 29 = February 3."""
    found = bill("2026-02-04 12:00", readings=readings(*days("2026-01-05", count)))

    assert said(windows(found)[0]) == line
    assert (found["periods"][0]["first"], found["periods"][0]["last"]) == ("2026-01-05", "2026-02-03")


def test_windows_are_back_to_back_whether_measured_or_not():
    """Jan 5-Feb 3, Feb 4-Mar 5 (28 days in February), Mar 6-Apr 4; nothing is measured from February on."""
    found = bill("2026-03-07 12:00", readings=readings("2026-01-05", "2026-01-06"))

    assert spans(found) == [
        "01-05 02-03 2 99445 suggested",
        "02-04 03-05 0 None never",
        "03-06 04-04 0 None open",
    ]


def test_windows_count_over_a_leap_day():
    """Feb 10, 2028 + 29 = March 10 with February 29, and the year is provisional."""
    found = bill("2028-03-11 12:00", readings=readings(*days("2028-02-10", 16)))

    assert spans(found)[0] == "02-10 03-10 16 99454 blocked"


def test_window_over_new_year_is_of_the_year_of_its_date_of_service():
    """Dec 15, 2025 + 29 = Jan 13, 2026: 99445 exists since Jan 1, 2026."""
    on_file = {
        "programmes": [{"programme": "RPM", "from": "2025-12-01"}],
        "monitoring_periods": [{"start": "2025-12-01"}],
        "consents": [{"date": "2025-12-01"}],
        "orders": [{"date": "2025-12-01", "diagnoses": ["I10"]}],
        "prior_visit": {"date": "2025-11-01", "kind": "office"},
    }
    found = bill("2026-01-14 12:00", readings=readings(*days("2025-12-15", 10)), **on_file)

    (window,) = [one for one in found["periods"] if one["first"] == "2025-12-15"]
    assert (window["last"], window["code"], window["rules_of"]) == ("2026-01-13", "99445", 2026)


@pytest.mark.parametrize(("count", "code"), [(15, None), (16, "99454")])
def test_window_before_2026_needs_16_days(count, code):
    """Mar 1, 2025 + 29 = Mar 30, 2025."""
    on_file = {"programmes": [{"programme": "RPM", "from": "2025-02-01"}], "consents": [{"date": "2025-02-01"}]}
    on_file |= {"monitoring_periods": [{"start": "2025-02-01"}], "prior_visit": {"date": "2025-01-10"}}
    on_file |= {"orders": [{"date": "2025-02-01", "diagnoses": ["I10"]}]}
    found = bill("2025-04-01 12:00", readings=readings(*days("2025-03-01", count)), **on_file)

    assert windows(found)[0]["code"] == code


@pytest.mark.parametrize(
    ("taken", "zone", "day"),
    [
        ("2026-03-08 04:59", "America/New_York", "2026-03-07"),  # 23:59 EST, the night before clocks go forward
        ("2026-03-08 05:00", "America/New_York", "2026-03-08"),
        ("2026-03-09 03:59", "America/New_York", "2026-03-08"),  # 23:59 EDT: that day has 23 hours
        ("2026-11-02 04:59", "America/New_York", "2026-11-01"),  # 23:59 EST: that day has 25 hours
        ("2026-03-01 18:29", KOLKATA, "2026-03-01"),  # UTC+5:30: 23:59
        ("2026-03-01 18:30", KOLKATA, "2026-03-02"),
    ],
)
def test_reading_counts_on_local_day_of_the_zone(taken, zone, day):
    found = bill(
        "2026-11-03 12:00",
        patient_zones=[{"zone": zone, "from": None}],
        readings=[reading(*taken.split())],
    )

    assert windows(found)[0]["days"] == [day]


def test_zone_of_a_reading_is_that_in_force_when_it_was_taken():
    """Moved on March 10: 05:30 UTC was 00:30 in New York on March 5, is 22:30 of the day before in Los Angeles."""
    zones = [{"zone": "America/New_York", "from": None}, {"zone": LOS_ANGELES, "from": "2026-03-10T00:00:00Z"}]
    taken = [reading("2026-03-05", "05:30"), reading("2026-03-12", "05:30")]
    found = bill("2026-03-20 12:00", patient_zones=zones, readings=taken)

    assert windows(found)[0]["days"] == ["2026-03-05", "2026-03-11"]


def test_zone_of_a_patient_without_one_is_the_clinics():
    """04:00 UTC is 23:00 of the day before in New York."""
    found = bill("2026-03-20 12:00", patient_zones=None, readings=[reading("2026-03-05", "04:00")])

    assert windows(found)[0]["days"] == ["2026-03-04"]


def test_window_is_over_by_the_patients_midnight():
    """Window until Feb 3; 04:59 UTC on Feb 4 is still Feb 3 in New York."""
    taken = readings(*days("2026-01-05", 16))

    assert windows(bill("2026-02-04 04:59", readings=taken))[0]["status"] == "open"
    assert windows(bill("2026-02-04 05:00", readings=taken))[0]["status"] == "suggested"


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({"automatic": False}, False),
        ({"marks": ["control"]}, False),
        ({"marks": ["duplicate"]}, False),
        ({"marks": ["conflict"]}, True),
        ({"marks": ["implausible"]}, True),
        ({"marks": ["estimated", "ahead"]}, True),
        ({"metric": "steps"}, False),
        ({"metric": "heart_rate_statistics"}, False),
        ({"metric": "battery_percentage"}, False),
        ({"metric": "pillbox_opened"}, False),
        ({"metric": "patchcap_open_close_event", "value_1": 1}, False),
        ({"metric": "irregular_heartbeat", "value_1": 1}, True),
        ({"metric": "irregular_heartbeat", "value_1": 0}, False),
        ({"metric": "forced_expiratory_volume"}, True),
        ({"metric": "glucose", "value_1": None, "value_2": None, "beyond": "above"}, True),
        ({"value_1": None, "value_2": None}, True),  # left out of the file
        ({"metric": "irregular_heartbeat", "value_1": None, "value_2": None}, True),
        ({"metric": "blood_glucose"}, True),
        ({"device": "other"}, False),
        ({"received": "2026-02-06T00:00:00Z"}, False),  # not received yet
    ],
)
def test_day_counts_by_what_a_reading_is(more, counts):
    found = bill("2026-02-05 12:00", readings=[reading("2026-01-05"), reading("2026-01-09", **more)])

    assert ("2026-01-09" in windows(found)[0]["days"]) is counts


@pytest.mark.parametrize(
    ("undone_at", "as_of", "counts"),
    [
        (None, "2026-02-05 11:59", True),  # excluded at 12:00
        (None, "2026-02-05 12:00", False),
        ("2026-02-06T00:00:00Z", "2026-02-05 12:00", False),
        ("2026-02-05T12:30:00Z", "2026-02-05 12:30", True),
    ],
)
def test_excluded_reading_counts_no_day(undone_at, as_of, counts):
    exclusion = {"reading": "2026-01-09 17:00", "at": "2026-02-05T12:00:00Z", "by": "rn", "reason": "wife"}
    found = bill(
        as_of,
        readings=readings("2026-01-05", "2026-01-09"),
        exclusions=[{**exclusion, "undone_at": undone_at}],
    )

    assert ("2026-01-09" in windows(found)[0]["days"]) is counts


def test_window_begins_with_second_reading_where_the_first_is_excluded():
    exclusion = {"reading": "2026-01-05 17:00", "at": "2026-01-20T12:00:00Z", "by": "rn", "reason": "test"}
    found = bill("2026-01-21 12:00", readings=readings("2026-01-05", "2026-01-09"), exclusions=[exclusion])

    assert spans(found) == ["01-09 02-07 1 None open"]


def test_late_reading_moves_the_first_window_before_any_approval():
    """Taken Jan 3, received Jan 25."""
    taken = [*readings(*days("2026-01-05", 3)), reading("2026-01-03", received="2026-01-25T12:00:00Z")]

    assert spans(bill("2026-01-24 12:00", readings=taken)) == ["01-05 02-03 3 99445 open"]
    assert spans(bill("2026-01-25 12:00", readings=taken)) == ["01-03 02-01 4 99445 open"]


def test_swap_of_a_device_ends_no_window_and_two_devices_make_one_day():
    """The old cuff until Jan 10, the new one from Jan 10: its reading of Jan 10 and one of the old one are one day."""
    devices = [{"serial": "cuff", "from": "2026-01-01", "until": "2026-01-10"}]
    devices += [{"serial": "new", "from": "2026-01-10", "until": None}]
    taken = [*readings("2026-01-05", "2026-01-10", "2026-01-11"), reading("2026-01-10", "18:00", device="new")]
    taken += [reading("2026-01-12", device="new", id="n")]
    found = bill("2026-01-20 12:00", devices=devices, readings=taken)

    assert windows(found)[0]["days"] == ["2026-01-05", "2026-01-10", "2026-01-12"]
    assert len(found["setups"]) == 1


def test_anew_setting_begins_a_window_with_the_next_reading():
    """Jan 5-Feb 3; from Feb 1 on a window begins with the first reading after the one before: Feb 20."""
    taken = readings("2026-01-05", "2026-01-06", "2026-02-20", "2026-02-21")
    found = bill("2026-02-25 12:00", readings=taken, settings={"windows_anew_from": "2026-02-01"})

    assert spans(found) == ["01-05 02-03 2 99445 suggested", "02-20 03-21 2 99445 open"]


def test_devices_not_stated_are_all_the_patients():
    found = bill("2026-01-20 12:00", devices=None, readings=[reading("2026-01-05", device="any")])

    assert windows(found)[0]["days"] == ["2026-01-05"]


@pytest.mark.parametrize(
    ("count", "as_of", "forecast"),
    [
        # Window Jan 5-Feb 3. Measured Jan 5-13, 9 days; on Jan 22 at noon unmeasured: Jan 22-Feb 3 are 13 days.
        (9, "2026-01-22 17:00", (9, 13, 7, True, None)),
        # On Jan 13 itself, measured: Jan 14-Feb 3 are 21 days.
        (9, "2026-01-13 20:00", (9, 21, 7, True, None)),
        # 9 + Jan 28-Feb 3 (7 days) = 16; at the beginning of Jan 29 6 were left.
        (9, "2026-01-28 12:00", (9, 7, 7, True, None)),
        (9, "2026-01-29 12:00", (9, 6, 7, False, "2026-01-29")),
        (9, "2026-02-02 12:00", (9, 2, 7, False, "2026-01-29")),
        # 16 are measured on Jan 20.
        (16, "2026-01-25 12:00", (16, 10, 0, True, None)),
    ],
)
def test_forecast_counts_days_left(count, as_of, forecast):
    found = bill(as_of, readings=readings(*days("2026-01-05", count)))

    assert tuple(windows(found)[0]["forecast"].values()) == forecast


def test_forecast_ends_with_the_discharge():
    """Discharge on Jan 20: on Jan 12 (unmeasured) Jan 12-20 are 9 days, with 7 measured 16; one day later it is out."""
    period = [{"start": "2026-01-01", "end": "2026-01-20"}]
    taken = readings(*days("2026-01-05", 7))

    def forecast(as_of):
        return tuple(windows(bill(as_of, readings=taken, monitoring_periods=period))[0]["forecast"].values())

    assert forecast("2026-01-12 12:00") == (7, 9, 9, True, None)
    assert forecast("2026-01-13 12:00") == (7, 8, 9, False, "2026-01-13")


def test_anchor_and_line_stay_after_the_first_reading_of_a_summer_day():
    """Half an hour before midnight of the day on which clocks go back in Chicago: Nov 1, 23:30 CST is 05:30 UTC."""
    zones = [{"zone": CHICAGO, "from": None}]
    found = bill("2026-12-05 12:00", patient_zones=zones, readings=[reading("2026-11-02", "05:30")])

    assert spans(found)[0] == "11-01 11-30 1 None never"

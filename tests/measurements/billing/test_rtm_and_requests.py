"""RTM by system, RPM and RTM at once, and 99091; each worked by hand."""

import pytest

from tests.measurements.billing.cases import (
    PATIENT_CONTACT,
    bill,
    days,
    month_lines,
    reading,
    readings,
    said,
    session,
    windows,
)

AFTER = "2026-02-05 12:00"


def opened(*dates, **more):
    given = {"metric": "pillbox_opened", "device": "pillbox", "value_1": 3, "value_2": 1, **more}
    return [reading(day, **given, id=f"pill {day} {given['metric']}") for day in dates]


def rtm(system="musculoskeletal", **more):
    on_file = {
        "programmes": [{"programme": "RTM", "system": system, "from": "2026-01-01"}],
        "education": [{"date": "2026-01-02", "programme": "RTM"}],
        "devices": None,
    }
    return {**on_file, **more}


@pytest.mark.parametrize(
    ("system", "count", "code"),
    [
        ("respiratory", 16, "98976"),
        ("musculoskeletal", 16, "98977"),
        ("behavioural", 16, "98978"),
        ("respiratory", 2, "98984"),
        ("musculoskeletal", 15, "98985"),
        ("behavioral", 2, "98986"),
        ("respiratory", 1, None),
    ],
)
def test_rtm_window_is_of_its_system(system, count, code):
    found = bill(AFTER, **rtm(system), readings=opened(*days("2026-01-05", count)))

    (window, *_) = windows(found, "RTM")
    assert (window["code"], window["last"]) == (code, "2026-02-03")
    assert found["setups"][0]["code"] == "98975"


@pytest.mark.parametrize(
    ("system", "more", "counts"),
    [
        ("musculoskeletal", {"metric": "pillbox_opened"}, True),
        ("musculoskeletal", {"metric": "pillbox_refilled"}, False),
        ("musculoskeletal", {"metric": "pillbox_refill_initiated"}, False),
        ("musculoskeletal", {"metric": "patchcap_open_close_event", "value_1": 1}, True),
        ("musculoskeletal", {"metric": "patchcap_open_close_event", "value_1": 0}, False),
        ("musculoskeletal", {"metric": "peak_expiratory_flow"}, False),
        ("respiratory", {"metric": "peak_expiratory_flow"}, True),
        ("respiratory", {"metric": "forced_expiratory_volume"}, True),
        ("respiratory", {"metric": "blood_pressure"}, False),
        ("respiratory", {"metric": "pillbox_opened", "automatic": False}, False),
    ],
)
def test_rtm_day_counts_by_metric_and_system(system, more, counts):
    found = bill(AFTER, **rtm(system), readings=[*opened("2026-01-05"), *opened("2026-01-09", **more)])

    assert ("2026-01-09" in windows(found, "RTM")[0]["days"]) is counts


def test_compartments_of_one_day_are_one_day():
    taken = [reading("2026-01-05", f"{hour}:00", metric="pillbox_opened", id=str(hour)) for hour in range(14, 20)]

    assert windows(bill(AFTER, **rtm(), readings=taken), "RTM")[0]["days"] == ["2026-01-05"]


def test_self_reported_data_counts_by_setting():
    taken = opened(*days("2026-01-05", 2), automatic=False)

    assert bill(AFTER, **rtm(), readings=taken)["periods"] == []
    found = bill(AFTER, **rtm(), readings=taken, settings={"self_reported_counts": True})
    assert windows(found, "RTM")[0]["code"] == "98985"


@pytest.mark.parametrize(
    ("length", "lines"),
    [
        (9, [(None, 0, "never", "minutes")]),
        (10, [("98979", 1, "suggested", "")]),
        (20, [("98980", 1, "suggested", "")]),
        (60, [("98980", 1, "suggested", ""), ("98981", 2, "suggested", "")]),
    ],
)
def test_rtm_minutes(length, lines):
    found = bill("2026-04-02 12:00", **rtm(), sessions=[session("2026-03-03 15:00", length, programme="RTM")])

    assert month_lines(found, "2026-03") == lines
    assert found["months"][0]["to_next_code"] is None


def test_rtm_minutes_miss_the_live_interaction():
    one = session("2026-03-03 15:00", 10, programme="RTM")

    assert month_lines(bill("2026-04-02 12:00", **rtm(), sessions=[one], contacts=[]), "2026-03") == [
        ("98979", 1, "missing", "live_interaction")
    ]


def test_rtm_without_a_system_is_nothing():
    found = bill(
        "2026-04-02 12:00",
        **rtm(None),
        readings=opened(*days("2026-01-05", 16)),
        sessions=[session("2026-03-03 15:00", 20, programme="RTM")],
    )

    assert found["periods"] == []
    assert month_lines(found, "2026-03") == [("98980", 1, "blocked", "programme")]


@pytest.mark.parametrize(("year", "because"), [("2026-12-31", ""), ("2025-12-31", "relationship")])
def test_rtm_asks_for_a_relationship_from_a_date_on(year, because):
    found = bill(
        AFTER,
        **rtm(),
        readings=opened(*days("2026-01-05", 16)),
        prior_visit=None,
        settings={"rtm_established_from": year},
    )

    assert said(windows(found, "RTM")[0])[3] == because


def both(rpm_from, rpm_until, rtm_from):
    programmes = [
        {"programme": "RPM", "from": rpm_from, "until": rpm_until},
        {"programme": "RTM", "system": "respiratory", "from": rtm_from},
    ]
    return {"programmes": programmes, "education": [{"date": "2026-01-10"}, {"date": "2026-01-25"}], "devices": None}


def test_rtm_window_that_overlaps_an_rpm_window_is_blocked():
    """RPM Jan 5-Feb 3 with 2 days, changed on Jan 20; RTM Jan 21-Feb 19 overlaps it, Feb 20-Mar 21 doesn't."""
    taken = [*readings("2026-01-05", "2026-01-06"), *opened(*days("2026-01-21", 40))]
    found = bill("2026-03-25 12:00", readings=taken, **both("2026-01-01", "2026-01-19", "2026-01-20"))

    assert [said(one) for one in windows(found)] == [("99445", 1, "suggested", "")]
    assert [said(one) for one in windows(found, "RTM")][:2] == [
        ("98976", 1, "blocked", "rpm_and_rtm"),
        ("98984", 1, "suggested", ""),  # Feb 20-Mar 1 are 10 days
    ]
    assert [(one["code"], one["monitoring_period"], one["status"]) for one in found["setups"]] == [
        ("99453", "2026-01-01", "suggested"),
        ("98975", "2026-01-20", "blocked"),
    ]


def test_rtm_window_after_an_unreached_rpm_window_is_upheld():
    taken = [*readings("2026-01-05"), *opened(*days("2026-01-21", 16))]
    found = bill("2026-03-25 12:00", readings=taken, **both("2026-01-01", "2026-01-19", "2026-01-20"))

    assert said(windows(found, "RTM")[0]) == ("98976", 1, "suggested", "")


@pytest.mark.parametrize(
    ("rtm_from", "statuses"),
    [
        ("2026-01-03", [("99454", "suggested"), ("98976", "blocked")]),
        ("2026-01-01", [("99454", "blocked"), ("98976", "blocked")]),
        ("2025-12-01", [("99454", "blocked"), ("98976", "suggested")]),
    ],
)
def test_programmes_in_force_at_once_leave_the_one_that_began_first(rtm_from, statuses):
    taken = [*readings(*days("2026-01-05", 16)), *opened(*days("2026-01-05", 16))]
    found = bill(AFTER, readings=taken, monitoring_periods=None, **both("2026-01-01", None, rtm_from))

    first = [line for line in found["periods"] if line["first"] == "2026-01-05"]
    assert [(one["code"], one["status"]) for one in first] == statuses


def test_month_with_minutes_of_both_leaves_the_programme_that_began_first():
    """RPM until Mar 15, RTM from Mar 16, 20 minutes each; 10 of RPM alone would not hinder RTM's code."""
    change = both("2026-01-01", "2026-03-15", "2026-03-16")
    rtm_contact = {**PATIENT_CONTACT, "at": "2026-03-20T15:00:00Z"}
    contacts = {"contacts": [PATIENT_CONTACT, rtm_contact]}
    rtm_session = session("2026-03-20 15:00", 20, programme="RTM")
    found = bill("2026-04-02 12:00", sessions=[session("2026-03-03 15:00", 20), rtm_session], **change, **contacts)
    short = bill("2026-04-02 12:00", sessions=[session("2026-03-03 15:00", 9), rtm_session], **change, **contacts)

    assert month_lines(found, "2026-03") == [
        ("99457", 1, "suggested", ""),
        ("98980", 1, "blocked", "rpm_and_rtm"),
    ]
    assert month_lines(short, "2026-03")[1] == ("98980", 1, "suggested", "")


def request(**more):
    return {"code": "99091", "month": "2026-03", "minutes": 30, "by": "doc", **more}


@pytest.mark.parametrize(
    ("asked", "length", "status", "because"),
    [
        ({}, 0, "suggested", []),
        ({}, 19, "suggested", []),  # beside 99470
        ({}, 20, "blocked", ["beside_99457"]),
        ({"override": {"reason": "two conditions", "by": "doc"}}, 20, "suggested", []),
        ({"override": {"reason": "", "by": "doc"}}, 20, "blocked", ["beside_99457"]),
        ({"minutes": 29}, 0, "never", ["minutes"]),
        ({"by": "rn"}, 0, "never", ["minutes"]),  # staff's minutes don't count
    ],
)
def test_99091_only_as_asked_for(asked, length, status, because):
    sessions = [session("2026-03-03 15:00", length)] if length else []
    found = bill("2026-04-02 12:00", sessions=sessions, requested=[request(**asked)])

    assert found["requested"] == [{"code": "99091", "month": "2026-03", "status": status, "because": because}]


def test_99091_is_never_suggested_unasked_and_its_time_counts_for_nothing_else():
    one = session("2026-03-03 15:00", 35, "doc", activity="99091")

    assert month_lines(bill("2026-04-02 12:00", sessions=[one]), "2026-03") == [(None, 0, "never", "minutes")]
    found = bill("2026-04-02 12:00", sessions=[one], requested=[request(minutes=None)])
    assert (found["months"][0]["minutes"], found["requested"][0]["status"]) == ({"RPM": 0}, "suggested")


def test_99091_is_open_in_a_running_month_and_refused_like_any_line():
    assert bill("2026-03-20 12:00", requested=[request()])["requested"][0]["status"] == "open"
    found = bill("2026-04-02 12:00", requested=[request()], consents=[], no_other_practice=False)
    assert found["requested"][0]["because"] == ["consent", "other_practice"]


def test_change_of_system_continues_the_monitoring_period():
    """Respiratory until Jan 19, musculoskeletal from Jan 20: one set-up, one window, coded by its last system."""
    programmes = [
        {"programme": "RTM", "system": "respiratory", "from": "2026-01-01", "until": "2026-01-19"},
        {"programme": "RTM", "system": "musculoskeletal", "from": "2026-01-20"},
    ]
    found = bill(AFTER, **rtm(programmes=programmes), readings=opened(*days("2026-01-05", 20)))

    assert [said(one) for one in windows(found, "RTM")][:1] == [("98977", 1, "suggested", "")]
    assert len(found["setups"]) == 1

"""The live interaction that minutes of a month need; each worked by hand."""

import pytest

from tests.measurements.billing.cases import AFTER, PATIENT_CONTACT, bill, month_lines, session

REACHED = ("99457", 1, "suggested", "")


@pytest.mark.parametrize(
    ("contact", "line"),
    [
        ({}, REACHED),
        ({"mode": "video"}, REACHED),
        ({"mode": "in_person"}, REACHED),
        ({"mode": "message"}, ("99457", 1, "missing", "live_interaction")),
        ({"automatic": True}, ("99457", 1, "missing", "live_interaction")),
        ({"live": False}, ("99457", 1, "missing", "live_interaction")),
        ({"outcome": "no_answer"}, ("99457", 1, "missing", "live_interaction")),
        ({"outcome": None}, ("99457", 1, "missing", "live_interaction")),
        ({"by": "office"}, ("99457", 1, "missing", "live_interaction")),
        ({"at": "2026-04-01T03:59:00Z"}, REACHED),  # Mar 31, 23:59 in New York
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

    assert month_lines(found, "2026-03") == [REACHED]


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


@pytest.mark.parametrize(("revoked", "missing"), [("2026-03-10", True), ("2026-03-11", False)])
def test_contact_from_the_revocation_on_is_no_live_interaction(revoked, missing):
    """20 minutes of Mar 3 stay; the contact is of Mar 10."""
    consents = [{"date": "2026-01-01", "revoked": revoked}]
    found = bill(AFTER, sessions=[session("2026-03-03 15:00", 20)], consents=consents)

    assert (month_lines(found, "2026-03")[0][3] == "live_interaction") is missing


def test_contact_before_the_consent_is_a_live_interaction():
    found = bill(AFTER, sessions=[session("2026-03-12 15:00", 20)], consents=[{"date": "2026-03-11"}])

    assert month_lines(found, "2026-03") == [REACHED]

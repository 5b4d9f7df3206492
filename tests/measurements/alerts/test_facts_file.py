"""Facts files: strict reading with errors that name the key, and defaults."""

import datetime as dt
import json

import pytest

from measurements.alerts.facts_files.facts_file import load_facts, read_facts
from measurements.facts_values import FactsError
from tests.measurements.alerts.cases import bp, event, only, run

READING = {"metric": "glucose", "value_1": 100, "taken": "2026-03-02T10:00:00Z"}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ([], "must be an object"),
        ({"reading": []}, "unknown key 'reading'; allowed are zone, clinic, goals, conditions, rules"),
        ({"readings": {}}, "readings: must be a list"),
        ({"zone": "New York"}, "zone: must be a time zone such as America/New_York, not 'New York'"),
        ({"zone": 5}, "zone: must be a time zone"),
        ({"readings": [{**READING, "unit": "mg/dL"}]}, "readings[0]: unknown key 'unit'"),
        ({"readings": [{**READING, "value_1": "100"}]}, "readings[0].value_1: must be a number, not '100'"),
        ({"readings": [{**READING, "value_1": True}]}, "readings[0].value_1: must be a number"),
        ({"readings": [{**READING, "index": 1.5}]}, "readings[0].index: must be a whole number"),
        ({"readings": [{**READING, "taken": "2026-03-02 10:00"}]}, "readings[0].taken: must be an instant in UTC"),
        ({"readings": [{**READING, "taken": "2026-03-02T10:00:00+01:00"}]}, "readings[0].taken: must be an instant"),
        ({"readings": [{**READING, "taken": "2026-02-30T10:00:00Z"}]}, "readings[0].taken: must be an instant"),
        ({"readings": [{"value_1": 5, "taken": "2026-03-02T10:00:00Z"}]}, "readings[0].metric: is missing"),
        ({"readings": [{**READING, "marks": ["late"]}]}, "readings[0].marks[0]: must be one of estimated, conflict"),
        ({"readings": [{**READING, "beyond": "HI"}]}, "readings[0].beyond: must be one of above, below"),
        (
            {"readings": [{**READING, "beyond": "above"}]},
            "readings[0].beyond: is only for a reading whose values are null",
        ),
        (
            {"readings": [{**READING, "id": "a"}, {**READING, "id": "a", "value_1": 5}]},
            "readings[1].id: 'a' is the id of another reading too",
        ),
        ({"rules": [{"kind": "limit"}]}, "rules[0].code: is missing"),
        ({"rules": [{"code": "x"}]}, "rules[0].kind: is missing"),
        ({"rules": [{"code": "x", "kind": "limits"}]}, "rules[0].kind: must be one of limit, k_of_n, average"),
        ({"rules": [{"code": "x", "kind": "limit"}]}, "rules[0].metric: is missing"),
        ({"rules": [{"code": "x", "kind": "limit", "metric": "pulse"}]}, "needs one of above, above_or_equal"),
        ({"rules": [{"code": "bp_severe", "severity": "severe"}]}, "rules[0].severity: must be one of critical"),
        ({"rules": [{"code": "bp_severe", "above": 180}]}, "rules[0].above: must be an object"),
        ({"rules": [{"code": "bp_severe", "above": {}}]}, "rules[0].above: needs value_1 or value_2"),
        ({"rules": [{"code": "bp_severe", "above": {"systolic": 1}}]}, "rules[0].above: unknown key 'systolic'"),
        ({"rules": [{"code": "bp_severe", "confirm": "twice"}]}, "rules[0].confirm: must be one of next reading"),
        ({"rules": [{"code": "glucose_low", "k": 0}]}, "rules[0].k: must be a whole number from 1"),
        ({"rules": [{"code": "glucose_high", "k": 3}]}, "rules[0].n: must not be less than k, 3"),
        (
            {"rules": [{"code": "x", "kind": "k_of_n", "metric": "pulse", "above": {"value_1": 100}}]},
            "rules[0].k: is missing",
        ),
        (
            {"rules": [{"code": "x", "kind": "change", "metric": "weight", "more_than": 3}]},
            "a rule of kind change needs more_than and over",
        ),
        (
            {"rules": [{"code": "bp_severe", "closing": {"kind": "average"}}]},
            "rules[0].closing.kind: of a rule of kind limit must be one of readings, none, any",
        ),
        ({"rules": [{"code": "silence", "uploads_at": ["8"]}]}, "rules[0].uploads_at[0]: must be a local time"),
        ({"goals": {"spO2": {"low": 5}}}, "goals.spO2: unknown key 'low'"),
        ({"devices": [{"type": "scale"}]}, "devices[0].serial: is missing"),
        ({"devices": [{"serial": "a", "from": "March 2"}]}, "devices[0].from: must be a date"),
        (
            {"monitoring_periods": [{"start": "2026-03-02", "end": "2026-03-01"}]},
            "monitoring_periods[0].end: must not be before start",
        ),
        ({"events": [{"at": "2026-03-02T10:00:00Z", "kind": "ack"}]}, "events[0].kind: must be one of acknowledge"),
        ({"events": [{"kind": "review"}]}, "events[0].at: is missing"),
        ({"events": [event("02 10:00", "acknowledge")]}, "events[0].rule: is missing"),
        (
            {"events": [event("02 10:00", "acknowledge", "bp_sever")]},
            "there is no rule 'bp_sever'; rules are bp_severe",
        ),
        ({"events": [event("02 10:00", "exclude", reading="q")]}, "there is no reading 'q'"),
        ({"events": [event("02 10:00", "resolve", "bp_severe", outcome="other")]}, "events[0].words: is missing"),
        ({"events": [event("02 10:00", "snooze", "bp_severe", till="x")]}, "events[0]: unknown key 'till'"),
        (
            {"events": [event("02 10:00", "pause", metric="weight", first="2026-03-05", last="2026-03-04")]},
            "events[0].last: must not be before first",
        ),
        ({"monitoring_periods": [{"start": "2026-03-01", "end": "9999-12-31"}]}, "of the years 1900 to 2199, not 9999"),
        ({"readings": [{**READING, "taken": "0001-01-01T00:00:00Z"}]}, "readings[0].taken: must be of the years 1900"),
        ({"rules": [{"code": "glucose_low", "hours": 1e6}]}, "rules[0].hours: must be above 0 and at most 100000"),
        ({"readings": [{**READING, "value_1": 10**400}]}, "readings[0].value_1: must be a number of at most"),
        ({"clinic": {"name": "x"}}, "clinic: unknown key 'name'; allowed are zone, hours, holidays"),
        ({"clinic": {"hours": {"someday": []}}}, "clinic.hours: unknown weekday 'someday'"),
        ({"clinic": {"hours": {"monday": [["8", "17:00"]]}}}, "clinic.hours.monday[0]: must be a local time"),
    ],
)
def test_wrong_facts_are_refused_by_name(content, error):
    with pytest.raises(FactsError) as raised:
        load_facts(json.dumps(content))

    assert error in str(raised.value)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", "This is no JSON"),
        ('{"zone": "UTC", "zone": "UTC"}', "the key 'zone' is there twice"),
        ('{"readings": [{"metric": "pulse", "value_1": NaN}]}', "NaN is no number"),
        (b"\xff", "This is no JSON"),
        ("[" * 100_000, "This is no JSON"),
    ],
)
def test_text_that_is_no_json_is_refused(text, error):
    with pytest.raises(FactsError, match=error):
        load_facts(text)


def test_every_key_is_optional():
    assert run("02 10:00").patient_section == "on_target"


@pytest.mark.parametrize(
    "hours",
    [
        {"monday": [["08:00", "12:00"], ["13:00", "17:00"]], "tuesday": []},
        {"mon-fri": ["08:00", "17:00"]},
        {"0": [["08:00", "17:00"]]},
        ["08:00", "17:00"],
        {"from": "08:00", "to": "17:00"},
        {"friday": "08:00-17:00", "saturday": None},
        {"weekdays": {"start": "08:00", "end": "17:00"}},
        [["monday", "08:00", "12:00"], ["monday", "13:00", "17:00"]],
        [{"weekday": 0, "opens": "08:00", "closes": "17:00"}],
        "08:00-17:00",
        {"friday": [{"from": "08:00", "to": "17:00"}]},
        {"monday": ["8:00", "24:00"]},
    ],
)
def test_hours_of_a_clinic_in_the_usual_shapes(hours):
    assert read_facts({"clinic": {"hours": hours}}).clinic.hours


def test_weekdays_by_number_begin_at_0_or_where_there_is_a_7_at_1():
    found = [read_facts({"clinic": {"hours": dict.fromkeys(days, "08:00-17:00")}}) for days in ("06", "17")]

    assert [set(facts.clinic.hours) for facts in found] == [{0, 6}, {0, 6}]


def test_holiday_is_a_date_or_an_object_of_one():
    facts = read_facts({"clinic": {"holidays": ["2026-07-03", {"date": "2026-11-26", "name": "Thanksgiving"}]}})

    assert facts.clinic.holidays == {dt.date(2026, 7, 3), dt.date(2026, 11, 26)}


def test_null_is_not_stated_and_metrics_are_read_in_any_spelling():
    reading = {**READING, "metric": "Blood Glucose", "value_1": 40, "value_2": None, "device": None, "beyond": None}

    assert only(run("02 10:05", [reading], goals=None, devices=None), "glucose_very_low").state == "open"


def test_device_and_person_may_be_empty():
    acknowledged = event("02 10:01", "acknowledge", "glucose_very_low", by="")

    found = run("02 10:05", [{**READING, "value_1": 40, "device": ""}], events=[acknowledged])

    assert only(found, "glucose_very_low").is_acknowledged


def test_own_rule_states_its_kind_and_follows_the_defaults_of_it():
    rule = {
        "code": "my_pulse",
        "kind": "limit",
        "metric": "pulse",
        "severity": "critical",
        "above": {"value_1": 150},
    }
    readings = [{**READING, "metric": "pulse", "value_1": 151}]

    assert only(run("02 10:05", readings, rules=[rule]), "my_pulse").state == "unconfirmed"
    assert only(run("02 10:05", readings, rules=[{**rule, "confirm": None}]), "my_pulse").state == "open"
    warning = run("02 10:05", readings, rules=[{**rule, "severity": "warning"}])
    assert (only(warning, "my_pulse").state, warning.patient_section) == ("open", "warning")


def test_shipped_code_takes_the_shipped_row_with_what_is_stated():
    found = run("02 10:05", [bp("02 10:00", 175)], rules=[{"code": "bp_severe", "above": {"value_1": 170}}])

    assert only(found, "bp_severe").severity == "critical"

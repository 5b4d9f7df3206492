"""Billing facts files: strict reading with errors that name the key, and defaults."""

import pytest

from measurements.billing.facts_files.facts_file import load_facts, read_facts
from measurements.facts_values import FactsError
from tests.measurements.billing.cases import ON_FILE, bill, reading, session

SESSION = {"person": "rn", "start": "2026-03-03T15:00:00Z", "end": "2026-03-03T15:10:00Z"}
LINE = {"kind": "line", "at": "2026-03-03T15:00:00Z"}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ([], "must be an object"),
        ({"reading": []}, "unknown key 'reading'; allowed are patient_zones, clinic_zone, programmes"),
        ({"patient_zones": [{"zone": "New York"}]}, "patient_zones[0].zone: must be a time zone"),
        ({"patient_zones": [{"zone": "UTC", "from": "2026-01-01"}]}, "patient_zones[0].from: must be an instant"),
        ({"clinic_zone": 5}, "clinic_zone: must be a time zone"),
        ({"programmes": [{"programme": "rpm"}]}, "programmes[0].programme: must be one of RPM, RTM, CCM, other"),
        ({"programmes": [{"programme": "RTM", "system": "skin"}]}, "programmes[0].system: must be one of respiratory"),
        (
            {"programmes": [{"programme": "RPM", "from": "2026-02-01", "until": "2026-01-01"}]},
            "programmes[0].until: must not be before from",
        ),
        ({"programmes": [{"from": "2026-02-01"}]}, "programmes[0].programme: is missing"),
        ({"payer": 1.5}, "payer: must be an object"),
        ({"payer": [{"from": "2026-01-01"}]}, "payer[0].payer: is missing"),
        ({"payer_rules": [{"code": "99454"}]}, "payer_rules[0]: unknown key 'code'"),
        ({"payer_rules": [{"codes": ["9945"]}]}, "payer_rules[0].codes[0]: must be a code of 5 letters or digits"),
        ({"payer_rules": [{"least_days": -1}]}, "payer_rules[0].least_days: must be a whole number"),
        ({"payer_rules": [{"date_of_service": "noon"}]}, "payer_rules[0].date_of_service: must be one of last_day"),
        (
            {"payer_rules": [{"payer": "A", "covered": False}, {"payer": "A", "covered": True}]},
            "payer_rules[1]: the row of A and all codes has another one from the same day on",
        ),
        ({"prior_authorisations": [{"number": "5"}]}, "prior_authorisations[0].code: is missing"),
        ({"consents": [{"how": "verbal"}]}, "consents[0].date: is missing"),
        ({"consents": [{"date": "2026-01-01", "revoked": True}]}, "consents[0].revoked: must be a date"),
        ({"orders": [{"date": "2026-02-30"}]}, "orders[0].date: must be a date"),
        ({"orders": [{"date": "2026-02-01", "ended": "2026-01-01"}]}, "orders[0].ended: must not be before date"),
        ({"orders": [{"date": "2026-02-01", "diagnoses": "I10"}]}, "orders[0].diagnoses: must be a list"),
        ({"prior_visit": {"kind": "office"}}, "prior_visit.date: is missing"),
        ({"education": [{"by": "rn"}]}, "education[0].date: is missing"),
        ({"monitoring_periods": [{"end": "2026-01-01"}]}, "monitoring_periods[0].start: is missing"),
        (
            {"monitoring_periods": [{"start": "2026-01-02", "end": "2026-01-01"}]},
            "monitoring_periods[0].end: must not be before start",
        ),
        ({"no_other_practice": "yes"}, "no_other_practice: must be an object"),
        ({"access": {"override": {"by": "doc"}}}, "access.override.reason: is missing"),
        ({"apcm": [{"to": "2026-01-01"}]}, "apcm[0]: unknown key 'to'"),
        ({"devices": [{"type": "cuff"}]}, "devices[0].serial: is missing"),
        ({"readings": [{"metric": "weight"}]}, "readings[0].taken: is missing"),
        ({"readings": [reading("2026-01-05", automatic="yes")]}, "readings[0].automatic: must be true or false"),
        (
            {"readings": [reading("2026-01-05", id="a"), reading("2026-01-06", id="a")]},
            "readings[1].id: 'a' is the id of another reading too",
        ),
        (
            {"exclusions": [{"reading": "x", "at": "2026-03-03T15:00:00Z"}]},
            "exclusions[0].reading: there is no reading 'x'",
        ),
        ({"staff": [{"credential": "RN"}]}, "staff[0].id: is missing"),
        ({"staff": [{"id": "a"}, {"id": "a", "credential": "RN"}]}, "staff[1].id: 'a' is the id of another one too"),
        ({"staff": [{"id": "a", "employment": [{"kind": "w2"}]}]}, "staff[0].employment[0].kind: must be one of"),
        ({"sessions": [{"start": "2026-03-03T15:00:00Z"}]}, "sessions[0].person: is missing"),
        ({"sessions": [{**SESSION, "end": "2026-03-03T14:00:00Z"}]}, "sessions[0].end: must not be before start"),
        ({"sessions": [{**SESSION, "source": "guess"}]}, "sessions[0].source: must be one of timer, typed"),
        ({"sessions": [{**SESSION, "end_reason": "bored"}]}, "sessions[0].end_reason: must be one of stopped"),
        (
            {"sessions": [{**SESSION, "id": 1}, {**SESSION, "id": 1, "mode": "call"}]},
            "sessions[1].id: 1 is the id of another one too",
        ),
        ({"contacts": [{"at": "2026-03-03T15:00:00Z", "mode": "letter"}]}, "contacts[0].mode: must be one of audio"),
        ({"approvals": [{"kind": "time", "at": "2026-03-03T15:00:00Z"}]}, "approvals[0].month: is missing"),
        ({"approvals": [LINE]}, "approvals[0].code: is missing"),
        ({"approvals": [{**LINE, "code": "99454"}]}, "approvals[0]: needs window or month"),
        ({"approvals": [{**LINE, "code": "99457", "month": "March"}]}, "approvals[0].month: must be a month"),
        ({"requested": [{"code": "99457", "month": "2026-03"}]}, "requested[0].code: must be one of 99091"),
        ({"requested": [{"code": "99091", "month": "2026-03", "minutes": -1}]}, "requested[0].minutes: must be"),
        ({"settings": {"setup_days": 2}}, "settings: unknown key 'setup_days'; allowed are setup_min_days"),
        ({"settings": {"idle_seconds": 30}}, "settings.idle_seconds: must be 60 to 300, not 30"),
        ({"settings": {"confirmed_years": ["2026"]}}, "settings.confirmed_years[0]: must be a whole number"),
        ({"settings": {"credentials": {"99454": ["RN"]}}}, "settings.credentials: unknown key '99454'"),
    ],
)
def test_facts_file_refuses_by_name(content, error):
    with pytest.raises(FactsError) as refused:
        read_facts(content)

    assert error in str(refused.value)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"apcm": [], "apcm": []}', "the key 'apcm' is there twice"),
        ("{", "This is no JSON"),
        ('{"sessions": NaN}', "NaN is no number"),
    ],
)
def test_facts_file_must_be_json(text, error):
    with pytest.raises(FactsError, match=error):
        load_facts(text)


def test_empty_file_has_no_lines():
    assert bill("2026-03-03 12:00", **dict.fromkeys(ON_FILE)) == {
        "setups": [],
        "periods": [],
        "months": [],
        "requested": [],
        "differences": [],
    }


def test_minimal_file_has_lines_that_name_what_is_not_on_file():
    """Without a programme everything of the patient is of RPM; a device is not asked for where none is stated."""
    facts = {**dict.fromkeys(ON_FILE), "readings": [reading("2026-01-05"), reading("2026-01-06")]}
    facts |= {"staff": [{"id": "rn", "credential": "RN"}], "sessions": [session("2026-01-12 15:00", 20)]}
    found = bill("2026-02-05 12:00", **facts)

    refused = ["programme", "consent", "order", "relationship"]
    assert [one["because"] for one in found["setups"]] == [[*refused, "education"]]
    assert found["setups"][0]["monitoring_period"] is None
    assert found["periods"][0]["because"] == refused
    assert found["months"][0]["lines"][0]["because"] == [*refused, "live_interaction"]


def test_revocation_at_an_instant_is_on_the_patients_day():
    """04:30 UTC on Jan 20 is Jan 19 in New York: Jan 18 is the last day that counts."""
    consents = [{"date": "2026-01-01", "revoked": "2026-01-20T04:30:00Z"}]
    taken = [reading("2026-01-18"), reading("2026-01-19")]

    assert bill("2026-01-25 12:00", consents=consents, readings=taken)["periods"][0]["days"] == ["2026-01-18"]


@pytest.mark.parametrize("attested", [True, {"date": "2026-01-01", "by": "rn"}])
def test_attestation_may_name_its_date(attested):
    found = bill(
        "2026-02-05 12:00", no_other_practice=attested, readings=[reading("2026-01-05"), reading("2026-01-06")]
    )

    assert found["periods"][0]["status"] == "suggested"

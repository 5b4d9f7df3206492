"""A billing facts file: one JSON object with what billing lines are computed from; unknown keys are refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from measurements import facts_values as values
from measurements.alerts.engine.facts import Reading
from measurements.alerts.facts_files.facts_file import READING_KEYS, check_readings, read_device, read_reading_fields
from measurements.billing.engine.facts import Consent, Facts, PayerRule
from measurements.billing.engine.known import Known
from measurements.billing.facts_files import patient_rows, time_rows
from measurements.billing.facts_files.setting_rows import read_settings
from measurements.facts_values import list_of, read_object, refuse

BILLED_READING_KEYS = {**READING_KEYS, "automatic": values.read_boolean}


def load_facts(text: str | bytes) -> Facts:
    """Raises FactsError."""
    return read_facts(values.parse_json(text))


def read_facts(content: Any) -> Facts:
    given = read_object(content, "", FACTS_KEYS)
    check_readings(given.get("readings", []))
    for key in ("sessions", "staff"):
        check_ids(given.get(key, ()), key)
    check_payer_rules(given.get("payer_rules", ()))
    reading_ids = {reading.id for reading in given.get("readings", ())}
    for position, exclusion in enumerate(given.get("exclusions", ())):
        if exclusion.reading not in reading_ids:
            raise refuse(
                f"exclusions[{position}].reading", f"there is no reading {values.name_value(exclusion.reading)}"
            )
    fields: dict[str, Any] = {
        NAMES.get(key, key): tuple(found) if isinstance(found, list) else found for key, found in given.items()
    }
    facts = Facts(**fields)
    return replace(facts, consents=tuple(with_local_day(consent, facts) for consent in facts.consents))


def with_local_day(consent: Consent, facts: Facts) -> Consent:
    """A revocation at an instant is on the patient's local day."""
    if not isinstance(consent.revoked, dt.datetime):
        return consent
    return replace(consent, revoked=Known(replace(facts, consents=()), consent.revoked).patient_today)


def check_ids(rows: Iterable[Any], path: str) -> None:
    """A row may be repeated, but an id is of one."""
    by_id: dict[Any, Any] = {}
    for position, row in enumerate(rows):
        if by_id.setdefault(row.id, row) != row:
            raise refuse(f"{path}[{position}].id", f"{row.id!r} is the id of another one too")


def check_payer_rules(rules: Iterable[PayerRule]) -> None:
    """Two rows for the same codes from the same day would leave open which one wins."""
    found: dict[Any, PayerRule] = {}
    for position, rule in enumerate(rules):
        for code in rule.codes or ("",):
            if found.setdefault((rule.payer, code, rule.start), rule) != rule:
                named = f"of {rule.payer or 'every payer'} and {code or 'all codes'}"
                raise refuse(f"payer_rules[{position}]", f"the row {named} has another one from the same day on")


def read_reading(value: Any, path: str) -> Reading:
    return read_reading_fields(value, path, BILLED_READING_KEYS)


NAMES = {"payer": "payers"}
FACTS_KEYS: Mapping[str, values.ReadValue[Any]] = {
    "patient_zones": list_of(patient_rows.read_zone_change),
    "clinic_zone": values.read_zone,
    "programmes": list_of(patient_rows.read_enrolment),
    "payer": patient_rows.read_payers,
    "payer_rules": list_of(patient_rows.read_payer_rule),
    "prior_authorisations": list_of(patient_rows.read_prior_authorisation),
    "consents": list_of(patient_rows.read_consent),
    "orders": list_of(patient_rows.read_order),
    "prior_visit": patient_rows.read_visit,
    "initiating_visit": patient_rows.read_visit,
    "education": list_of(patient_rows.read_education),
    "monitoring_periods": list_of(patient_rows.read_monitoring_period),
    "no_other_practice": patient_rows.read_attestation,
    "access": patient_rows.read_access,
    "apcm": list_of(patient_rows.read_range),
    "devices": list_of(read_device),
    "readings": list_of(read_reading),
    "exclusions": list_of(patient_rows.read_exclusion),
    "staff": list_of(time_rows.read_person),
    "sessions": list_of(time_rows.read_session),
    "contacts": list_of(time_rows.read_contact),
    "approvals": list_of(patient_rows.read_approval),
    "requested": list_of(patient_rows.read_request),
    "settings": read_settings,
}

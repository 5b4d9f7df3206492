"""A morning of a clinic for the triage list: one patient in each section."""

import datetime as dt

from django.utils import timezone

from measurements.alerts.engine.episodes import Section
from measurements.alerts.engine.outcome.patient_sections import SECTIONS
from measurements.alerts.engine.shipped_rules import SHIPPED_RULES
from measurements.alerts.facts_files.answers import describe_rule
from tests import factories


def rule_row(code):
    return describe_rule(SHIPPED_RULES[code])


def add_entry(patient, section, *, order_at=None, unacknowledged=True, checks=None):
    return factories.TriageEntryFactory(
        patient=patient,
        section=section,
        rank=SECTIONS.index(Section(section)),
        is_unacknowledged=unacknowledged,
        order_at=order_at or timezone.now() - dt.timedelta(hours=1),
        checks=checks or {},
        assessed_at=timezone.now(),
        due_at=None,
    )


def add_patient(clinic, name, section, *, checks=None, unacknowledged=True, order_at=None, **patient):
    found = factories.PatientFactory(clinic=clinic, family_name=name, given_name="", **patient)
    add_entry(found, section, checks=checks, unacknowledged=unacknowledged, order_at=order_at)
    return found


def severe_pressure(patient, **columns):
    """A critical limit, of one reading that is not confirmed yet."""
    first = columns.pop("first", timezone.now() - dt.timedelta(minutes=20))
    return factories.AlertEpisodeFactory(
        **{
            "patient": patient,
            "rule": "bp_severe",
            "rule_row": rule_row("bp_severe"),
            "kind": "limit",
            "severity": "critical",
            "state": "unconfirmed",
            "reason": "repeat_asked",
            "opened_at": None,
            "first": first,
            "last": first,
            "detected_at": first,
            "first_known_at": first,
            "value_1": 192.0,
            "value_2": 124.0,
            "peak_1": 192.0,
            "peak_2": 124.0,
            "count": 1,
            "n": 1,
            "days": 1,
        }
        | columns
    )

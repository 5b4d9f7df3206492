"""Billing facts of many patients from the database, in a number of queries that doesn't grow with them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devices.models import Assignment
from measurements.billing.engine.code_rules import CodeRule
from measurements.billing.engine.date_ranges import DateRange
from measurements.billing.engine.facts import Approval, Contact, Facts, PayerRule, Settings, ZoneChange
from measurements.billing.engine.staff import Person
from measurements.billing.models import BillingSettings, CodeRuleRow, ConfirmedYear
from measurements.billing.models import PayerRule as PayerRuleRow
from measurements.billing.stored_facts import patient_rows, readings, time_rows
from measurements.billing.stored_facts.patient_rows import RecordedRows, Rows
from measurements.billing.stored_facts.readings import StoredReadings, local_day
from patients.models import Clinic, MonitoringPeriod, Patient
from patients.time_sessions.models import TimeSession


@dataclass(frozen=True)
class SharedRules:
    """What patients of all clinics share; `settings` by clinic."""

    code_rules: tuple[CodeRule, ...]
    payer_rules: tuple[PayerRule, ...]
    settings: Mapping[int, Settings]


@dataclass(frozen=True)
class StoredRows:
    """Rows behind the facts, by patient; also what evidence shows beside them."""

    rules: SharedRules
    recorded: RecordedRows
    readings: StoredReadings
    assignments: Mapping[uuid.UUID, list[Assignment]]
    periods: Rows
    sessions: Mapping[uuid.UUID, list[TimeSession]]
    contacts: Mapping[uuid.UUID, list[Contact]]
    approvals: Mapping[uuid.UUID, list[Approval]]
    people: Mapping[str, Person]


def load_facts_of(patients: Sequence[Patient]) -> dict[uuid.UUID, Facts]:
    """By patient; `clinic` is selected with them. Approved lines are loaded beside them and passed as `stored`."""
    rows = load_rows(patients)
    return {patient.pk: build_facts(rows, patient) for patient in patients}


def load_rows(patients: Sequence[Patient]) -> StoredRows:
    ids = [patient.pk for patient in patients]
    sessions, contacts = time_rows.load_session_rows(ids), time_rows.load_contacts(ids)
    return StoredRows(
        rules=load_rules({patient.clinic_id: patient.clinic for patient in patients}.values()),
        recorded=patient_rows.load_recorded_rows(ids),
        readings=readings.load_readings(ids),
        assignments=readings.load_assignments(ids),
        periods=patient_rows.by_patient(MonitoringPeriod.objects.filter(patient__in=ids).order_by("started_at")),
        sessions=sessions,
        contacts=contacts,
        approvals=time_rows.load_time_approvals(ids),
        people=time_rows.load_people(
            {str(row.person_id) for rows in sessions.values() for row in rows}
            | {contact.by for rows in contacts.values() for contact in rows}
        ),
    )


def load_rules(clinics: Collection[Clinic]) -> SharedRules:
    """The newest settings of each clinic."""
    years = frozenset(ConfirmedYear.objects.values_list("year", flat=True))
    newest = {row.clinic_id: row for row in BillingSettings.objects.filter(clinic__in=clinics).order_by("pk")}
    return SharedRules(
        code_rules=tuple(row.to_rule() for row in CodeRuleRow.objects.all()),
        payer_rules=tuple(row.to_rule() for row in PayerRuleRow.objects.all()),
        settings={
            clinic.pk: newest.get(clinic.pk, BillingSettings()).to_settings(years, clinic.time_idle_seconds)
            for clinic in clinics
        },
    )


def build_facts(rows: StoredRows, patient: Patient) -> Facts:
    pk = patient.pk
    zones = patient_rows.zone_facts(rows.recorded.zones.get(pk, ())) or (ZoneChange(patient.zone),)
    sessions = tuple(time_rows.session_fact(row, pk) for row in rows.sessions.get(pk, ()))
    contacts = tuple(rows.contacts.get(pk, ()))
    people = {session.person for session in sessions} | {contact.by for contact in contacts}
    return Facts(
        patient_zones=zones,
        clinic_zone=patient.clinic.zone,
        code_rules=rows.rules.code_rules,
        payer_rules=rows.rules.payer_rules,
        settings=rows.rules.settings[patient.clinic_id],
        monitoring_periods=monitoring_facts(patient, rows.periods.get(pk, ()), zones),
        devices=readings.device_facts(rows.assignments.get(pk, ()), zones),
        readings=tuple(rows.readings.readings.get(pk, ())),
        exclusions=tuple(rows.readings.exclusions.get(pk, ())),
        staff=tuple(rows.people[name] for name in sorted(people)),
        sessions=sessions,
        contacts=contacts,
        approvals=tuple(rows.approvals.get(pk, ())),
        **patient_rows.recorded_facts(rows.recorded, pk),
    )


def monitoring_facts(patient: Patient, rows: Sequence[Any], zones: Sequence[ZoneChange]) -> tuple[DateRange, ...]:
    """From the local day of enrolment to that of discharge, both counted; without rows as the patient says itself."""
    spans = [(row.started_at, row.ended_at) for row in rows] or [(patient.enrolled_at, patient.discharged_at)]
    return tuple(DateRange(start=local_day(start, zones), end=local_day(end, zones)) for start, end in spans)

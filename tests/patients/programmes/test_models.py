"""Facts are recorded once: what the database refuses, and the history of a patient's time zone."""

import datetime as dt

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from patients.models import Patient
from patients.programmes.changes import touch_billing, touch_billing_of_clinics
from patients.programmes.models import (
    BillingFactsVersion,
    Consent,
    ProgrammeEnrolment,
    ZoneChange,
    zones_in_force,
)
from tests import factories

pytestmark = pytest.mark.django_db
JANUARY, MARCH = dt.date(2026, 1, 5), dt.date(2026, 3, 1)
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def assert_refused(rule, act):
    with pytest.raises(DatabaseError, match=rule), transaction.atomic():
        act()


def withdraw(row, by, **changes):
    fields = {"withdrawn_at": timezone.now(), "withdrawn_by": by, "withdrawn_reason": "wrong patient"} | changes
    type(row).objects.filter(pk=row.pk).update(**fields)


def test_fact_takes_an_end_once_and_a_withdrawal_and_no_other_change(rosa, cora):
    row = factories.ProgrammeEnrolmentFactory(patient=rosa, started_on=JANUARY)
    rows = ProgrammeEnrolment.objects.filter(pk=row.pk)

    assert_refused("Cannot update", lambda: rows.update(started_on=MARCH))
    assert_refused("Cannot delete", rows.delete)
    rows.update(ended_on=MARCH, end_recorded_at=NOON, end_recorded_by=cora)
    assert_refused("Cannot update", lambda: rows.update(ended_on=None))
    assert_refused("withdrawn_with_reason", lambda: withdraw(row, cora, withdrawn_reason=""))
    withdraw(row, cora)
    assert_refused("Cannot update", lambda: rows.update(withdrawn_at=None, withdrawn_by=None, withdrawn_reason=""))

    assert list(ProgrammeEnrolment.objects.valid()) == []
    assert rows.get().ended_on == MARCH


def test_consent_takes_a_revocation_not_before_it_was_given(rosa, cora):
    consent = factories.ConsentFactory(patient=rosa, given_on=JANUARY)
    rows = Consent.objects.filter(pk=consent.pk)
    revocation = {"revoked_recorded_at": NOON, "revoked_recorded_by": cora}

    assert_refused(
        "consent_ends_after_start", lambda: rows.update(revoked_on=JANUARY - dt.timedelta(days=1), **revocation)
    )
    rows.update(revoked_on=MARCH, **revocation)

    assert rows.get().revoked_on == MARCH


def test_enrolments_of_one_programme_share_no_day_and_a_withdrawn_one_leaves_room(rosa, cora):
    first = factories.ProgrammeEnrolmentFactory(patient=rosa, started_on=JANUARY, ended_on=MARCH)
    factories.ProgrammeEnrolmentFactory(patient=rosa, programme="RTM", system="respiratory", started_on=JANUARY)
    factories.ProgrammeEnrolmentFactory(started_on=JANUARY)

    assert_refused("once_a_day", lambda: factories.ProgrammeEnrolmentFactory(patient=rosa, started_on=MARCH))
    withdraw(first, cora)
    factories.ProgrammeEnrolmentFactory(patient=rosa, started_on=MARCH)

    assert ProgrammeEnrolment.objects.valid().filter(patient=rosa).count() == 2


@pytest.mark.parametrize(
    ("rule", "name", "fields"),
    [
        ("system_of_rtm", "ProgrammeEnrolment", {"programme": "RPM", "system": "respiratory"}),
        ("system_of_rtm", "ProgrammeEnrolment", {"programme": "RTM", "system": ""}),
        ("ends_after_start", "Coverage", {"ended_on": dt.date(2026, 1, 4)}),
        ("code_well_formed", "PriorAuthorisation", {"code": "9945"}),
        ("has_diagnosis", "MonitoringOrder", {"diagnoses": []}),
        ("metrics_known", "MonitoringOrder", {"metrics": ["heart"]}),
        ("ends_after_start", "MonitoringOrder", {"ended_on": dt.date(2026, 1, 4)}),
        ("track_known", "AccessAlignment", {"track": "none"}),
        ("how_known", "Consent", {"how": "guess"}),
        ("kind_known", "QualifyingVisit", {"kind": "guess"}),
        ("kind_known", "Employment", {"kind": "guess"}),
        ("correction_from_beginning", "ZoneChange", {"is_correction": True}),
    ],
)
def test_fact_constraint_refuses(rule, name, fields):
    assert_refused(rule, lambda: getattr(factories, f"{name}Factory")(**fields))


@pytest.mark.parametrize("name", ["Coverage", "AccessAlignment", "ApcmPeriod"])
def test_periods_of_one_patient_share_no_day(rosa, name):
    create = getattr(factories, f"{name}Factory")
    create(patient=rosa, started_on=JANUARY, ended_on=MARCH)
    create(patient=rosa, started_on=MARCH + dt.timedelta(days=1))

    assert_refused("once_a_day", lambda: create(patient=rosa, started_on=MARCH, ended_on=MARCH))


@pytest.mark.parametrize("name", ["Credential", "Employment", "BillingPractitioner"])
def test_periods_of_one_person_share_no_day(nadia, name):
    create = getattr(factories, f"{name}Factory")
    create(person=nadia, started_on=JANUARY)

    assert_refused("once_a_day", lambda: create(person=nadia, started_on=MARCH))


def test_wording_is_fixed_once_a_consent_names_it(rosa):
    wording = factories.ConsentWordingFactory()
    wording.text = "Another text."
    wording.save()
    factories.ConsentFactory(patient=rosa, wording=wording)

    wording.is_offered = False
    wording.save()
    wording.text = "A third text."
    assert_refused("Cannot update a wording", wording.save)


def test_zone_history_begins_at_enrolment_and_records_an_unrecorded_change(rosa):
    assert zones_in_force(rosa.zone_changes.all()) == [("America/New_York", None)]

    Patient.objects.filter(pk=rosa.pk).update(time_zone="America/Denver")
    ZoneChange.objects.create(patient=rosa, time_zone="America/Chicago", starts_at=NOON)
    Patient.objects.filter(pk=rosa.pk).update(time_zone="America/Chicago", phone="")

    assert [row.time_zone for row in rosa.zone_changes.all()] == [
        "America/New_York", "America/Denver", "America/Chicago",
    ]  # fmt: skip
    assert_refused("Cannot update", lambda: ZoneChange.objects.update(is_correction=False))


def zone_rows(*rows):
    return [
        ZoneChange(pk=n, time_zone=zone, starts_at=start and NOON + dt.timedelta(days=start))
        for n, (zone, start) in enumerate(rows, 1)
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("A", None), ("B", 2)], [("A", None), ("B", 2)]),
        ([("A", None), ("B", 5), ("C", 2)], [("A", None), ("C", 2)]),  # the later row knows better
        ([("A", None), ("B", 2), ("C", None)], [("C", None)]),  # was wrong all along
        ([("A", None), ("B", None), ("C", 3)], [("B", None), ("C", 3)]),
        ([("A", 1)], [("A", None)]),
    ],
)
def test_zones_in_force_are_those_that_are_known_now(rows, expected):
    found = zones_in_force(zone_rows(*rows))

    assert found == [(zone, start and NOON + dt.timedelta(days=start)) for zone, start in expected]


def test_touch_billing_increases_version_of_each_patient(rosa):
    other = factories.PatientFactory()

    touch_billing([rosa.pk, rosa.pk])
    touch_billing([rosa.pk, other.pk])
    touch_billing([])
    touch_billing_of_clinics([rosa.clinic_id])

    versions = dict(BillingFactsVersion.objects.values_list("patient", "version"))
    assert versions == {rosa.pk: 3, other.pk: 1}

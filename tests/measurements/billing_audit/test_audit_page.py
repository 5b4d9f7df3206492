"""Measures of a billing audit: figures worked out by hand, who sees patients, months that are refused, queries."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from patients.models import AuditEvent
from tests.factories import (
    BillingLineFactory,
    PatientFactory,
    PractitionerFactory,
    ProgrammeEnrolmentFactory,
    TimeSessionFactory,
    UserFactory,
)
from tests.measurements.page_setup import NOW
from tests.page_texts import missing_words, page_text

ADDRESS = "/billing/audit/?month=2026-11"
NOVEMBER = dt.date(2026, 11, 1)


@pytest.fixture(autouse=True)
def clock_at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


def line(patient, kind, code, month=11, **fields):
    first = dt.date(2026, month, 1)
    fields = {"status": "suggested", "first": first, "last": first + dt.timedelta(days=29)} | fields
    return BillingLineFactory(
        patient=patient,
        kind=kind,
        code=code,
        belongs_to=first,
        date_of_service=fields["last"],
        **fields,
    )


@pytest.fixture
def november(elm, harbor):
    """Six new patients of Dr Cole after one a month; of one each: supply only, two device lines, no visit, nothing."""
    cole = PractitionerFactory(clinic=elm, name="Imani Cole")
    for month in range(5, 11):
        earlier = PatientFactory(clinic=elm, practitioner=cole)
        ProgrammeEnrolmentFactory(patient=earlier, started_on=dt.date(2026, month, 3))
    names = ("Alvarez", "Berger", "Castro", "Dorn", "Evers", "Faber")
    found = {name: PatientFactory(clinic=elm, practitioner=cole, family_name=name) for name in names}
    for patient in found.values():
        ProgrammeEnrolmentFactory(patient=patient, started_on=dt.date(2026, 11, 4))
    line(found["Alvarez"], "period", "99454")
    line(found["Berger"], "period", "99454")
    line(found["Berger"], "period", "99445", first=dt.date(2026, 11, 2))
    line(found["Berger"], "month", "99457", month=9)
    line(found["Castro"], "period", "99454", status="missing", because=["relationship"])
    line(found["Dorn"], "period", "99454", cautions=["no_attestation"])
    line(found["Dorn"], "month", "99457")
    line(found["Evers"], "period", "", status="never", because=["days"])
    elsewhere = PatientFactory(clinic=harbor, family_name="Gable")
    ProgrammeEnrolmentFactory(patient=elsewhere, started_on=dt.date(2026, 11, 4))
    line(elsewhere, "period", "99454")
    return found


def cells(response):
    """Texts of the first row of figures, without the names behind them."""
    return [(figure.label, figure.count, figure.is_odd) for figure in response.context["practitioners"][0][1]]


def test_measures_count_the_months_patients_by_provider(client, nadia, november):
    client.force_login(nadia)

    response = client.get(ADDRESS)

    assert [name for name, _ in response.context["practitioners"]] == ["Imani Cole"]
    assert cells(response) == [
        ("New patients", 6, True),
        ("Patients with a line", 3, False),
        ("No earlier visit", 1, True),
        ("Several device lines", 1, True),
        ("Never managed", 1, True),
        ("No attestation", 1, True),
    ]
    behind = [[name.split(",")[0] for _, name in figure.names] for figure in response.context["practitioners"][0][1]]
    assert behind[2:] == [["Castro"], ["Berger"], ["Alvarez"], ["Dorn"]]
    assert "usually 1" in page_text(response)
    event = AuditEvent.objects.filter(action="list").latest("pk")
    assert set(event.patient_ids) == {patient.pk for patient in november.values()}
    assert event.details == {"month": "2026-11"}


def test_usual_number_of_new_patients_is_no_spike(client, nadia, elm):
    for month in (5, 6, 7, 8, 9, 10, 11, 11):
        ProgrammeEnrolmentFactory(patient=PatientFactory(clinic=elm), started_on=dt.date(2026, month, 3))
    client.force_login(nadia)

    assert cells(client.get(ADDRESS))[0] == ("New patients", 2, False)


def test_time_names_long_days_overlaps_and_typed_share(client, nadia, rosa):
    start = dt.datetime(2026, 11, 3, 13, tzinfo=dt.UTC)
    TimeSessionFactory(patient=rosa, person=nadia, started_at=start, ended_at=start + dt.timedelta(hours=11))
    TimeSessionFactory(
        patient=rosa, person=nadia, source="typed", started_at=start + dt.timedelta(hours=10, minutes=30),
        ended_at=start + dt.timedelta(hours=12),
    )  # fmt: skip
    TimeSessionFactory(patient=rosa, person=nadia, started_at=start - dt.timedelta(days=40))
    client.force_login(nadia)

    response = client.get(ADDRESS)

    assert missing_words(
        response, "Recorded 12.0 h", "Typed 1.0 h", "of the time", f"{nadia.name}, Nov 3: 12.0 h",
        f"{nadia.name}: 30 min, counted once", "Delgado, Rosa",
    ) == []  # fmt: skip


def test_administrator_sees_totals_without_patients(client, ada, november):
    client.force_login(ada)

    response = client.get(ADDRESS)

    assert cells(response)[0] == ("New patients", 6, True)
    assert "Alvarez" not in page_text(response)
    assert AuditEvent.objects.filter(action="list").latest("pk").patient_ids == []


def test_coordinator_sees_measures_only_if_they_keep_billing(client, elm, november):
    client.force_login(UserFactory(role="coordinator", clinics=[elm]))
    assert client.get(ADDRESS).status_code == 403

    client.force_login(UserFactory(role="coordinator", clinics=[elm], keeps_billing=True))
    assert "Alvarez" in page_text(client.get(ADDRESS))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("month=2026-13", "Write a month as year and month, such as 2026-11."),
        ("month=november", "Write a month as year and month, such as 2026-11."),
        ("month=0000-01", "Write a month as year and month, such as 2026-11."),
        ("month=2018-12", "Remote monitoring is billed from 2019 on."),
        ("month=2026-12", "This month has not begun."),
        ("clinic=0&month=2026-11", "Choose one of your clinics."),
    ],
)
def test_month_that_can_not_be_measured_is_refused_beside_its_field(client, nadia, query, words):
    client.force_login(nadia)

    response = client.get(f"/billing/audit/?{query}")

    assert words in page_text(response)
    assert response.context["measures"] is None


def test_queries_do_not_grow_with_patients(client, nadia, elm, november):
    client.force_login(nadia)
    client.get(ADDRESS)
    with CaptureQueriesContext(connection) as few:
        client.get(ADDRESS)
    for name in ("Hale", "Imhoff"):
        patient = PatientFactory(clinic=elm, practitioner=PractitionerFactory(clinic=elm, name=name))
        ProgrammeEnrolmentFactory(patient=patient, started_on=dt.date(2026, 11, 4))
        line(patient, "period", "99454")
        TimeSessionFactory(patient=patient)

    with CaptureQueriesContext(connection) as more:
        client.get(ADDRESS)

    assert len(more) == len(few)

"""Command `prepare_demo_billing`: the month list shows each state and each refusal, once, however often it runs."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.test import Client

from measurements.billing.management.commands._demo_billing_cases import CASES
from measurements.billing.models import BillingLine, BillingState, LineApproval, LineStep
from patients.models import AuditEvent, Role, User
from patients.programmes.models import MonitoringOrder
from patients.time_sessions.models import TimeApproval, TimeSession
from tests import factories
from tests.measurements.billing.clinic_rows import NOON, measure_days

pytestmark = pytest.mark.django_db
FIRST = dt.date(2026, 10, 12)
NOVEMBER, DECEMBER = dt.date(2026, 11, 1), dt.date(2026, 12, 1)
COUNTED = (MonitoringOrder, TimeSession, TimeApproval, BillingLine, LineApproval, LineStep, AuditEvent)
MEASURED = {"Marsh": 20, "Solberg": 3, "Whitfield": 1}  # days

# Of November: what is shown of whom.
EXPECTED = {
    "Desai": {("99457", "suggested"), ("99458", "suggested")},
    "Marsh": {("99453", "approved"), ("99454", "approved"), ("99457", "approved")},
    "Ashworth": {("99457", "approved", "exported")},
    "Kowalczyk": {("99457", "approved", "submitted")},
    "Quill": {("99457", "approved", "paid")},
    "Whitcomb": {("99457", "approved", "denied")},
    "Adeyemi": {("99457", "approved", "written_off")},
    "Castellano": {("99470", "approved", "differs")},
    "Pierce": {("99457", "missing", "consent")},
    "Lindgren": {("99457", "missing", "order")},
    "Nwosu": {("99457", "missing", "relationship")},
    "Solberg": {("99453", "missing", "education"), ("99445", "suggested"), ("99457", "suggested")},
    "Benali": {("99457", "missing", "live_interaction")},
    "Henderson": {("99457", "missing", "prior_authorisation")},
    "Brandt": {("99457", "blocked", "programme")},
    "Karimi": {("99457", "blocked", "payer")},
    "Volkov": {("99457", "blocked", "other_practice")},
    "Laurent": {("99457", "blocked", "access")},
    "Papadakis": {("99457", "blocked", "rpm_and_rtm"), ("98979", "suggested")},
    "Whitfield": {("99453", "never", "days"), ("", "never", "days"), ("", "never", "minutes")},
}


@pytest.fixture
def elm(settings, time_machine):
    time_machine.move_to(NOON, tick=False)
    settings.DEMO = True
    clinic = factories.ClinicFactory(time_zone="America/New_York")
    for name, role in (("nadia", Role.CLINICIAN), ("omar", Role.CLINICIAN), ("cora", Role.COORDINATOR)):
        factories.UserFactory(email=f"{name}@demo.example", name=f"{name} of the demo", role=role, clinics=[clinic])
    enrolled = dt.datetime(2026, 8, 3, 12, tzinfo=dt.UTC)
    for case in CASES:
        patient = factories.PatientFactory(clinic=clinic, family_name=case.family_name, enrolled_at=enrolled)
        if days := MEASURED.get(case.family_name):
            measure_days(factories.DeviceFactory(patient=patient), FIRST, days)
    return clinic


def shown_lines(month):
    """(code, status, then what refuses it, the newest step of its claim, or that it differs) by family name."""
    steps = {step.approval_id: step.kind for step in LineStep.objects.order_by("pk")}
    found = {}
    for line in BillingLine.objects.filter(belongs_to=month).select_related("patient"):
        more = [*line.because, *filter(None, [steps.get(line.approval_id), line.difference and "differs"])]
        found.setdefault(line.patient.family_name, set()).add((line.code, line.status, *more))
    return found


def row_counts():
    return {model.__name__: model.objects.count() for model in COUNTED}


def test_prepared_billing_shows_each_state_and_refusal(elm):
    call_command("prepare_demo_billing")

    assert shown_lines(NOVEMBER) == EXPECTED
    running = shown_lines(DECEMBER)
    assert {line[1] for name in ("Desai", "Benali", "Whitfield") for line in running[name]} == {"open"}
    assert not BillingState.objects.failing().exists()
    assert set(TimeSession.objects.values_list("source", "mode")) == {
        ("timer", "call"), ("timer", "page"), ("typed", "page"),
    }  # fmt: skip
    whitfield = BillingState.objects.get(patient__family_name="Whitfield")
    lost = next(one for one in whitfield.months if one["month"] == "2026-11-01")["seconds_lost"]
    assert lost == 12 * 60, "typed for minutes in which the timer counted another patient's"
    castellano = BillingLine.objects.get(patient__family_name="Castellano", belongs_to=NOVEMBER)
    assert castellano.difference == {"codes": {"99457": 1}, "count": 23}
    assert_pages_of_people()

    before = row_counts()
    call_command("prepare_demo_billing")

    assert row_counts() == before


def assert_pages_of_people():
    """People who keep billing open the month, with names and the steps of claims."""
    pages = {}
    for name in ("cora", "nadia", "omar"):
        browser = Client()
        browser.force_login(User.objects.get(email=f"{name}@demo.example"))
        pages[name] = browser.get("/billing/?month=2026-11").content.decode()
    assert all("Desai" in page and "Denied" in page for page in pages.values())


def test_it_runs_in_the_first_minutes_of_a_month_after_the_confirmed_years(elm, time_machine):
    time_machine.move_to(dt.datetime(2027, 4, 1, 4, 5, tzinfo=dt.UTC), tick=False)

    call_command("prepare_demo_billing")

    claims = set(LineStep.objects.values_list("kind", flat=True))
    assert claims == {"exported", "submitted", "paid", "denied", "written_off"}

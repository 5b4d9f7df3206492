"""Command `prepare_demo`: creates the demo's people once, however often it runs."""

import httpx2
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from devices import tenovi
from devices.models import Assignment, Device, SyncRow, VendorCall
from devices.simulator import Simulator
from devices.simulator.demo.personas import persona_rows
from devices.sync import gateway_status
from devices.tenovi import client_factory
from fulfillment.batches.models import OrderBatch
from fulfillment.management.commands._demo_staff import create_demo_staff
from fulfillment.models import Kit, Order, OrderLine
from fulfillment.replacements.models import Replacement
from fulfillment.special_orders.models import StockItem
from fulfillment.worklist import refresh
from fulfillment.worklist.kinds import registry
from fulfillment.worklist.models import WorklistEvent, WorklistItem
from measurements.alerts.engine.episodes import Section, State
from measurements.alerts.models import AlertEpisode, AlertStep, PatientReview
from measurements.triage import filters
from measurements.weeks import week_figures
from patients.care.models import Absence
from patients.imports.models import PatientImport
from patients.models import AuditEvent, Clinic, ClinicClosedDay, Patient, Role, User
from tests.simulated_vendor import DOMAIN, KEY, no_retry_delays

__all__ = ["no_retry_delays"]

pytestmark = pytest.mark.django_db(transaction=True)
COUNTED = (Patient, User, Clinic, Kit, Order, VendorCall, Device, Assignment, SyncRow, AlertStep, PatientReview)


@pytest.fixture(scope="module")
def simulator():
    """Its 90 days take seconds to make, and the demo's preparation changes nothing there but hooks, twice as once."""
    made = Simulator(domain=DOMAIN, keys=(KEY, "background-key"), gap_seconds=0.0, demo=True)
    yield made
    made.close()


@pytest.fixture
def demo_vendor(simulator, monkeypatch, settings, tmp_path):
    transport = httpx2.WSGITransport(app=simulator)
    monkeypatch.setattr(client_factory, "build_transport", lambda: transport)
    monkeypatch.setattr(httpx2, "request", httpx2.Client(transport=transport).request)
    monkeypatch.setenv("DEMO_ACCOUNTS_FILE", str(tmp_path / "accounts.txt"))
    settings.DEMO, settings.TENOVI_CALL_GAP_SECONDS, settings.ORDER_SETTLE_SECONDS = True, 0.0, 0
    return simulator


def row_counts():
    return {model.__name__: model.objects.count() for model in COUNTED}


def shown_passphrase(tmp_path):
    return (tmp_path / "accounts.txt").read_text().split("password for all: ")[1].split()[0]


def test_prepare_demo_makes_every_exception_by_a_case_and_none_by_chance(demo_vendor, tmp_path):
    """One preparation for all of this: it takes seconds."""
    call_command("prepare_demo")
    phrase = shown_passphrase(tmp_path)
    assert_enrolled_by_the_functions_of_the_forms(demo_vendor, phrase)
    assert_cases_of_orders_and_ends()

    call_command("prepare_demo_alerts")
    assert_every_section_has_a_patient()
    work_off_first_minutes()
    assert_exceptions_are_those_of_the_cases()

    before = row_counts()
    User.objects.filter(email="ada@demo.example").delete()
    call_command("prepare_demo")
    call_command("prepare_demo_alerts")

    assert row_counts() == before
    assert shown_passphrase(tmp_path) == phrase
    assert User.objects.get(email="ada@demo.example").check_password(phrase), "recreated with the shown passphrase"
    assert len(demo_vendor.state.store.all("webhook")) == 3
    assert_lost_accounts_file_is_written_anew(tmp_path)


def assert_enrolled_by_the_functions_of_the_forms(demo_vendor, phrase):
    assert Patient.objects.count() == 59
    assert PatientImport.objects.get().rows.filter(state="enrolled").count() == 2
    assert AuditEvent.objects.filter(action="enroll").exclude(details__has_key="again").count() == 59
    assert Patient.objects.values("clinic").distinct().count() == 2
    assert Device.objects.filter(patient__isnull=True).count() == 2, "somebody's old ones, on purpose"
    assert SyncRow.objects.filter(state="waiting").exists(), "the history is pulled by its own reconciliation"
    assert len(demo_vendor.state.store.all("webhook")) == 3
    assert all(clinic.hours.count() == 5 and clinic.person_on_call for clinic in Clinic.objects.all())
    assert all(user.check_password(phrase) for user in User.objects.all())
    assert set(User.objects.filter(is_staff=True).values_list("role", flat=True)) == {Role.ADMINISTRATOR}


def assert_cases_of_orders_and_ends():
    """What a coordinator finds beside the exceptions."""
    lines = OrderLine.objects.all()
    assert lines.filter(order__kind="activation", status="connected").exists(), "on site"
    assert lines.filter(order__kind="clinic", status="pending").exists(), "the clinic ships"
    assert lines.filter(order__ship_gateway_only=True, status="connected").exists(), "a gateway alone"
    assert lines.filter(device_type__name="Tenovi Cellular BPM").exists(), "cellular"
    assert lines.filter(order__gateway_id__gt="", order__kind="dropship").exists(), "an add-on"
    assert lines.filter(order__kit__name="COPD", status="connected").exists(), "a new kit with a gateway"
    assert set(Replacement.objects.values_list("state", flat=True)) == {"pending", "delivered", "refused"}
    assert Patient.objects.get(family_name="Ames").discharged_at, "care has ended"
    assert not Device.objects.linked().filter(patient__family_name="Ames").exists()
    assert Patient.objects.get(family_name="Delgado").monitoring_periods.count() == 2, "readmitted"
    batches = OrderBatch.objects.all()
    assert {(batch.items.filter(state="placed").count(), batch.items.count()) for batch in batches} == {(2, 2), (0, 2)}
    assert StockItem.objects.filter(line=None, removed_at=None).exists()
    assert ClinicClosedDay.objects.get().day == timezone.localdate(timezone=ClinicClosedDay.objects.get().clinic.zone)
    assert Absence.objects.get().cover
    assert set(WorklistEvent.objects.values_list("kind", flat=True)) >= {"assigned", "snoozed", "dismissed"}


# Of the first clinic: who is in which section on the first morning, by the scenarios of personas.json.
EXPECTED_SECTIONS = {
    Section.CRITICAL: {"Quill", "Okafor", "Sullivan"},
    Section.WARNING: {"Whitcomb", "Papadakis", "Castellano", "Brandt"},
    Section.OVER_NOT_SEEN: {"Ferrari"},
    Section.ARRIVED_LATE: {"Marsh"},
    Section.CHECK: {"Lindgren", "Volkov"},
    Section.NO_READINGS: {"Tan"},
    Section.EQUIPMENT: {"Briggs"},
    Section.INFORMATION: {"Nwosu"},
    Section.SNOOZED: {"Adeyemi"},
    Section.REVIEWED: {"Kowalczyk"},
    Section.ON_TARGET: {"Desai"},
}


def assert_every_section_has_a_patient():
    """Those of the scenarios, and no others in the critical section; at most a few more in the others."""
    nadia = User.objects.get(email="nadia@demo.example")
    entries = filters.entries_of(Patient.objects.visible_to(nadia).enrolled()).select_related("patient")
    found = {section: set() for section in Section}
    for entry in entries:
        found[list(Section)[entry.shown_rank]].add(entry.patient.family_name)
    wanting = {section: names - found[section] for section, names in EXPECTED_SECTIONS.items()}
    assert not any(wanting.values()), wanting
    assert found[Section.CRITICAL] == EXPECTED_SECTIONS[Section.CRITICAL]
    assert len(found[Section.WARNING]) <= 8

    critical = AlertEpisode.objects.filter(section=Section.CRITICAL)
    assert set(critical.values_list("patient__family_name", "rule", "state")) >= {
        ("Quill", "bp_severe", State.OPEN),
        ("Sullivan", "preg_bp_severe", State.UNCONFIRMED),
    }
    warnings = set(AlertEpisode.objects.open().values_list("patient__family_name", "rule"))
    assert warnings >= {("Whitcomb", "weight_gain"), ("Papadakis", "spo2_low"), ("Castellano", "bp_average")}
    browser = Client()
    browser.force_login(nadia)
    page = browser.get("/triage/").content.decode()
    assert 'state--bad">Check</span>' in page, "beyond the meter is as urgent as its section"
    assert page.count("not confirmed yet") == 1
    assert AlertStep.objects.get(kind="snooze").text
    assert AlertStep.objects.filter(kind="assign").exists()
    assert PatientReview.objects.get().patient.family_name == "Kowalczyk"


def work_off_first_minutes():
    """What the workers do in the first minutes: the figures of the week, gateways' statuses, exceptions."""
    with tenovi.background_client() as client:
        week_figures.refresh_due_weeks()
        gateway_status.start_gateway_run()
        while gateway_status.fetch_due_statuses(client):
            pass
    refresh.refresh_worklist()


# No case: what would bring them about stops the demo, or is over within a minute.
KINDS_WITHOUT_CASE = {
    "lane_stopped": "no order of the demo would be sent",
    "unknown": "a call is unclear for longer than usual only where nothing looks for it",
}


def assert_exceptions_are_those_of_the_cases():
    open_items = WorklistItem.objects.unsolved()
    found = set(open_items.values_list("kind", flat=True))
    assert set(registry.kinds) - found == set(KINDS_WITHOUT_CASE)
    planned = {row["external_id"] for row in persona_rows() if row.get("case")}
    by_chance = open_items.exclude(patient__external_id__in=planned).values_list("kind", "name", "patient__family_name")
    assert sorted(by_chance) == [("unknown_device", "Tenovi BPM - L", None), ("unknown_device", "Tenovi Scale", None)]


def assert_lost_accounts_file_is_written_anew(tmp_path):
    (tmp_path / "accounts.txt").unlink()
    clinics = {clinic.name: clinic for clinic in Clinic.objects.all()}

    create_demo_staff(clinics, accounts=tmp_path / "accounts.txt")

    assert User.objects.get(email="nadia@demo.example").check_password(shown_passphrase(tmp_path))


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["prepare_demo", "prepare_demo_alerts", "prepare_demo_billing"])
def test_prepare_demo_refuses_to_run_outside_demo(settings, command):
    settings.DEMO = False

    with pytest.raises(CommandError, match="demo only"):
        call_command(command)

    assert not Patient.objects.exists()

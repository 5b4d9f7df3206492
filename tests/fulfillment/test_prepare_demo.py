"""Command `prepare_demo`: creates the demo's people once, however often it runs."""

import httpx2
import pytest
from django.core.management import CommandError, call_command

from devices.models import Assignment, Device, SyncRow, VendorCall
from devices.simulator import Simulator
from devices.tenovi import client_factory
from fulfillment.models import Kit, Order
from patients.imports.models import PatientImport
from patients.models import AuditEvent, Clinic, Patient, Role, User
from tests.simulated_vendor import DOMAIN, KEY, no_retry_delays

__all__ = ["no_retry_delays"]

pytestmark = pytest.mark.django_db(transaction=True)
COUNTED = (Patient, User, Clinic, Kit, Order, VendorCall, Device, Assignment, SyncRow)


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
    monkeypatch.setattr(httpx2, "post", httpx2.Client(transport=transport).post)
    monkeypatch.setenv("DEMO_ACCOUNTS_FILE", str(tmp_path / "accounts.txt"))
    settings.DEMO, settings.TENOVI_CALL_GAP_SECONDS = True, 0.0
    return simulator


def row_counts():
    return {model.__name__: model.objects.count() for model in COUNTED}


def shown_passphrase(tmp_path):
    return (tmp_path / "accounts.txt").read_text().split("password for all: ")[1].split()[0]


def test_prepare_demo_enrolls_forty_patients_and_adopts_their_devices(demo_vendor, tmp_path):
    call_command("prepare_demo")

    assert Patient.objects.count() == 42
    assert PatientImport.objects.get().rows.filter(state="enrolled").count() == 2
    assert AuditEvent.objects.filter(action="enroll").count() == 42, "by the same function as the form"
    assert Patient.objects.values("clinic").distinct().count() == 2
    assert Device.objects.filter(patient__isnull=True).count() == 2, "somebody's old ones, on purpose"
    assert Order.objects.get().ship_zip_code == "00000", "stuck at the vendor"
    assert SyncRow.objects.filter(state="waiting").exists(), "the history is pulled by its own reconciliation"
    assert len(demo_vendor.state.store.all("webhook")) == 3
    assert all(clinic.hours.count() == 5 and clinic.person_on_call for clinic in Clinic.objects.all())
    assert all(user.check_password(shown_passphrase(tmp_path)) for user in User.objects.all())
    assert set(User.objects.filter(is_staff=True).values_list("role", flat=True)) == {Role.ADMINISTRATOR}


def test_prepare_demo_twice_changes_nothing(demo_vendor, tmp_path):
    call_command("prepare_demo")
    before, passphrase = row_counts(), shown_passphrase(tmp_path)

    call_command("prepare_demo")

    assert row_counts() == before
    assert shown_passphrase(tmp_path) == passphrase
    assert len(demo_vendor.state.store.all("webhook")) == 3


def test_prepare_demo_recreates_missing_user_with_shown_passphrase(demo_vendor, tmp_path):
    call_command("prepare_demo")
    User.objects.filter(email="ada@demo.example").delete()

    call_command("prepare_demo")

    assert User.objects.get(email="ada@demo.example").check_password(shown_passphrase(tmp_path))


def test_prepare_demo_rewrites_lost_accounts_file_with_working_passphrase(demo_vendor, tmp_path):
    call_command("prepare_demo")
    (tmp_path / "accounts.txt").unlink()

    call_command("prepare_demo")

    assert User.objects.get(email="nadia@demo.example").check_password(shown_passphrase(tmp_path))


@pytest.mark.django_db
def test_prepare_demo_refuses_to_run_outside_demo(settings):
    settings.DEMO = False

    with pytest.raises(CommandError, match="demo only"):
        call_command("prepare_demo")

    assert not Patient.objects.exists()

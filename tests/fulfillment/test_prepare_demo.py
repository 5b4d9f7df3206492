"""The demo's people come by the front door, once, however often the demo is started."""

import httpx2
import pytest
from django.core.management import CommandError, call_command

from devices.models import Assignment, Device, SyncRow, VendorCall
from devices.simulator import Simulator
from devices.tenovi import client_factory
from fulfillment.models import Kit, Order
from patients.models import AuditEvent, Clinic, Patient, Role, User
from tests.vendor import DOMAIN, KEY, no_pauses_between_tries

__all__ = ["no_pauses_between_tries"]

pytestmark = pytest.mark.django_db(transaction=True)
COUNTED = (Patient, User, Clinic, Kit, Order, VendorCall, Device, Assignment, SyncRow)


@pytest.fixture(scope="module")
def simulator():
    """Its 90 days take seconds to make, and the demo's preparation changes nothing there but hooks, twice as once."""
    made = Simulator(domain=DOMAIN, keys=(KEY, "background-key"), gap_seconds=0.0, demo=True)
    yield made
    made.close()


@pytest.fixture
def vendor(simulator, monkeypatch, settings, tmp_path):
    wire = httpx2.WSGITransport(app=simulator)
    monkeypatch.setattr(client_factory, "new_transport", lambda: wire)
    monkeypatch.setattr(httpx2, "post", httpx2.Client(transport=wire).post)
    monkeypatch.setenv("DEMO_ACCOUNTS_FILE", str(tmp_path / "accounts.txt"))
    settings.DEMO, settings.TENOVI_CALL_GAP_SECONDS = True, 0.0
    return simulator


def counted():
    return {model.__name__: model.objects.count() for model in COUNTED}


def phrase(tmp_path):
    return (tmp_path / "accounts.txt").read_text().split("password for all: ")[1].split()[0]


def test_forty_people_of_two_clinics_are_enrolled_and_their_devices_adopted(vendor, tmp_path):
    call_command("prepare_demo")

    assert Patient.objects.count() == 40
    assert AuditEvent.objects.filter(action="enrol").count() == 40, "by the same function as the form"
    assert Patient.objects.values("clinic").distinct().count() == 2
    assert Device.objects.filter(patient__isnull=True).count() == 2, "somebody's old ones, on purpose"
    assert Order.objects.get().ship_zip_code == "00000", "stuck at the vendor"
    assert SyncRow.objects.filter(state="waiting").exists(), "the history is pulled by its own reconciliation"
    assert len(vendor.world.store.all("webhook")) == 3
    assert all(user.check_password(phrase(tmp_path)) for user in User.objects.all())
    assert set(User.objects.filter(is_staff=True).values_list("role", flat=True)) == {Role.ADMINISTRATOR}


def test_a_second_start_changes_nothing(vendor, tmp_path):
    call_command("prepare_demo")
    before, told = counted(), phrase(tmp_path)

    call_command("prepare_demo")

    assert counted() == before
    assert phrase(tmp_path) == told
    assert len(vendor.world.store.all("webhook")) == 3


def test_somebody_who_is_missing_comes_back_under_the_passphrase_that_is_shown(vendor, tmp_path):
    call_command("prepare_demo")
    User.objects.filter(email="olaf@demo.example").delete()

    call_command("prepare_demo")

    assert User.objects.get(email="olaf@demo.example").check_password(phrase(tmp_path))


def test_a_lost_list_of_accounts_is_written_anew_and_its_passphrase_opens(vendor, tmp_path):
    call_command("prepare_demo")
    (tmp_path / "accounts.txt").unlink()

    call_command("prepare_demo")

    assert User.objects.get(email="nadia@demo.example").check_password(phrase(tmp_path))


@pytest.mark.django_db
def test_outside_the_demo_nobody_is_invented(settings):
    settings.DEMO = False

    with pytest.raises(CommandError, match="demo only"):
        call_command("prepare_demo")

    assert not Patient.objects.exists()

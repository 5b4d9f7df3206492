"""Our devices against the vendor's, through the real client over the simulator."""

import datetime as dt
import uuid

import pytest

from devices.inbox import leases, processing
from devices.models import Delivery, Device, DeviceType, Gateway, SyncRun
from devices.statuses import DeviceState
from devices.sync import reconciliation
from measurements.ingest import pipeline
from measurements.models import Measurement
from tests.factories import DeviceFactory
from tests.measurements.vendor import deliver, item
from tests.vendor import client, no_pauses_between_tries, sim

__all__ = ["client", "no_pauses_between_tries", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = dt.timedelta(seconds=-1)


def kinds(run):
    return [difference["kind"] for difference in run.differences]


def test_the_catalogue_is_the_vendors_word_for_word(client):
    DeviceType.objects.create(name="Gone from the list")

    reconciliation.sync_catalogue(client)

    assert DeviceType.objects.get(name="Tenovi BPM - L").sensor_code == "10"
    assert not DeviceType.objects.get(name="Gone from the list").listed


def test_a_device_that_the_vendor_lists_for_our_patient_is_adopted(client, sim, rosa):
    theirs = sim.add_device(external_id=rosa.external_id.upper())

    run = reconciliation.compare_devices(client)

    device = Device.objects.get(hwi_id=theirs["id"])
    assert (device.patient, device.state) == (rosa, DeviceState.CONNECTED)
    assert device.assignments.get().started_at is None, "history before the enrolment is the patient's"
    assert Gateway.objects.get().hardware_uuid == theirs["device"]["hardware_uuid"]
    assert kinds(run) == []


def test_a_billed_device_of_nobody_we_know_is_a_difference(client, sim):
    sim.add_device(external_id="stranger")

    assert kinds(reconciliation.compare_devices(client)) == ["billed, but its patient is not known here"]


def test_a_device_that_the_vendor_forgot_is_a_difference(client, rosa):
    DeviceFactory(patient=rosa)

    assert kinds(reconciliation.compare_devices(client)) == ["known here, absent at the vendor"]


def test_another_patient_at_the_vendor_moves_nothing_and_is_shown(client, sim, rosa):
    theirs = sim.add_device(external_id="stranger")
    DeviceFactory(hwi_id=theirs["id"], patient=rosa)

    run = reconciliation.compare_devices(client)

    assert Device.objects.get().patient == rosa
    assert "linked to another patient at the vendor" in kinds(run)


def test_an_unlinked_device_ends_its_assignment_when_the_vendor_says(client, sim, rosa):
    theirs = sim.add_device(external_id=rosa.external_id)
    reconciliation.compare_devices(client)
    client.unlink_device(theirs["id"])

    reconciliation.compare_devices(client)

    device = Device.objects.get()
    assert (device.state, device.hardware_uuid) == (DeviceState.UNLINKED, "")
    assert device.assignments.get().ended_at == device.unlinked_on


def test_a_second_comparison_changes_nothing(client, sim, rosa):
    sim.add_device(external_id=rosa.external_id)
    reconciliation.compare_devices(client)
    before = list(Device.objects.values_list("pk", "state", "patient"))

    assert kinds(reconciliation.compare_devices(client)) == []
    assert list(Device.objects.values_list("pk", "state", "patient")) == before


def test_a_run_that_a_dead_worker_left_open_is_taken_over(client):
    left = SyncRun.objects.create(kind="devices")

    assert reconciliation.compare_devices(client) == left


def test_a_reading_of_an_unknown_device_is_stored_once_the_vendor_names_our_patient(client, sim, rosa):
    theirs = sim.add_device(external_id=rosa.external_id)
    deliver(item(uuid.UUID(theirs["id"]), patient_id=rosa.external_id))

    reconciliation.look_up_unknown(client, after=AT_ONCE)
    pipeline.ingest_waiting()

    assert Measurement.objects.get().patient == rosa


@pytest.mark.parametrize("known_to_vendor", [False, True])
def test_a_device_of_nobody_is_for_a_person_and_is_asked_for_once(client, sim, rosa, known_to_vendor):
    theirs = sim.add_device(external_id="stranger") if known_to_vendor else {"id": str(uuid.uuid4())}
    deliver(item(uuid.UUID(theirs["id"]), patient_id=rosa.external_id))

    assert reconciliation.look_up_unknown(client, after=AT_ONCE) == 1
    assert reconciliation.look_up_unknown(client, after=AT_ONCE) == 0

    assert Delivery.objects.get().state == Delivery.State.QUARANTINED
    assert not Measurement.objects.exists()


def test_a_device_whose_arrival_woke_nobody_is_swept_up_without_asking_the_vendor(client, sim, rosa):
    """Its transaction committed after the delivery was found to have no holder and looked at once more."""
    hwi_id = uuid.uuid4()
    deliver(item(hwi_id, patient_id=rosa.external_id))
    DeviceFactory(hwi_id=hwi_id, patient=rosa)

    assert reconciliation.look_up_unknown(client, after=AT_ONCE) == 0
    pipeline.ingest_waiting()

    assert Delivery.objects.get().state == Delivery.State.DONE
    assert sim.requests.matching("GET", str(hwi_id)) == []


def test_an_outage_of_the_vendor_costs_a_waiting_delivery_nothing(client, sim):
    deliver(item(uuid.uuid4()))
    sim.faults.add(match={"method": "GET"}, kind="status", status=503, times=50)

    with pytest.raises(Exception, match="503"):
        reconciliation.look_up_unknown(client, after=AT_ONCE)

    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.attempts) == (Delivery.State.WAITING, 0)


def test_a_worker_that_died_leaves_its_deliveries_to_the_next(rosa):
    processing.receive(kind="measurement", body=b"[]")
    first = leases.due("measurement")
    assert leases.due("measurement") == leases.orphan("measurement") == []

    Delivery.objects.update(leased_until=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))

    assert leases.due("measurement") == []
    assert leases.orphan("measurement") == first

"""Our devices against the vendor's, through the real client over the simulator."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from devices import tenovi
from devices.inbox import leases, processing
from devices.inbox.troubleshooting import advice_for_reason
from devices.models import Delivery, Device, DeviceType, Gateway, SyncRun
from devices.statuses import DeviceState
from devices.sync import reconciliation
from measurements.ingest import pipeline
from measurements.models import Measurement
from tests.factories import DeliveryFactory, DeviceFactory
from tests.measurements.webhook_items import measurement_item, receive_and_ingest
from tests.simulated_vendor import client, no_retry_delays, sim

__all__ = ["client", "no_retry_delays", "sim"]

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = dt.timedelta(seconds=-1)


def difference_kinds(run):
    return [difference["kind"] for difference in run.differences]


def test_catalogue_sync_stores_vendor_device_types_and_unlists_removed_ones(client):
    DeviceType.objects.create(name="Gone from the list")

    reconciliation.sync_catalogue(client)

    assert DeviceType.objects.get(name="Tenovi BPM - L").sensor_code == "10"
    assert not DeviceType.objects.get(name="Gone from the list").listed


@pytest.mark.parametrize("spelling", ["Tenovi BPM \u2013 L", "tenovi bpm - l", "Tenovi BPM-L"])
def test_catalogue_sync_renames_a_device_type_whose_spelling_has_changed(client, spelling):
    old = DeviceType.objects.create(name=spelling)

    reconciliation.sync_catalogue(client)

    old.refresh_from_db()
    assert (old.name, old.listed) == ("Tenovi BPM - L", True)


def test_catalogue_sync_renames_a_device_type_with_the_vendor_id_of_another_name(client):
    reconciliation.sync_catalogue(client)
    scale = DeviceType.objects.get(name="Tenovi Scale")
    DeviceType.objects.filter(pk=scale.pk).update(name="Tenovi Weighing Scale")

    reconciliation.sync_catalogue(client)

    assert DeviceType.objects.get(pk=scale.pk).name == "Tenovi Scale"


def test_device_reconciliation_assigns_a_vendor_device_to_its_enrolled_patient(client, sim, rosa):
    theirs = sim.add_device(external_id=rosa.external_id.upper())

    run = reconciliation.reconcile_devices(client)

    device = Device.objects.get(hwi_id=theirs["id"])
    assert (device.patient, device.state) == (rosa, DeviceState.CONNECTED)
    assert device.assignments.get().started_at is None, "history before the enrolment is the patient's"
    assert Gateway.objects.get().hardware_uuid == theirs["device"]["hardware_uuid"]
    assert difference_kinds(run) == []


def test_device_reconciliation_reports_a_billed_device_of_an_unknown_patient(client, sim):
    sim.add_device(external_id="stranger")

    assert difference_kinds(reconciliation.reconcile_devices(client)) == ["billed, but its patient is not known here"]


def test_device_reconciliation_reports_a_device_missing_at_the_vendor(client, rosa):
    DeviceFactory(patient=rosa)

    assert difference_kinds(reconciliation.reconcile_devices(client)) == ["known here, absent at the vendor"]


def test_device_reconciliation_reports_another_vendor_patient_and_retains_the_assignment(client, sim, rosa):
    theirs = sim.add_device(external_id="stranger")
    DeviceFactory(hwi_id=theirs["id"], patient=rosa)

    run = reconciliation.reconcile_devices(client)

    assert Device.objects.get().patient == rosa
    assert "linked to another patient at the vendor" in difference_kinds(run)


def test_device_reconciliation_ends_the_assignment_at_the_vendor_unlink_time(client, sim, rosa):
    theirs = sim.add_device(external_id=rosa.external_id)
    reconciliation.reconcile_devices(client)
    client.unlink_device(theirs["id"])

    reconciliation.reconcile_devices(client)

    device = Device.objects.get()
    assert (device.state, device.hardware_uuid) == (DeviceState.UNLINKED, "")
    assert device.assignments.get().ended_at == device.unlinked_on


def test_device_reconciliation_run_twice_changes_nothing(client, sim, rosa):
    sim.add_device(external_id=rosa.external_id)
    reconciliation.reconcile_devices(client)
    before = list(Device.objects.values_list("pk", "state", "patient"))

    assert difference_kinds(reconciliation.reconcile_devices(client)) == []
    assert list(Device.objects.values_list("pk", "state", "patient")) == before


def test_device_reconciliation_resumes_an_unfinished_run(client):
    left = SyncRun.objects.create(kind="devices")

    assert reconciliation.reconcile_devices(client) == left


def test_unknown_device_lookup_stores_waiting_readings_of_an_enrolled_patient(client, sim, rosa):
    theirs = sim.add_device(external_id=rosa.external_id)
    receive_and_ingest(measurement_item(uuid.UUID(theirs["id"]), patient_id=rosa.external_id))

    reconciliation.look_up_unknown_devices(client, after=AT_ONCE)
    pipeline.ingest_waiting_deliveries()

    assert Measurement.objects.get().patient == rosa


@pytest.mark.parametrize("known_to_vendor", [False, True])
def test_unknown_device_lookup_quarantines_an_unassigned_device_after_one_call(client, sim, rosa, known_to_vendor):
    theirs = sim.add_device(external_id="stranger") if known_to_vendor else {"id": str(uuid.uuid4())}
    receive_and_ingest(measurement_item(uuid.UUID(theirs["id"]), patient_id=rosa.external_id))

    assert reconciliation.look_up_unknown_devices(client, after=AT_ONCE) == 1
    assert reconciliation.look_up_unknown_devices(client, after=AT_ONCE) == 0

    assert Delivery.objects.get().state == Delivery.State.QUARANTINED
    assert not Measurement.objects.exists()


def test_unknown_device_lookup_resolves_a_known_device_without_a_vendor_call(client, sim, rosa):
    """Its transaction committed after the delivery was found to have no holder and was checked once more."""
    hwi_id = uuid.uuid4()
    receive_and_ingest(measurement_item(hwi_id, patient_id=rosa.external_id))
    DeviceFactory(hwi_id=hwi_id, patient=rosa)

    assert reconciliation.look_up_unknown_devices(client, after=AT_ONCE) == 0
    pipeline.ingest_waiting_deliveries()

    assert Delivery.objects.get().state == Delivery.State.DONE
    assert sim.requests.matching_lines("GET", str(hwi_id)) == []


def test_unknown_device_lookup_leaves_deliveries_waiting_during_a_vendor_outage(client, sim):
    receive_and_ingest(measurement_item(uuid.uuid4()))
    sim.faults.add(match={"method": "GET"}, kind="status", status=503, times=50)

    reconciliation.look_up_unknown_devices(client, after=AT_ONCE)

    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.attempts) == (Delivery.State.WAITING, 0)


UNUSABLE_ANSWERS = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 400},
    {"kind": "status", "status": 410},
    {"kind": "html"},
    {"kind": "garbage"},
]


@pytest.mark.parametrize("fault", UNUSABLE_ANSWERS, ids=lambda fault: str(fault.get("status", fault["kind"])))
def test_unknown_device_lookup_records_an_unusable_answer_and_asks_again_after_a_pause(client, sim, rosa, fault):
    broken, fine = (uuid.uuid4() for _ in range(2))
    for hwi_id in (broken, fine):
        receive_and_ingest(measurement_item(hwi_id))
    sim.faults.add(**fault, match={"method": "GET", "path_contains": str(broken)}, times=None)

    assert reconciliation.look_up_unknown_devices(client, after=AT_ONCE) == 2
    assert reconciliation.look_up_unknown_devices(client, after=AT_ONCE) == 0, "not before the pause is over"

    waiting = Delivery.objects.get(hwi_id=broken)
    assert (waiting.state, waiting.reason) == (Delivery.State.WAITING, reconciliation.UNREADABLE_DEVICE_REASON)
    assert waiting.lookup_after > timezone.now()
    assert advice_for_reason(waiting.reason, state=waiting.state).startswith("Nothing yet: it is asked again")
    assert Delivery.objects.get(hwi_id=fine).state == Delivery.State.QUARANTINED

    sim.faults.clear()
    Delivery.objects.update(lookup_after=timezone.now())
    assert reconciliation.look_up_unknown_devices(client, after=AT_ONCE) == 1
    assert Delivery.objects.get(hwi_id=broken).state == Delivery.State.QUARANTINED


@pytest.mark.parametrize(("waited", "pause"), [(1, 1), (20, 10), (600, 60)])
def test_unknown_device_lookup_pause_is_half_of_the_time_waited(waited, pause):
    now, minute = timezone.now(), dt.timedelta(minutes=1)
    row = DeliveryFactory(state="waiting", hwi_id=uuid.uuid4(), received_at=now - waited * minute)

    reconciliation.handle_failed_lookup(row.hwi_id, tenovi.Failed(tenovi.Unclear("GET: status 500")))

    row.refresh_from_db()
    assert abs(row.lookup_after - now - pause * minute) < dt.timedelta(seconds=30)


def test_delivery_with_an_expired_lease_is_orphaned_for_the_next_worker(rosa):
    processing.receive_delivery(kind="measurement", body=b"[]")
    first = leases.claim_due_deliveries("measurement")
    assert leases.claim_due_deliveries("measurement") == leases.claim_orphaned_delivery("measurement") == []

    Delivery.objects.update(leased_until=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))

    assert leases.claim_due_deliveries("measurement") == []
    assert leases.claim_orphaned_delivery("measurement") == first

"""A gateway is replaced while readings arrive, as the simulated vendor sends them, through receiver and drain."""

import pytest

from devices.models import Assignment, Delivery, Device, HardwareChange
from devices.sync import hardware_history
from fulfillment import tracking
from measurements.models import Measurement

pytestmark = pytest.mark.django_db
OLD = "A1B2C3D4E5F6"
VALUES = (211, 212, 213)  # none that the simulator makes up


@pytest.fixture
def take_readings(sim, gateway_devices, receive):
    """One reading of each device on the gateway, received and worked on."""

    def taken(value):
        cuff, scale = gateway_devices
        pressure = {"metric": "blood_pressure", "value_1": value, "value_2": 80}
        weight = {"metric": "weight", "value_1": value}
        sim.add_readings(
            [pressure | {"hwi_device_id": str(cuff.hwi_id)}, weight | {"hwi_device_id": str(scale.hwi_id)}]
        )
        receive()

    return taken


def carried_ids(value):
    """The gateway's ID that the messages with this value carried."""
    bodies = [bytes(each.body).decode() for each in Delivery.objects.filter(kind=Delivery.Kind.MEASUREMENT)]
    return {OLD if OLD in body else "new" for body in bodies if f'"{value}.00"' in body}


def test_readings_before_between_and_after_a_gateway_swap_stay_with_devices_and_patient(
    replace, follow, take_readings, receive, client, sim, gateway_devices, rosa
):
    take_readings(211)
    replace(gateway=True, device=False)
    follow(stages=2)  # it ships: the vendor rewrites the gateway of every sibling
    receive()
    tracking.refresh_due_devices(client)
    take_readings(212)  # the patient still holds the old one
    follow(stages=1)
    take_readings(213)
    tracking.refresh_due_devices(client)
    Device.objects.update(hardware_log_due_at="2026-01-01T00:00Z")
    hardware_history.fetch_due_hardware_logs(client)

    assert [carried_ids(value) for value in VALUES] == [{OLD}, {OLD}, {"new"}]
    for device in gateway_devices:
        stored = Measurement.objects.filter(device=device, value_1__in=VALUES).order_by("value_1")
        assert [(int(each.value_1), each.patient_id) for each in stored] == [(value, rosa.pk) for value in VALUES]
        change = HardwareChange.objects.get(device=device, old_hardware_uuid=OLD)
        assert change.logged_at
        assert Device.objects.get(pk=device.pk).hardware_uuid == change.new_hardware_uuid != OLD
    assert not Delivery.objects.exclude(state=Delivery.State.DONE).exists()
    assert Assignment.objects.filter(patient=rosa, ended_at=None).count() == 2
    assert len(sim.devices()) == Device.objects.count() == 2  # never a second activation

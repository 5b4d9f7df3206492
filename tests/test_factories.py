import pytest

from tests import factories


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name in vars(factories) if name.endswith("Factory")])
def test_factories_create_rows_that_pass_full_clean(name):
    row = getattr(factories, name)()

    row.full_clean()


def test_factories_assign_device_and_reading_to_same_patient(rosa):
    device = factories.DeviceFactory(patient=rosa)

    reading = factories.MeasurementFactory(device=device, code="blood_pressure")

    assert device.assignments.get().patient == reading.patient == rosa
    assert reading.value_2 is not None

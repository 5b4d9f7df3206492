import pytest

from tests import factories


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name in vars(factories) if name.endswith("Factory")])
def test_every_factory_makes_a_row_that_its_own_model_accepts(name):
    row = getattr(factories, name)()

    row.full_clean()


def test_a_device_is_held_by_its_patient_and_a_reading_belongs_to_the_holder(rosa):
    device = factories.DeviceFactory(patient=rosa)

    reading = factories.MeasurementFactory(device=device, code="blood_pressure")

    assert device.assignments.get().patient == reading.patient == rosa
    assert reading.value_2 is not None

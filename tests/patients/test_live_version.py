import pytest

from patients.models import Patient


@pytest.mark.django_db(transaction=True)
def test_touch_live_version_works_outside_a_transaction(rosa):
    Patient.objects.touch_live_version([rosa.pk])

    assert Patient.objects.values_list("live_version", flat=True).get() == rosa.live_version + 1

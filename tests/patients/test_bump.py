import pytest

from patients.models import Patient


@pytest.mark.django_db(transaction=True)
def test_open_pages_are_told_also_where_no_transaction_is_open(rosa):
    Patient.objects.bump([rosa.pk])

    assert Patient.objects.values_list("version", flat=True).get() == rosa.version + 1

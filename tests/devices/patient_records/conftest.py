import pytest

from devices.models import VendorCall
from devices.outbox import sending
from devices.patient_records import records
from patients.enrollment import admission
from patients.models import Patient
from tests.simulated_vendor import client, no_retry_delays, scale, sim

__all__ = ["client", "no_retry_delays", "scale", "sim"]


@pytest.fixture
def edit(cora):
    """An edit of the patient by a coordinator."""

    def edited(patient, **fields):
        current = Patient.objects.get(pk=patient.pk)
        return admission.edit_patient(patient=current, by=cora, edit_version=current.edit_version, **fields)

    return edited


@pytest.fixture
def known(rosa, cora, client):
    """A patient whose record the vendor has."""
    records.request_record(rosa, by=cora)
    sending.send_due_calls(client)
    rosa.refresh_from_db()
    assert VendorCall.objects.get().state == VendorCall.State.CONFIRMED
    return rosa

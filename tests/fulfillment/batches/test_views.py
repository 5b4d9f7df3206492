"""Pages of a batch: choosing, number and total typed to confirm, progress, stop."""

import re
import uuid

import pytest
from django.urls import reverse

from fulfillment.batches import placing
from fulfillment.batches.models import BatchItem, OrderBatch
from patients.models import AuditEvent
from tests.factories import DeviceFactory, KitFactory, PatientFactory
from tests.fulfillment.pages import normalized_html

URL = "/orders/batches/new/"


@pytest.fixture
def scale_kit(elm, scale):
    type(scale).objects.update(up_front_cost="45.00", shipping_cost="12.50", monthly_cost="6.00")
    return KitFactory(clinic=elm, name="Scale alone", items=[(scale, 1)])


@pytest.fixture
def patients(elm):
    return PatientFactory.create_batch(30, clinic=elm)


def confirmation(kit, patients, **changes):
    ids = [patient.pk for patient in patients]
    typed = {"typed_count": "30", "typed_total": "1,725.00"}
    return {"batch_id": str(uuid.uuid4()), "kit": kit.pk, "patient": ids} | typed | changes


def test_batch_selection_shows_patients_without_devices_first(as_cora, rosa, scale_kit, elm):
    held = PatientFactory(clinic=elm, family_name="Holder")
    DeviceFactory(patient=held)

    assert "Holder" not in normalized_html(as_cora.get(URL))
    assert "Holder" in normalized_html(as_cora.get(URL, {"devices": "with"}))


def test_batch_confirmation_shows_number_total_and_who_is_left_out(as_cora, scale_kit, patients):
    type(patients[0]).objects.filter(pk=patients[0].pk).update(street="")

    page = normalized_html(as_cora.post(URL, {"kit": scale_kit.pk, "patient": [each.pk for each in patients]}))

    assert "Scale alone for 29 patients" in page
    assert "$57.50 once, $6.00 a month" in page
    assert "Together $1667.50 once" in page
    assert "The address is not complete: street." in page
    assert not OrderBatch.objects.exists()


def test_batch_is_placed_when_number_and_total_are_typed(as_cora, scale_kit, patients, cora):
    answer = as_cora.post(URL, confirmation(scale_kit, patients))

    batch = OrderBatch.objects.get()
    assert answer["Location"] == reverse("orders:batch", args=[batch.pk])
    assert (batch.items.count(), batch.placed_by) == (30, cora)


def test_batch_form_sent_again_leads_to_its_batch(as_cora, scale_kit, patients):
    typed = confirmation(scale_kit, patients)

    first, second = (as_cora.post(URL, typed) for _ in range(2))

    assert first["Location"] == second["Location"]
    assert BatchItem.objects.count() == 30


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"typed_count": "31"}, "typed_count"),
        ({"typed_count": ""}, "typed_count"),
        ({"typed_total": "1724"}, "typed_total"),
        ({"typed_total": "a lot"}, "typed_total"),
    ],
)
def test_batch_is_refused_when_number_or_total_differ(as_cora, scale_kit, patients, wrong, field):
    answer = as_cora.post(URL, confirmation(scale_kit, patients, **wrong))

    assert field in answer.context["form"].errors
    assert not OrderBatch.objects.exists()


def test_batch_refuses_patients_of_another_clinic(as_cora, scale_kit, harbor):
    answer = as_cora.post(URL, confirmation(scale_kit, [PatientFactory(clinic=harbor)], typed_count="1"))

    assert "patient" in answer.context["form"].errors
    assert not OrderBatch.objects.exists()


@pytest.fixture
def batch(scale_kit, patients, cora):
    return placing.place_batch(batch_id=uuid.uuid4(), kit=scale_kit, patients=patients[:2], by=cora)


def test_batch_page_shows_progress_and_can_be_stopped(as_cora, batch):
    placing.place_item(placing.claim_next_item())
    url = reverse("orders:batch", args=[batch.pk])
    page = normalized_html(as_cora.get(url))
    assert "Ordered 1" in page
    assert "Waiting to be ordered 1" in page

    as_cora.post(reverse("orders:batch_stop", args=[batch.pk]))

    stopped = normalized_html(as_cora.get(url))
    assert re.search(r"Stopped by", stopped)
    assert "Stopped before it was ordered 1" in stopped
    assert AuditEvent.objects.filter(action="cancel", target=f"batch:{batch.pk}").exists()


def test_earlier_batches_of_own_clinics_are_listed(as_cora, batch):
    address = reverse("orders:batch", args=[batch.pk])

    assert address in as_cora.get(URL).content.decode()


def test_batch_page_refreshes_only_when_something_moved(as_cora, batch):
    version = as_cora.get(reverse("orders:batch", args=[batch.pk])).context["version"]
    live = reverse("orders:batch_live", args=[batch.pk])

    assert as_cora.get(live, {"v": version}).status_code == 204
    placing.place_item(placing.claim_next_item())
    assert as_cora.get(live, {"v": version}).status_code == 200

"""What a person sees of the inbox and can do about it: counts, reasons, unknown devices, replay, dismissal, purge."""

import datetime as dt
import uuid

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from devices.gateway_holders import VENDOR_ADVICE, SharingReason
from devices.inbox import maintenance
from devices.models import Delivery, Device, SyncRow
from devices.sync import reconciliation, unknown_devices, upsert
from measurements.ingest import pipeline
from measurements.models import Measurement
from patients.models import AuditEvent
from patients.models.audit import AuditAction
from tests.factories import DeviceFactory, PatientFactory
from tests.measurements.webhook_items import measurement_item, receive_and_ingest
from tests.simulated_vendor import client as vendor_client
from tests.simulated_vendor import no_retry_delays, sim

__all__ = ["no_retry_delays", "sim", "vendor_client"]

pytestmark = pytest.mark.django_db
LIST = "/admin/devices/delivery/"
UNKNOWN = LIST + "unknown/"
UNKNOWN_ID = uuid.UUID("12345678-abcd-1234-abcd-1234567890ab")
DONE, WAITING, QUARANTINED = Delivery.State.DONE, Delivery.State.WAITING, Delivery.State.QUARANTINED


@pytest.fixture
def admin_client(client, ada):
    client.force_login(ada)
    return client


def unknown_device_url(hwi_id):
    return reverse("admin:devices_unknown_device", args=[hwi_id])


def create_vendor_device(hwi_id=UNKNOWN_ID, account="somebody"):
    return DeviceFactory(hwi_id=hwi_id, patient=None, assignment=None, vendor_patient_id=account)


def test_delivery_changelist_shows_open_counts_reasons_and_advice_without_values(admin_client, rosa):
    receive_and_ingest(measurement_item(DeviceFactory(patient=rosa), value_1="plenty"))
    receive_and_ingest(b"not json")
    receive_and_ingest(measurement_item(UNKNOWN_ID))

    shown = admin_client.get(LIST).content.decode()

    assert "value_1 is not a plain decimal number." in shown
    assert "have the vendor send it again" in shown
    assert "Unknown devices (1)" in shown
    assert "plenty" not in shown


def test_delivery_changelist_filters_by_reason(admin_client):
    receive_and_ingest(b"not json")
    receive_and_ingest(b"[[")

    shown = admin_client.get(LIST, {"reason": "This is not valid JSON.", "state__exact": "quarantined"})

    assert shown.context["cl"].result_count == 2
    assert admin_client.get(LIST, {"reason": "no such reason"}).context["cl"].result_count == 0


def test_unknown_device_pages_show_identifiers_but_no_values_and_escape_html(admin_client):
    receive_and_ingest(measurement_item(UNKNOWN_ID, value_1="187.00", device_name="<b>Cuff</b>"))

    for address in (UNKNOWN, unknown_device_url(UNKNOWN_ID)):
        shown = admin_client.get(address).content.decode()
        assert str(UNKNOWN_ID) in shown
        assert "187" not in shown
        assert "<b>" not in shown


def test_attaching_an_unknown_device_stores_its_waiting_readings_and_is_audited(admin_client, rosa, ada):
    create_vendor_device(account="acct-at-the-vendor")
    receive_and_ingest(measurement_item(UNKNOWN_ID, patient_id="acct-at-the-vendor"))

    found = admin_client.post(unknown_device_url(UNKNOWN_ID), {"choice": "search", "text": "delgado"})
    admin_client.post(unknown_device_url(UNKNOWN_ID), {"choice": "attach", "patient": rosa.pk})
    pipeline.ingest_waiting_deliveries()

    assert "Rosa Delgado" in found.content.decode()
    assert Measurement.objects.get().patient == rosa
    assert Device.objects.get().patient == rosa
    assert SyncRow.objects.get().patient == rosa, "and the vendor is asked for what its webhooks didn't bring"
    adopted = AuditEvent.objects.get(action="attach_device")
    assert (adopted.patient_ids, adopted.actor_id, adopted.target) == ([rosa.pk], ada.pk, f"device:{UNKNOWN_ID}")
    assert admin_client.get(unknown_device_url(UNKNOWN_ID)).status_code == 404, "nothing of it waits any more"


def test_readings_under_the_attached_vendor_account_are_stored_for_the_patient(rosa, ada):
    create_vendor_device(account="acct-at-the-vendor")
    receive_and_ingest(measurement_item(UNKNOWN_ID, patient_id="acct-at-the-vendor"))
    unknown_devices.attach_unknown_device(hwi_id=UNKNOWN_ID, patient=rosa, by=ada)

    receive_and_ingest(measurement_item(UNKNOWN_ID, patient_id="ACCT-at-the-vendor", timestamp="2026-10-01T08:00:00Z"))
    refused = receive_and_ingest(
        measurement_item(UNKNOWN_ID, patient_id="acct-third", timestamp="2026-10-02T08:00:00Z")
    )

    assert Measurement.objects.count() == 2
    assert refused.state == QUARANTINED
    assert upsert.vendor_ids_of_assigned_patient(Device.objects.get()) == {rosa.external_id, "acct-at-the-vendor"}


def test_attaching_a_device_linked_at_the_vendor_to_another_enrolled_patient_is_refused(admin_client, rosa, elm):
    create_vendor_device(account=PatientFactory(clinic=elm, external_id="acct-other").external_id.upper())
    receive_and_ingest(measurement_item(UNKNOWN_ID, patient_id="acct-other"))

    answer = admin_client.post(unknown_device_url(UNKNOWN_ID), {"choice": "attach", "patient": rosa.pk})

    assert "another patient who is enrolled" in answer.content.decode()
    assert Device.objects.get().patient is None


def test_attaching_a_device_unknown_to_the_vendor_requires_confirmation(admin_client, rosa):
    receive_and_ingest(measurement_item(UNKNOWN_ID))

    admin_client.post(unknown_device_url(UNKNOWN_ID), {"choice": "attach", "patient": rosa.pk})
    assert not Device.objects.exists()
    admin_client.post(unknown_device_url(UNKNOWN_ID), {"choice": "attach", "patient": rosa.pk, "confirmed": "on"})
    pipeline.ingest_waiting_deliveries()

    assert Measurement.objects.get().patient == rosa


@pytest.fixture
def attach_to_shared_gateway(admin_client, rosa):
    """Attach to Rosa an unknown device that is on the gateway of another patient; returns the page or redirect."""

    def attach(holder, **typed):
        gateway = create_vendor_device().gateway
        DeviceFactory(patient=holder, gateway=gateway)
        receive_and_ingest(measurement_item(UNKNOWN_ID))
        return admin_client.post(unknown_device_url(UNKNOWN_ID), {"choice": "attach", "patient": rosa.pk} | typed)

    return attach


def test_attaching_device_on_gateway_of_other_patient_requires_reason(attach_to_shared_gateway, elm):
    holder = PatientFactory(clinic=elm, family_name="Ortizcanary")

    page = attach_to_shared_gateway(holder).content.decode()

    assert Device.objects.get(hwi_id=UNKNOWN_ID).patient is None
    assert holder.name in page
    assert SharingReason.SAME_HOUSEHOLD.label in page


def test_attaching_device_on_shared_gateway_records_reason_in_audit(attach_to_shared_gateway, elm, rosa):
    holder = PatientFactory(clinic=elm)

    attach_to_shared_gateway(holder, sharing_reason=SharingReason.SAME_HOUSEHOLD)

    assert Device.objects.get(hwi_id=UNKNOWN_ID).patient == rosa
    audited = AuditEvent.objects.get(action=AuditAction.SHARE_GATEWAY)
    assert audited.patient_ids == [rosa.pk, holder.pk]
    assert audited.details["reason"] == SharingReason.SAME_HOUSEHOLD


def test_attaching_device_on_gateway_of_other_clinic_is_refused_without_names(attach_to_shared_gateway, harbor):
    holder = PatientFactory(clinic=harbor, family_name="Parkcanary")

    page = attach_to_shared_gateway(holder, sharing_reason=SharingReason.SAME_HOUSEHOLD).content.decode()

    assert Device.objects.get(hwi_id=UNKNOWN_ID).patient is None
    assert VENDOR_ADVICE.split(",")[0] in page
    assert holder.family_name not in page
    assert SharingReason.SAME_HOUSEHOLD.label not in page


def test_attaching_an_unknown_device_to_a_patient_of_another_clinic_is_refused(admin_client, harbor):
    create_vendor_device()
    receive_and_ingest(measurement_item(UNKNOWN_ID))
    elsewhere = PatientFactory(clinic=harbor, family_name="Farnham")

    found = admin_client.post(unknown_device_url(UNKNOWN_ID), {"choice": "search", "text": "Farnham"})
    admin_client.post(unknown_device_url(UNKNOWN_ID), {"choice": "attach", "patient": elsewhere.pk})

    assert "Farnham" not in found.content.decode().replace('value="Farnham"', "")
    assert Device.objects.get().patient is None


def test_dismissing_an_unknown_device_completes_its_deliveries_with_reason_and_audit(admin_client):
    receive_and_ingest(measurement_item(UNKNOWN_ID))

    admin_client.post(unknown_device_url(UNKNOWN_ID), {"choice": "dismiss", "reason": "The vendor's test message"})

    left = Delivery.objects.get()
    assert (left.state, left.reason) == (DONE, "Dismissed: The vendor's test message")
    details = AuditEvent.objects.get(action="dismiss").details
    assert details == {"count": 1, "deliveries": [left.pk], "clinics": []}
    assert "None: nothing that an unknown device has sent waits" in admin_client.get(UNKNOWN).content.decode()


def test_unknown_device_pages_are_forbidden_for_clinicians(client, nadia):
    client.force_login(nadia)
    receive_and_ingest(measurement_item(UNKNOWN_ID))

    assert client.get(UNKNOWN).status_code == 403
    assert client.post(unknown_device_url(UNKNOWN_ID), {"choice": "dismiss"}).status_code == 403
    assert Delivery.objects.get().state == WAITING


@pytest.mark.django_db(transaction=True)
def test_unknown_device_page_requests_another_vendor_lookup(admin_client, vendor_client, sim, rosa):
    theirs = sim.add_device(external_id="unknown_device")
    hwi_id = uuid.UUID(theirs["id"])
    receive_and_ingest(measurement_item(hwi_id, patient_id=rosa.external_id))
    at_once = dt.timedelta(seconds=-1)
    reconciliation.look_up_unknown_devices(vendor_client, after=at_once)
    assert Delivery.objects.get().state == QUARANTINED

    admin_client.post(unknown_device_url(hwi_id), {"choice": "ask"})

    assert reconciliation.look_up_unknown_devices(vendor_client, after=at_once) == 1


@pytest.mark.parametrize(("action", "state"), [("replay_selected", "new"), ("dismiss_selected", "done")])
def test_delivery_admin_actions_require_confirmation(admin_client, action, state):
    row = receive_and_ingest(b"not json")
    chosen = {"action": action, "_selected_action": [row.pk]}

    asked = admin_client.post(LIST, chosen)
    row.refresh_from_db()
    assert (row.state, asked.status_code) == (QUARANTINED, 200)
    assert "This is not valid JSON." in asked.content.decode()

    admin_client.post(LIST, chosen | {"confirmed": "Yes, go on"})
    row.refresh_from_db()
    assert row.state == state


def test_purge_deliveries_empties_bodies_90_days_after_processing(rosa):
    cuff = DeviceFactory(patient=rosa)
    old, young, needing_review = (
        receive_and_ingest(measurement_item(cuff)),
        receive_and_ingest(measurement_item(cuff)),
        receive_and_ingest(b"not json"),
    )
    long_ago = timezone.now() - dt.timedelta(days=91)
    Delivery.objects.filter(pk__in=[old.pk, needing_review.pk]).update(processed_at=long_ago)

    call_command("purge_deliveries")

    bodies = {row.pk: bytes(row.body) for row in Delivery.objects.all()}
    assert bodies[old.pk] == b""
    assert bodies[young.pk]
    assert bodies[needing_review.pk], "it has not been done with"
    assert bytes(Delivery.objects.get(pk=old.pk).digest) == bytes(old.digest)
    assert maintenance.purge_bodies() == 0


def test_replay_skips_purged_deliveries(rosa):
    row = receive_and_ingest(measurement_item(DeviceFactory(patient=rosa)))
    Delivery.objects.update(processed_at=timezone.now() - dt.timedelta(days=91))
    maintenance.purge_bodies()

    assert maintenance.replay_deliveries(Delivery.objects.all()) == 0
    row.refresh_from_db()
    assert row.state == DONE


def test_delivery_that_always_fails_becomes_dead_and_delays_no_other_delivery(rosa, monkeypatch):
    good, poison = (
        measurement_item(DeviceFactory(patient=rosa)),
        measurement_item(DeviceFactory(patient=rosa), metric="poison"),
    )
    real = pipeline.store.store_readings

    def store(placed, **how):
        if any(entry.reading.metric == "poison" for entry in placed):
            raise RuntimeError("187.00 of Rosa")
        return real(placed, **how)

    monkeypatch.setattr(pipeline.store, "store_readings", store)
    bad = receive_and_ingest(poison)
    for _ in range(6):
        Delivery.objects.filter(pk=bad.pk).update(next_attempt_at=timezone.now())
        receive_and_ingest(good)
    bad.refresh_from_db()

    assert (bad.state, bad.reason) == (Delivery.State.DEAD, "Working on it failed 5 times (RuntimeError).")
    assert Delivery.objects.filter(state=DONE).count() == 6

"""What a person sees of the inbox and can do about it: counts, reasons, unknown devices, replay, dismissal, purge."""

import datetime as dt
import uuid

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from devices.inbox import processing
from devices.models import Delivery, Device, SyncRow
from devices.sync import reconciliation, unknown_devices, upsert
from measurements.ingest import pipeline
from measurements.models import Measurement
from patients.models import AuditEvent
from tests.factories import DeviceFactory, PatientFactory
from tests.measurements.vendor import deliver, item
from tests.vendor import client as vendor_client
from tests.vendor import no_pauses_between_tries, sim

__all__ = ["no_pauses_between_tries", "sim", "vendor_client"]

pytestmark = pytest.mark.django_db
LIST = "/admin/devices/delivery/"
UNKNOWN = LIST + "unknown/"
STRANGER = uuid.UUID("12345678-abcd-1234-abcd-1234567890ab")
DONE, WAITING, QUARANTINED = Delivery.State.DONE, Delivery.State.WAITING, Delivery.State.QUARANTINED


@pytest.fixture
def office(client, ada):
    client.force_login(ada)
    return client


def page_of(hwi_id):
    return reverse("admin:devices_unknown", args=[hwi_id])


def found_at_vendor(hwi_id=STRANGER, account="somebody"):
    return DeviceFactory(hwi_id=hwi_id, patient=None, assignment=None, vendor_patient_id=account)


def test_the_list_counts_what_needs_a_person_and_says_what_to_do(office, rosa):
    deliver(item(DeviceFactory(patient=rosa), value_1="plenty"))
    deliver(b"not json")
    deliver(item(STRANGER))

    shown = office.get(LIST).content.decode()

    assert "value_1 is not a plain decimal number." in shown
    assert "have the vendor send it again" in shown
    assert "Unknown devices (1)" in shown
    assert "plenty" not in shown


def test_a_reason_narrows_the_list(office):
    deliver(b"not json")
    deliver(b"[[")

    shown = office.get(LIST, {"reason": "This is not valid JSON.", "state__exact": "quarantined"})

    assert shown.context["cl"].result_count == 2
    assert office.get(LIST, {"reason": "no such reason"}).context["cl"].result_count == 0


def test_unknown_devices_are_shown_with_facts_and_without_values(office):
    deliver(item(STRANGER, value_1="187.00", device_name="<b>Cuff</b>"))

    for address in (UNKNOWN, page_of(STRANGER)):
        shown = office.get(address).content.decode()
        assert str(STRANGER) in shown
        assert "187" not in shown
        assert "<b>" not in shown


def test_a_person_attaches_the_device_and_its_readings_follow(office, rosa, ada):
    found_at_vendor(account="acct-at-the-vendor")
    deliver(item(STRANGER, patient_id="acct-at-the-vendor"))

    found = office.post(page_of(STRANGER), {"choice": "search", "text": "delgado"})
    office.post(page_of(STRANGER), {"choice": "attach", "patient": rosa.pk})
    pipeline.ingest_waiting()

    assert "Rosa Delgado" in found.content.decode()
    assert Measurement.objects.get().patient == rosa
    assert Device.objects.get().patient == rosa
    assert SyncRow.objects.get().patient == rosa, "and the vendor is asked for what its webhooks didn't bring"
    adopted = AuditEvent.objects.get(action="adopt")
    assert (adopted.patient_ids, adopted.actor_id, adopted.target) == ([rosa.pk], ada.pk, f"device:{STRANGER}")
    assert office.get(page_of(STRANGER)).status_code == 404, "nothing of it waits any more"


def test_later_readings_under_the_vendors_name_are_the_patients_too(rosa, ada):
    found_at_vendor(account="acct-at-the-vendor")
    deliver(item(STRANGER, patient_id="acct-at-the-vendor"))
    unknown_devices.attach(hwi_id=STRANGER, patient=rosa, by=ada)

    deliver(item(STRANGER, patient_id="ACCT-at-the-vendor", timestamp="2026-10-01T08:00:00Z"))
    refused = deliver(item(STRANGER, patient_id="acct-third", timestamp="2026-10-02T08:00:00Z"))

    assert Measurement.objects.count() == 2
    assert refused.state == QUARANTINED
    assert upsert.names_of_holder(Device.objects.get()) == {rosa.external_id, "acct-at-the-vendor"}


def test_a_device_that_the_vendor_links_to_another_patient_here_is_not_attached(office, rosa, elm):
    found_at_vendor(account=PatientFactory(clinic=elm, external_id="acct-other").external_id.upper())
    deliver(item(STRANGER, patient_id="acct-other"))

    answer = office.post(page_of(STRANGER), {"choice": "attach", "patient": rosa.pk})

    assert "another patient who is enrolled" in answer.content.decode()
    assert Device.objects.get().patient is None


def test_a_device_that_the_vendor_does_not_know_needs_a_second_word(office, rosa):
    deliver(item(STRANGER))

    office.post(page_of(STRANGER), {"choice": "attach", "patient": rosa.pk})
    assert not Device.objects.exists()
    office.post(page_of(STRANGER), {"choice": "attach", "patient": rosa.pk, "sure": "on"})
    pipeline.ingest_waiting()

    assert Measurement.objects.get().patient == rosa


def test_nobody_attaches_a_device_to_a_patient_elsewhere(office, harbor):
    found_at_vendor()
    deliver(item(STRANGER))
    elsewhere = PatientFactory(clinic=harbor, family_name="Farnham")

    found = office.post(page_of(STRANGER), {"choice": "search", "text": "Farnham"})
    office.post(page_of(STRANGER), {"choice": "attach", "patient": elsewhere.pk})

    assert "Farnham" not in found.content.decode().replace('value="Farnham"', "")
    assert Device.objects.get().patient is None


def test_dismissed_is_done_with_a_reason_and_audited(office):
    deliver(item(STRANGER))

    office.post(page_of(STRANGER), {"choice": "dismiss", "reason": "The vendor's test message"})

    left = Delivery.objects.get()
    assert (left.state, left.reason) == (DONE, "Dismissed: The vendor's test message")
    assert AuditEvent.objects.get(action="dismiss").details == {"count": 1}
    assert "None: every device" in office.get(UNKNOWN).content.decode()


def test_a_clinician_neither_sees_nor_settles_unknown_devices(client, nadia):
    client.force_login(nadia)
    deliver(item(STRANGER))

    assert client.get(UNKNOWN).status_code == 403
    assert client.post(page_of(STRANGER), {"choice": "dismiss"}).status_code == 403
    assert Delivery.objects.get().state == WAITING


@pytest.mark.django_db(transaction=True)
def test_the_vendor_is_asked_once_more_when_a_person_says_so(office, vendor_client, sim, rosa):
    theirs = sim.add_device(external_id="stranger")
    hwi_id = uuid.UUID(theirs["id"])
    deliver(item(hwi_id, patient_id=rosa.external_id))
    at_once = dt.timedelta(seconds=-1)
    reconciliation.look_up_unknown(vendor_client, after=at_once)
    assert Delivery.objects.get().state == QUARANTINED

    office.post(page_of(hwi_id), {"choice": "ask"})

    assert reconciliation.look_up_unknown(vendor_client, after=at_once) == 1


@pytest.mark.parametrize(("action", "state"), [("replay_selected", "new"), ("dismiss_selected", "done")])
def test_actions_ask_before_they_act(office, action, state):
    row = deliver(b"not json")
    chosen = {"action": action, "_selected_action": [row.pk]}

    asked = office.post(LIST, chosen)
    row.refresh_from_db()
    assert (row.state, asked.status_code) == (QUARANTINED, 200)
    assert "This is not valid JSON." in asked.content.decode()

    office.post(LIST, chosen | {"confirmed": "Yes, go on"})
    row.refresh_from_db()
    assert row.state == state


def test_bodies_are_purged_ninety_days_after_they_were_done_with(rosa):
    cuff = DeviceFactory(patient=rosa)
    old, young, for_a_person = deliver(item(cuff)), deliver(item(cuff)), deliver(b"not json")
    long_ago = timezone.now() - dt.timedelta(days=91)
    Delivery.objects.filter(pk__in=[old.pk, for_a_person.pk]).update(processed_at=long_ago)

    call_command("purge_deliveries")

    bodies = {row.pk: bytes(row.body) for row in Delivery.objects.all()}
    assert bodies[old.pk] == b""
    assert bodies[young.pk]
    assert bodies[for_a_person.pk], "it has not been done with"
    assert bytes(Delivery.objects.get(pk=old.pk).digest) == bytes(old.digest)
    assert processing.purge() == 0


def test_a_purged_delivery_is_never_replayed(rosa):
    row = deliver(item(DeviceFactory(patient=rosa)))
    Delivery.objects.update(processed_at=timezone.now() - dt.timedelta(days=91))
    processing.purge()

    assert processing.replay(Delivery.objects.all()) == 0
    row.refresh_from_db()
    assert row.state == DONE


def test_one_that_fails_each_time_ends_dead_and_delays_nobody(rosa, monkeypatch):
    good, poison = item(DeviceFactory(patient=rosa)), item(DeviceFactory(patient=rosa), metric="poison")
    real = pipeline.store.store

    def store(placed, **how):
        if any(entry.reading.metric == "poison" for entry in placed):
            raise RuntimeError("187.00 of Rosa")
        return real(placed, **how)

    monkeypatch.setattr(pipeline.store, "store", store)
    bad = deliver(poison)
    for _ in range(6):
        Delivery.objects.filter(pk=bad.pk).update(next_attempt_at=timezone.now())
        deliver(good)
    bad.refresh_from_db()

    assert (bad.state, bad.reason) == (Delivery.State.DEAD, "Working on it failed 5 times (RuntimeError).")
    assert Delivery.objects.filter(state=DONE).count() == 6

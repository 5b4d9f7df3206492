import json

import pytest
from django.core.management import call_command
from django.urls import reverse

from devices.admin.deliveries import OTHER_CLINICS_MESSAGE
from devices.inbox import ownership
from devices.models import Delivery
from devices.sync import unknown_devices
from patients.models import AuditEvent, Role
from tests.factories import DeliveryFactory, DeviceFactory, PatientFactory, UserFactory
from tests.measurements.webhook_items import measurement_item, receive_and_ingest

pytestmark = pytest.mark.django_db
DONE, NEW, QUARANTINED = Delivery.State.DONE, Delivery.State.NEW, Delivery.State.QUARANTINED
CHANGELIST = reverse("admin:devices_delivery_changelist")
STATE_AFTER = {"replay_selected": NEW, "dismiss_selected": DONE}
ACTION_LABELS = {"replay_selected": AuditEvent.Action.REPLAY, "dismiss_selected": AuditEvent.Action.DISMISS}
UNKNOWN_ID = "12345678-abcd-1234-abcd-1234567890ab"


@pytest.fixture
def own(rosa):
    return DeviceFactory(patient=rosa)


@pytest.fixture
def foreign(harbor):
    return DeviceFactory(patient=PatientFactory(clinic=harbor, external_id="acct-foreign"))


def unusable(device, **changes):
    return json.dumps(measurement_item(device, value_1="plenty", **changes))


def quarantined(body, **fields):
    return DeliveryFactory(body=body.encode() if isinstance(body, str) else body, state=QUARANTINED, **fields)


def run_action(client, action, *rows, **more):
    chosen = {"action": action, "confirmed": "1", "_selected_action": [row.pk for row in rows]}
    return client.post(CHANGELIST, chosen | more, follow=True)


def state_of(row):
    return Delivery.objects.get(pk=row.pk).state


@pytest.mark.parametrize("action", sorted(STATE_AFTER))
def test_delivery_admin_action_leaves_deliveries_of_other_clinics(client_of, ada, elm, own, foreign, action):
    mine, theirs, of_none = quarantined(unusable(own)), quarantined(unusable(foreign)), quarantined("not json")

    answer = run_action(client_of(ada), action, mine, theirs, of_none)

    after = STATE_AFTER[action]
    assert [state_of(row) for row in (mine, theirs, of_none)] == [after, QUARANTINED, after]
    assert OTHER_CLINICS_MESSAGE in answer.content.decode()
    events = AuditEvent.objects.filter(action=ACTION_LABELS[action], actor_id=ada.pk)
    assert {(event.clinic_id, *event.details["clinics"], *event.details["deliveries"]) for event in events} == {
        (elm.pk, elm.pk, mine.pk),
        (None, of_none.pk),
    }


@pytest.mark.parametrize("action", sorted(STATE_AFTER))
def test_delivery_admin_action_on_everything_leaves_other_clinics(client_of, ada, own, foreign, action):
    mine, theirs = quarantined(unusable(own)), quarantined(unusable(foreign))

    run_action(client_of(ada), action, mine, select_across="1")

    assert (state_of(mine), state_of(theirs)) == (STATE_AFTER[action], QUARANTINED)


def test_delivery_admin_confirmation_counts_own_deliveries_only(client_of, ada, own, foreign):
    rows = [quarantined(unusable(own)), quarantined(unusable(foreign))]
    chosen = {"action": "dismiss_selected", "_selected_action": [row.pk for row in rows]}

    assert client_of(ada).post(CHANGELIST, chosen).context["count"] == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda item: item,
        lambda item: item.replace("{", '{"note": NaN, ', 1),
        lambda item: item.replace("{", f'{{"hwi_device_id": "{UNKNOWN_ID}", ', 1),
        lambda item: f"[[{item}]]",
        json.dumps,
        lambda item: item + "}",
        lambda item: f'{{"deep": {item}}}',
        lambda item: "[" * 40 + item + "]" * 40,
        lambda item: item.replace("hwi_device_id", "client_device_id"),
        lambda item: item.replace("hwi_device_id", "other"),
    ],
    ids=[
        "usable",
        "NaN",
        "key twice",
        "in lists",
        "text",
        "no JSON",
        "in an object",
        "too deep",
        "other key",
        "no key",
    ],
)
def test_delivery_belongs_to_the_clinic_of_any_device_in_its_body(ada, foreign, spoil):
    row = quarantined(spoil(unusable(foreign)))

    assert ownership.dismiss_own(Delivery.objects.all(), reason="checked", by=ada) == 0
    assert state_of(row) == QUARANTINED


def test_list_of_two_clinics_belongs_to_both(ada, elm, harbor, own, foreign):
    row = quarantined(f"[{unusable(own)}, {unusable(foreign)}]")
    of_both = UserFactory(role=Role.ADMINISTRATOR, clinics=[elm, harbor])

    assert ownership.dismiss_own(Delivery.objects.all(), reason="checked", by=ada) == 0
    assert ownership.dismiss_own(Delivery.objects.all(), reason="checked", by=of_both) == 1
    details = AuditEvent.objects.get(action=AuditEvent.Action.DISMISS).details
    assert (details["deliveries"], details["clinics"]) == ([row.pk], sorted([elm.pk, harbor.pk]))


def test_unusable_item_of_a_list_belongs_to_the_clinic_of_its_device(ada, elm, harbor, own, foreign):
    nan = unusable(foreign).replace("{", '{"note": NaN, ', 1)
    receive_and_ingest(f"[{json.dumps(measurement_item(own))}, {nan}]".encode())
    item = Delivery.objects.get(parent__isnull=False)

    assert bytes(item.body) == ownership.UNUSABLE_ITEM_BODY
    assert ownership.clinics_by_delivery([item]) == {item.pk: frozenset((harbor.pk,))}


def test_delivery_of_an_unknown_device_belongs_to_the_patient_it_names_else_to_no_clinic(ada, harbor, foreign):
    named = quarantined(unusable(UNKNOWN_ID, patient_id="ACCT-foreign"))
    of_none = quarantined(unusable(UNKNOWN_ID, patient_id="acct-not-enrolled"))

    assert ownership.clinics_by_delivery([named, of_none]) == {
        named.pk: frozenset((harbor.pk,)),
        of_none.pk: frozenset(),
    }


def test_unknown_device_of_a_patient_elsewhere_is_neither_dismissed_nor_looked_up_again(ada, foreign):
    row = receive_and_ingest(measurement_item(UNKNOWN_ID, patient_id="acct-foreign"))
    before = state_of(row)

    assert unknown_devices.dismiss_unknown_device(hwi_id=row.hwi_id, reason="test", by=ada) == 0
    assert unknown_devices.request_another_lookup(hwi_id=row.hwi_id, by=ada) == 0
    assert state_of(row) == before


def test_replay_command_replays_all_clinics_and_audits_ids(harbor, foreign):
    row = quarantined(unusable(foreign))

    call_command("replay_deliveries")

    event = AuditEvent.objects.get(action=AuditEvent.Action.REPLAY)
    assert state_of(row) == NEW
    assert (event.clinic_id, event.details["deliveries"]) == (harbor.pk, [row.pk])

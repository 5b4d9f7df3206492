import datetime as dt
import json

import pytest

from devices.inbox import redaction
from tests.factories import AssignmentFactory, DeliveryFactory, DeviceFactory, PatientFactory
from tests.measurements.webhook_items import measurement_item

pytestmark = pytest.mark.django_db
FOREIGN_VALUE = "187.65"
ENDED = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)


@pytest.fixture
def cuff(rosa):
    return DeviceFactory(patient=rosa)


@pytest.fixture
def foreign(harbor):
    return DeviceFactory(patient=PatientFactory(clinic=harbor, external_id="acct-foreign"))


def shown_body(text, user):
    body = text if isinstance(text, bytes) else text.encode()
    return redaction.redacted_body_for(DeliveryFactory(body=body), user=user)


def foreign_item(foreign, **changes):
    return json.dumps(measurement_item(foreign, value_1=FOREIGN_VALUE, **changes))


def test_body_for_replaces_control_characters_in_the_displayed_body(cuff, ada):
    body = json.dumps({"hwi_device_id": str(cuff.hwi_id), "status": "?"}).replace("?", "Ship\x00ped\x1b\u202e")

    assert shown_body(body, ada) == body.replace("\x00", "\ufffd").replace("\x1b", "\ufffd").replace("\u202e", "\ufffd")


def test_body_for_shows_a_list_of_own_items_whole(cuff, rosa, ada):
    body = json.dumps([measurement_item(cuff), measurement_item(DeviceFactory(patient=rosa), patient_id="ACCT-ROSA")])

    assert shown_body(body, ada) == body


@pytest.mark.parametrize(
    "spoil",
    [
        lambda item: item,
        lambda item: item.replace('"estimated_timestamp": false', '"estimated_timestamp": NaN'),
        lambda item: item.replace("{", '{"value_2": "1.00", ', 1),
        lambda item: f"[{item}]",
        json.dumps,
        lambda item: item.replace("hwi_device_id", "device"),
        lambda item: item.replace('"hwi_device_id": "', '"hwi_device_id": "x'),
        lambda item: f'{{"nested": {item}}}',
    ],
    ids=["usable", "NaN", "key twice", "nested in a list", "text", "no device id", "malformed id", "nested object"],
)
@pytest.mark.parametrize("own_first", [True, False])
def test_body_for_hides_a_list_with_an_item_of_another_clinic(cuff, foreign, ada, spoil, own_first):
    items = [json.dumps(measurement_item(cuff)), spoil(foreign_item(foreign))]
    body = f"[{', '.join(items if own_first else reversed(items))}]"

    shown = shown_body(body, ada)

    assert shown.startswith(redaction.HIDDEN_MESSAGE)
    assert FOREIGN_VALUE not in shown


@pytest.mark.parametrize("key", ["client_device_id", "note", "filter_params"])
def test_body_for_hides_an_own_item_that_also_names_a_device_of_another_clinic(cuff, foreign, ada, key):
    named = {"device": str(foreign.hwi_id)} if key == "filter_params" else str(foreign.hwi_id).upper()

    shown = shown_body(json.dumps(measurement_item(cuff, value_1=FOREIGN_VALUE, **{key: named})), ada)

    assert FOREIGN_VALUE not in shown


@pytest.mark.parametrize("patient", ["acct-foreign", "ACCT-FOREIGN", "acct-not-enrolled", 54321])
def test_body_for_hides_an_own_device_whose_item_names_another_patient(cuff, foreign, ada, patient):
    shown = shown_body(json.dumps(measurement_item(cuff, value_1=FOREIGN_VALUE, patient_id=patient)), ada)

    assert FOREIGN_VALUE not in shown


def test_body_for_hides_a_device_that_a_patient_of_another_clinic_held_before(cuff, foreign, ada):
    cuff.assignments.update(started_at=ENDED)
    AssignmentFactory(device=cuff, patient=foreign.patient, started_at=None, ended_at=ENDED)

    assert FOREIGN_VALUE not in shown_body(json.dumps(measurement_item(cuff, value_1=FOREIGN_VALUE)), ada)


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b'[{"value_1": "187.65"}]', b"187.65", b"\xff187.65"])
def test_body_for_hides_a_body_that_names_no_device(cuff, ada, body):
    assert FOREIGN_VALUE not in shown_body(body, ada)

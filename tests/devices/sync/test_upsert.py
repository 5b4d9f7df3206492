import threading

import msgspec
import pytest
from django.db import OperationalError, connection, transaction

from devices import tenovi
from devices.sync import upsert
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db(transaction=True)


def lock_for_foreign_key(device, problems):
    """As a new row with a foreign key to the device does."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '3s'")
            cursor.execute("SELECT 1 FROM devices_device WHERE id = %s FOR KEY SHARE", [device.pk])
    except OperationalError as error:
        problems.append(error)
    finally:
        connection.close()


def test_device_upsert_does_not_block_inserts_with_a_foreign_key_to_the_device(rosa):
    """Such a row locks the patient first and the device at its commit: waiting here would be a deadlock."""
    device = DeviceFactory(patient=rosa)
    said = {"id": str(device.hwi_id), "device": {"name": device.name}, "status": "Connected"}
    problems = []

    with transaction.atomic():
        upsert.upsert_device(msgspec.convert(said, tenovi.HwiDevice))
        pointing = threading.Thread(target=lock_for_foreign_key, args=(device, problems))
        pointing.start()
        pointing.join()

    assert problems == []

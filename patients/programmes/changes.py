"""Mark patients whose billing lines no longer fit, after a change of a fact that they are computed from."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import connection

# In id order, so that two writers can't deadlock.
TOUCH_SQL = """
INSERT INTO programmes_billingfactsversion (patient_id, version, changed_at)
SELECT id, 1, clock_timestamp() FROM patients_patient WHERE {condition} ORDER BY id
ON CONFLICT (patient_id)
DO UPDATE SET version = programmes_billingfactsversion.version + 1, changed_at = clock_timestamp()
"""


def touch_billing(patient_ids: Iterable[uuid.UUID]) -> None:
    """In the transaction of the change itself: readings, time, contacts and facts of these patients."""
    if ids := list(set(patient_ids)):
        with connection.cursor() as cursor:
            cursor.execute(TOUCH_SQL.format(condition="id = ANY(%s::uuid[])"), [ids])


def touch_billing_of_clinics(clinic_ids: Iterable[int]) -> None:
    """After a change of what all patients of a clinic share: people, payers, settings."""
    if ids := list(set(clinic_ids)):
        with connection.cursor() as cursor:
            cursor.execute(TOUCH_SQL.format(condition="clinic_id = ANY(%s::bigint[])"), [ids])

"""Trigger that records the time zone of a patient in the zone's history, for every writer, raw ones too."""

from __future__ import annotations

import pgtrigger

ZONE_HISTORY_SQL = """
IF NEW.time_zone IS DISTINCT FROM (
    SELECT change.time_zone FROM programmes_zonechange AS change
    WHERE change.patient_id = NEW.id ORDER BY change.id DESC LIMIT 1
) THEN
    INSERT INTO programmes_zonechange (patient_id, time_zone, starts_at, is_correction, recorded_at)
    VALUES (NEW.id, NEW.time_zone, CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE now() END, FALSE, now());
END IF;
RETURN NULL;
"""

# A zone that was recorded with its first day before the patient is saved is in the history already.
zone_history_trigger = pgtrigger.Trigger(
    name="zone_history",
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("time_zone"),
    func=ZONE_HISTORY_SQL,
)

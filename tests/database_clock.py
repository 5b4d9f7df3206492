"""Tests that stand on a day of the calendar, whenever they are run."""

from measurements.ingest import patient_summaries


def freeze_database_now(moment, monkeypatch):
    """Days of the list are counted by PostgreSQL's clock, which no test can stop: 64 days later its days are over."""
    for name in ("UPSERT_DAYS_OF_NEW_READINGS_SQL", "UPSERT_DAYS_OF_PATIENTS_SQL"):
        statement = getattr(patient_summaries, name).replace("now()", f"timestamptz '{moment.isoformat()}'")
        monkeypatch.setattr(patient_summaries, name, statement)

"""Tests that stand on a day of the calendar, whenever they are run."""

from measurements.ingest import patient_summaries


def let_the_database_think_it_is(moment, monkeypatch):
    """Days of the list are counted by PostgreSQL's clock, which no test can stop: 64 days later its days are over."""
    for name in ("DAYS_OF_NEW", "DAYS_OF_PATIENTS"):
        statement = getattr(patient_summaries, name).replace("now()", f"timestamptz '{moment.isoformat()}'")
        monkeypatch.setattr(patient_summaries, name, statement)

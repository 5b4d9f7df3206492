import io

import pytest
from django.core.management import call_command

from patients.models import AuditEvent, Patient
from tests.factories import PatientFactory

GARY = {"state": "IN", "zip_code": "46402", "city": "Gary"}


def align(*options):
    written = io.StringIO()
    call_command("align_stored_rows", "--step", "patients.time_zones", *options, stdout=written)
    return written.getvalue()


@pytest.fixture
def guessed(elm):
    """Enrolled when the zone went by state."""
    return PatientFactory(clinic=elm, time_zone="America/Indiana/Indianapolis", **GARY)


@pytest.mark.parametrize("options", [(), ("--apply",)])
def test_align_time_zones_changes_a_guessed_zone_only_with_apply(guessed, options):
    said = align(*options)

    guessed.refresh_from_db()
    applied = bool(options)
    assert said.startswith(f"patients.time_zones: 1 {'changed' if applied else 'would change'}.")
    assert guessed.time_zone == ("America/Chicago" if applied else "America/Indiana/Indianapolis")
    assert Patient.objects.summary_stale().exists() == applied
    assert [event.patient_ids for event in AuditEvent.objects.filter(action="align")] == [[guessed.pk]] * applied
    assert align().startswith(f"patients.time_zones: {0 if applied else 1} would change.")


@pytest.mark.parametrize(
    "fields",
    [
        {**GARY, "time_zone": "America/Denver"},  # chosen by a person
        {"state": "NH", "zip_code": "03301", "time_zone": "America/New_York"},
        {"state": "NH", "zip_code": "", "time_zone": "America/New_York"},
        {"state": "", "zip_code": "46402", "time_zone": "America/New_York"},
    ],
)
def test_align_time_zones_leaves_a_zone_that_fits_or_was_chosen(elm, fields):
    patient = PatientFactory(clinic=elm, **fields)

    assert align("--apply").startswith("patients.time_zones: 0 changed.")
    assert Patient.objects.get(pk=patient.pk).time_zone == fields["time_zone"]

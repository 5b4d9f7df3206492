"""The dry run of any list ends, row by row, as the real run of it does."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patients.imports import runs
from patients.imports.models import PatientImport
from patients.models import Patient
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db
HEADINGS = ("Last name", "First name", "DOB", "MRN", "ZIP", "Account id")
ROWS = st.tuples(
    st.sampled_from(["Delgado", "DELGADO", "Díaz", "Diaz", ""]),
    st.sampled_from(["Rosa", "rosa", "Liam", ""]),
    st.sampled_from(["1951-04-09", "1951-04-10", "1951-13-01", ""]),
    st.sampled_from(["", "M-1", "m 1", "M1", "M-2"]),
    st.sampled_from(["", "3301", "33"]),
    st.sampled_from(["", "acct-1", "ACCT-1"]),
)


def run_import(clinic, rows, *, dry_run):
    """State, problems and notes of each row; the run is taken back."""
    text = io.StringIO()
    csv.writer(text).writerows([HEADINGS, *rows])
    created = runs.create_import(clinic=clinic, by=None, name="list.csv", content=text.getvalue().encode())
    runs.run_now(created, dry_run=dry_run)
    ends = [(row.state, row.problems, row.notes) for row in created.rows.order_by("number")]
    PatientImport.objects.all().delete()
    return ends


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=6))
def test_dry_run_of_any_list_ends_as_its_real_run(elm, rows):
    Patient.objects.all().delete()
    PatientFactory(clinic=elm, given_name="Liam", family_name="Diaz", birth_date="1951-04-10", mrn="M-2")
    rows = [row for row in rows if any(row)] or [("Delgado", "Rosa", "1951-04-09", "", "", "")]

    dry = run_import(elm, rows, dry_run=True)
    assert Patient.objects.count() == 1
    real = run_import(elm, rows, dry_run=False)

    assert [("enrolled" if state == "ready" else state, *texts) for state, *texts in dry] == [
        tuple(end) for end in real
    ]
    assert Patient.objects.count() == 1 + sum(state == "enrolled" for state, *_ in real)

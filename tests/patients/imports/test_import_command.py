import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from patients.imports.models import PatientImport
from patients.models import AuditEvent, Patient
from tests.patients.imports.workbook_files import workbook

pytestmark = pytest.mark.django_db

HEADINGS = ("Last name", "First name", "DOB", "MRN", "Phone", "Street", "City", "State", "ZIP", "Provider")
ROSA = (
    "Delgado",
    "Rosa",
    "04/19/1951",
    "M-1",
    "(603) 555-0142",
    "12 Alder Street",
    "Concord",
    "NH",
    "3301",
    "Dr. Okafor",
)


def changed(**cells):
    """Rosa's row with other cells, by heading."""
    return [cells.get(heading.split()[0], cell) for heading, cell in zip(HEADINGS, ROSA, strict=True)]


@pytest.fixture
def import_rows(tmp_path, elm, capsys):
    def run(*rows, headings=HEADINGS, arguments=()):
        path, text = tmp_path / "list.csv", io.StringIO()
        csv.writer(text).writerows([headings, *rows])
        capsys.readouterr()
        path.write_text(text.getvalue(), encoding="utf-8")
        call_command("import_patients", str(path), "--clinic", elm.slug, "--format", "json", *arguments)
        return json.loads(capsys.readouterr().out)

    return run


def test_import_command_enrols_patients_and_writes_audit(import_rows, elm):
    result = import_rows(ROSA)

    patient = Patient.objects.get()
    assert result["counts"]["enrolled"] == 1
    assert result["rows"] == [
        {
            "row": 2,
            "state": "enrolled",
            "external_id": patient.external_id,
            "problems": [],
            "notes": [{"field": "zip_code", "text": "Filled with zeros: 03301."}],
        }
    ]
    assert (patient.clinic, patient.zip_code, patient.phone, patient.provider) == (
        elm,
        "03301",
        "+16035550142",
        "Dr. Okafor",
    )
    assert patient.birth_date.isoformat() == "1951-04-19"
    assert AuditEvent.objects.filter(action="enroll", patient_ids=[patient.pk]).count() == 1
    assert AuditEvent.objects.filter(action="import", clinic_id=elm.pk).exists()


def test_import_command_reads_the_email_address_and_refuses_what_is_none(import_rows):
    result = import_rows(
        (*ROSA, "rosa@example.org"), (*changed(First="Ana", MRN="A-9"), "none"), headings=(*HEADINGS, "Email")
    )

    assert Patient.objects.get().email == "rosa@example.org"
    assert [(problem["row"], problem["field"]) for problem in result["problems"]] == [(3, "email")]


def test_import_command_dry_run_has_the_fates_of_the_real_run_and_stores_nothing(import_rows):
    rows = [
        ROSA,
        changed(First="Elif", MRN="M-2", ZIP="00000x"),
        changed(First="ROSA", MRN="M-3"),
        changed(First="Amir", MRN="m 1"),
        changed(First="Amir", MRN="M-4"),
        changed(Last="", First="", MRN="M-5"),
    ]

    dry = import_rows(*rows, arguments=["--dry-run"])
    assert (Patient.objects.count(), PatientImport.objects.count()) == (0, 0)
    real = import_rows(*rows)

    states = {"ready": "enrolled"}
    assert [states.get(row["state"], row["state"]) for row in dry["rows"]] == [row["state"] for row in real["rows"]]
    assert [row["problems"] for row in dry["rows"]] == [row["problems"] for row in real["rows"]]
    assert [row["state"] for row in real["rows"]] == [
        "enrolled",
        "problem",
        "duplicate",
        "duplicate",
        "enrolled",
        "problem",
    ]
    assert Patient.objects.count() == 2


def test_import_command_of_the_same_file_again_enrols_none_twice(import_rows):
    import_rows(ROSA, changed(First="Amir", MRN="M-2"))
    again = import_rows(ROSA, changed(First="Amir", MRN="M-2"))

    assert [row["state"] for row in again["rows"]] == ["duplicate", "duplicate"]
    assert Patient.objects.count() == 2


def test_import_command_asks_about_ambiguous_dates_once_and_stores_nothing(import_rows, capsys):
    with pytest.raises(CommandError, match="month or the day"):
        import_rows(changed(DOB="03/04/1951"))

    assert json.loads(capsys.readouterr().out)["questions"][0]["name"] == "date_order"
    assert (Patient.objects.count(), PatientImport.objects.count()) == (0, 0)
    import_rows(changed(DOB="03/04/1951"), arguments=["--date-order", "day_first"])
    assert Patient.objects.get().birth_date.isoformat() == "1951-04-03"


def test_import_command_takes_the_date_order_of_rows_that_leave_no_doubt(import_rows):
    import_rows(changed(DOB="03/04/1951"), changed(First="Amir", MRN="M-2", DOB="25/12/1950"))

    assert [str(p.birth_date) for p in Patient.objects.order_by("birth_date")] == ["1950-12-25", "1951-04-03"]


def test_import_command_maps_a_column_by_hand(import_rows):
    headings = ["Nachname", *HEADINGS[1:]]
    with pytest.raises(CommandError, match="last name"):
        import_rows(ROSA, headings=headings)

    import_rows(ROSA, headings=headings, arguments=["--column", "family_name=Nachname"])
    assert Patient.objects.get().family_name == "Delgado"


def test_import_command_refuses_unknown_clinic_file_and_empty_file(tmp_path, elm):
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    for file, clinic, words in (
        (empty, "nowhere", "No clinic"),
        (tmp_path / "none.csv", elm.slug, "can't be read"),
        (empty, elm.slug, "The file is empty"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("import_patients", str(file), "--clinic", clinic)


def test_import_command_asks_for_the_length_of_mrns_that_arrive_as_numbers(tmp_path, elm):
    path = tmp_path / "list.xlsx"
    path.write_bytes(workbook(["Name", "DOB", "MRN"], ["Delgado, Rosa", "1951-04-09", 123]))
    with pytest.raises(CommandError, match="--mrn-digits"):
        call_command("import_patients", str(path), "--clinic", elm.slug)

    call_command("import_patients", str(path), "--clinic", elm.slug, "--mrn-digits", "6")
    patient = Patient.objects.get()
    assert (patient.given_name, patient.family_name, patient.mrn) == ("Rosa", "Delgado", "000123")


def test_import_command_refuses_ambiguous_whole_name_at_its_cell(import_rows):
    result = import_rows(["Ana Maria Ruiz", "1951-04-09"], ["Madonna", "1958-08-16"], headings=["Name", "DOB"])

    assert [row["state"] for row in result["rows"]] == ["problem", "enrolled"]
    assert result["problems"] == [
        {
            "row": 2,
            "column": "Name",
            "field": "full_name",
            "text": "Write it as “Last, First”, or use a column for each name.",
        }
    ]


def test_import_command_shows_the_first_100_problems_and_counts_all(import_rows):
    result = import_rows(*(changed(DOB="soon") for _ in range(120)))

    assert (len(result["problems"]), result["problem_count"], len(result["rows"])) == (100, 120, 120)

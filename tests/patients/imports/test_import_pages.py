import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from patients.care.models import CareTeamMember
from patients.files import stored_files
from patients.files.models import StoredFile
from patients.imports import purge, runs
from patients.imports.models import ImportRow, PatientImport
from patients.models import AuditEvent, Patient
from tests.factories import DeviceFactory, OrderFactory, PatientFactory, UserFactory
from tests.page_texts import page_text

pytestmark = pytest.mark.django_db

HEADINGS = "Last name,First name,DOB,MRN,ZIP"
GOOD = "Delgado,Rosa,1951-04-09,M-1,3301"
BAD = "Okafor,Ime,1951-13-09,M-2,03301"


def upload(client, *rows, headings=HEADINGS, name="list.csv"):
    """The answer of the upload."""
    content = "\n".join([headings, *rows]).encode()
    return client.post("/imports/", {"file": SimpleUploadedFile(name, content)})


@pytest.fixture
def uploaded(as_cora):
    """Address of the page of an import with these rows, its columns confirmed and its rows checked."""

    def run(*rows, **how):
        page = upload(as_cora, *rows, **how)["Location"]
        patient_import = PatientImport.objects.get()
        columns = {f"column_{index}": name for name, index in patient_import.mapping.items()}
        as_cora.post(f"{page}columns/", columns)
        runs.process_due_imports()
        return page

    return run


def start(client, page):
    client.post(f"{page}start/", {"run": PatientImport.objects.get().run})
    runs.process_due_imports()


def test_upload_shows_columns_and_stores_no_patient(as_cora, elm):
    page = upload(as_cora, GOOD)
    text = page_text(as_cora.get(page["Location"]))

    assert "1 row read. Confirm the columns" in text
    assert Patient.objects.count() == 0
    stored = StoredFile.objects.get()
    assert (stored.clinic, stored.name, stored.size) == (elm, "list.csv", len(f"{HEADINGS}\n{GOOD}"))
    assert stored_files.read_file(stored).decode() == f"{HEADINGS}\n{GOOD}"


@pytest.mark.parametrize(
    ("post", "words"),
    [
        ({}, "Choose a file."),
        ({"file": SimpleUploadedFile("a.csv", b"")}, "The file is empty."),
        ({"file": SimpleUploadedFile("a.csv", b"x" * (5 * 2**20 + 1))}, "larger than 5 MB"),
        ({"file": SimpleUploadedFile("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")}, "old Excel workbook"),
    ],
)
def test_upload_of_unusable_file_says_why_beside_the_field(as_cora, post, words):
    for file in post.values():
        file.seek(0)
    answer = as_cora.post("/imports/", post)

    assert answer.status_code == 200
    assert re.search(rf'class="errorlist"[^>]*>\s*<li>[^<]*{re.escape(words)}', answer.content.decode())
    assert PatientImport.objects.count() == 0


def test_check_shows_each_problem_beside_its_cell(uploaded, as_cora):
    page = uploaded(GOOD, BAD)
    body = as_cora.get(page).content.decode()

    assert "1 row</strong> can be enrolled" in body
    cell = re.search(r'data-label="Date of birth"><span>1951-13-09\s*<span class="errorlist">([^<]*)', body)
    assert cell[1] == "There is no such day: month 13, day 9."
    assert "Filled with zeros: 03301." in body
    assert Patient.objects.count() == 0


def test_start_enrols_patients_and_audits_each(uploaded, as_cora, cora):
    page = uploaded(GOOD, BAD)
    start(as_cora, page)

    patient = Patient.objects.get()
    assert "1 patient enrolled" in page_text(as_cora.get(page))
    assert AuditEvent.objects.filter(action="enroll", actor_id=cora.pk, patient_ids=[patient.pk]).exists()
    assert AuditEvent.objects.filter(action="list", actor_id=cora.pk, patient_ids=[patient.pk]).exists()


def test_start_of_an_older_check_is_refused(uploaded, as_cora):
    page = uploaded(GOOD)
    as_cora.post(f"{page}start/", {"run": 0})
    runs.process_due_imports()

    assert "Nothing was done" in page_text(as_cora.get(page))
    assert Patient.objects.count() == 0


def test_start_by_a_person_who_left_the_clinic_stops_and_can_be_continued(uploaded, as_cora, cora, elm, client_of):
    page = uploaded(GOOD)
    as_cora.post(f"{page}start/", {"run": 1})
    cora.clinics.clear()
    runs.process_due_imports()
    cleo = client_of(UserFactory(role="coordinator", clinics=[elm]))
    assert "may no longer enrol" in page_text(cleo.get(page))

    cleo.post(f"{page}resume/")
    runs.process_due_imports()
    assert Patient.objects.count() == 1


def test_run_continues_after_a_kill_and_enrols_none_twice(uploaded, as_cora, monkeypatch):
    rows = [f"Delgado{n},Rosa,1951-04-09,M-{n}," for n in range(6)]
    page = uploaded(*rows)
    process_row, done = runs.process_row, []

    def killed(row, *args, **kwargs):
        if len(done) == 3:
            raise SystemExit
        done.append(row.number)
        return process_row(row, *args, **kwargs)

    monkeypatch.setattr(runs, "process_row", killed)
    with pytest.raises(SystemExit):
        start(as_cora, page)
    assert Patient.objects.count() == 3
    monkeypatch.setattr(runs, "process_row", process_row)
    runs.process_due_imports()
    assert Patient.objects.count() == 3  # still leased by the dead worker

    PatientImport.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    runs.process_due_imports()

    assert Patient.objects.count() == 6
    assert PatientImport.objects.get().state == "finished"


def test_row_that_fails_for_a_reason_of_ours_stops_the_import_after_some_attempts(uploaded, as_cora, monkeypatch):
    page = uploaded(GOOD)
    monkeypatch.setattr(runs, "judge_row", lambda *_: 1 / 0 if False else int("x"))
    as_cora.post(f"{page}start/", {"run": 1})
    for _ in range(runs.MAX_ATTEMPTS):
        PatientImport.objects.update(next_attempt_at=timezone.now())
        runs.process_due_imports()

    assert "Operators find the reason" in page_text(as_cora.get(page))


def test_duplicate_of_a_patient_names_it_and_can_be_declared_another_person(uploaded, as_cora, elm):
    rosa = PatientFactory(clinic=elm, given_name="Rosa", family_name="Delgado", mrn="other")
    page = uploaded(GOOD)
    body = as_cora.get(page).content.decode()
    assert f"/patients/{rosa.pk}/" in body
    assert AuditEvent.objects.filter(action="list", patient_ids=[rosa.pk]).exists()

    as_cora.post(f"{page}another-person/", {"row": 2})
    start(as_cora, page)

    assert elm.patients.count() == 2


def test_exact_mrn_of_a_patient_is_a_duplicate_that_stays_one(uploaded, as_cora, elm):
    PatientFactory(clinic=elm, given_name="Ann", mrn="m-1")
    page = uploaded(GOOD)

    assert ImportRow.objects.get().problems == [["mrn", "Another patient of this clinic has this MRN."]]
    assert "This is another person" not in page_text(as_cora.get(page))


def test_columns_by_hand_keep_the_choice_and_refuse_a_field_twice(as_cora):
    page = upload(as_cora, "Delgado,1951-04-09,x", headings="Nachname,Geboren,Rest")["Location"]
    chosen = {"column_0": "family_name", "column_1": "birth_date", "column_2": "family_name"}
    body = as_cora.post(f"{page}columns/", chosen).content.decode()
    assert "Last name is chosen for another column already." in body
    assert '<option value="birth_date" selected>' in body

    as_cora.post(f"{page}columns/", chosen | {"column_2": ""})
    runs.process_due_imports()
    assert ImportRow.objects.get().state == "ready"


def test_columns_ask_about_date_order_once_per_file(as_cora):
    page = upload(as_cora, "Delgado,Rosa,03/04/1951,M-1,", "Osei,Ama,03/05/1951,M-2,")["Location"]
    columns = {f"column_{n}": name for name, n in PatientImport.objects.get().mapping.items()}
    assert "Please answer this question." in as_cora.post(f"{page}columns/", columns).content.decode()

    as_cora.post(f"{page}columns/", columns | {"date_order": "day_first"})
    runs.process_due_imports()
    start(as_cora, page)
    assert sorted(str(patient.birth_date) for patient in Patient.objects.all()) == ["1951-04-03", "1951-05-03"]


def test_columns_of_a_finished_import_stay(uploaded, as_cora):
    page = uploaded(GOOD)
    start(as_cora, page)
    before = PatientImport.objects.values().get()
    as_cora.post(f"{page}columns/", {"column_0": "family_name", "column_2": "birth_date"})

    assert PatientImport.objects.values().get() == before


def test_undo_deletes_all_patients_of_the_import(uploaded, as_cora, elm):
    other = PatientFactory(clinic=elm)
    page = uploaded(GOOD)
    start(as_cora, page)
    patient = Patient.objects.exclude(pk=other.pk).get()
    answer = as_cora.post(f"{page}undo/", follow=True)

    assert "Undone: 1 patient of this import deleted." in page_text(answer)
    assert list(Patient.objects.all()) == [other]
    assert AuditEvent.objects.filter(action="undo_import", patient_ids=[patient.pk]).exists()
    assert ImportRow.objects.get().state == "undone"


@pytest.mark.parametrize(("factory", "words"), [(OrderFactory, "1 order"), (DeviceFactory, "1 device")])
def test_undo_is_refused_as_a_whole_while_a_patient_is_in_use(uploaded, as_cora, factory, words):
    page = uploaded(GOOD, "Osei,Ama,1950-04-09,M-2,")
    start(as_cora, page)
    factory(patient=Patient.objects.get(given_name="Ama"))
    answer = as_cora.post(f"{page}undo/", follow=True)

    assert "Nothing was undone" in page_text(answer)
    assert words in page_text(answer)
    assert Patient.objects.count() == 2
    assert PatientImport.objects.get().state == "finished"


def test_result_file_holds_each_fate_and_no_formula(uploaded, as_cora, cora):
    page = uploaded(GOOD, '"=1+1",Ime,1951-13-09,M-2,')
    start(as_cora, page)
    lines = as_cora.get(f"{page}result/").content.decode().splitlines()

    patient = Patient.objects.get()
    assert lines[1].startswith(f"2,Enrolled,{patient.external_id},,ZIP code: Filled with zeros: 03301.,Delgado")
    assert "Date of birth: There is no such day: month 13, day 9." in lines[2]
    assert ",'=1+1," in lines[2]
    assert AuditEvent.objects.filter(action="export", actor_id=cora.pk, patient_ids=[patient.pk]).exists()


def test_uploaded_file_is_downloaded_as_it_was_and_audited(uploaded, as_cora, cora):
    page = uploaded(GOOD)
    answer = as_cora.get(f"{page}file/")

    assert answer.content.decode() == f"{HEADINGS}\n{GOOD}"
    assert AuditEvent.objects.filter(action="export", actor_id=cora.pk, target__startswith="file:").exists()


def test_sample_file_can_be_imported(as_cora):
    sample = as_cora.get("/imports/sample/").content
    page = as_cora.post("/imports/", {"file": SimpleUploadedFile("sample.csv", sample)})["Location"]
    columns = {f"column_{n}": name for name, n in PatientImport.objects.get().mapping.items()}
    as_cora.post(f"{page}columns/", columns | {"date_order": "month_first"})
    runs.process_due_imports()

    assert [row.state for row in ImportRow.objects.all()] == ["ready", "ready"]
    assert [row.problems for row in ImportRow.objects.all()] == [[], []]


def test_discard_deletes_file_and_rows(uploaded, as_cora):
    page = uploaded(GOOD)
    as_cora.post(f"{page}discard/")

    assert (PatientImport.objects.count(), ImportRow.objects.count(), StoredFile.objects.count()) == (0, 0, 0)


def test_purge_deletes_cells_of_old_imports_and_their_files(uploaded, as_cora):
    page = uploaded(GOOD, BAD)
    start(as_cora, page)
    PatientImport.objects.update(created_at=timezone.now() - timedelta(days=31))
    StoredFile.objects.update(expires_at=timezone.now() - timedelta(days=1))

    assert purge.purge_old_imports() == 1
    assert stored_files.purge_expired_files() == 1
    row = ImportRow.objects.get()
    assert (row.cells, row.identity, row.state) == ([], {}, "enrolled")
    assert "deleted after 30 days" in page_text(as_cora.get(page))
    assert as_cora.get(f"{page}file/").status_code == 404


def test_import_page_queries_do_not_grow_with_rows(uploaded, as_cora, django_assert_max_num_queries):
    page = uploaded(*(f"Delgado{n},Rosa,1951-04-09,M-{n}," for n in range(30)))
    start(as_cora, page)

    with django_assert_max_num_queries(20):
        as_cora.get(page)


def test_imports_are_those_of_own_clinics_only(uploaded, client_of, harbor):
    page = uploaded(GOOD)
    other = client_of(UserFactory(role="coordinator", clinics=[harbor]))

    assert other.get(page).status_code == 404
    assert "list.csv" not in page_text(other.get("/imports/"))


def test_navigation_offers_import_to_coordinators_only(as_cora, as_nadia):
    assert 'href="/imports/"' in as_cora.get("/patients/").content.decode()
    assert 'href="/imports/"' not in as_nadia.get("/patients/").content.decode()


def test_undo_takes_back_care_team_too(uploaded, as_cora, nadia):
    page = uploaded(GOOD)
    start(as_cora, page)
    CareTeamMember.objects.create(patient=Patient.objects.get(), user=nadia, is_responsible=True, started_by=nadia)
    as_cora.post(f"{page}undo/")

    assert (Patient.objects.count(), CareTeamMember.objects.count()) == (0, 0)


def test_finished_import_leads_to_a_batch_of_its_patients(uploaded, as_cora, elm):
    PatientFactory(clinic=elm, given_name="Liam", family_name="Elsewhere")
    page = uploaded(GOOD)
    start(as_cora, page)
    link = re.search(r'href="([^"]*)">Order a kit for these', as_cora.get(page).content.decode())[1]

    assert link == f"{reverse('orders:batch_new')}?import={PatientImport.objects.get().pk}"
    text = page_text(as_cora.get(link))
    assert "Delgado" in text
    assert "Elsewhere" not in text

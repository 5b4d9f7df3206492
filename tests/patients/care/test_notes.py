import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.urls import reverse

from fulfillment import order_notes
from fulfillment.worklist import item_notes
from fulfillment.worklist.models import WorklistItem
from patients.care import notes
from patients.care.models import Note, NoteVersion
from patients.care.notes import NoteConflict
from patients.models import AuditEvent, Patient
from tests.factories import (
    CareTeamMemberFactory,
    DeviceFactory,
    NoteFactory,
    OrderFactory,
    PatientFactory,
    WorklistItemFactory,
)

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 12, 2, 17, tzinfo=dt.UTC)  # of December 2 in New York
TOMORROW = dt.date(2026, 12, 3)
CALL = {"kind": "call", "outcome": "reached", "is_live": True}


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON)


def newest(note):
    return NoteVersion.objects.newest().get(note=note)


def form_data(**fields):
    return {"kind": "note", "happened_at": "2026-12-02T11:30", "text": "Felt dizzy"} | fields


def test_create_note_writes_first_version_audit_and_live_version(rosa, nadia):
    note = notes.create_note(
        patient=rosa, by=nadia, text=" Felt dizzy\r\nat noon ", next_step="Call", next_step_on=TOMORROW
    )

    version = newest(note)
    assert (version.text, version.kind, version.happened_at) == ("Felt dizzy\nat noon", "note", NOON)
    assert (note.due_on, version.contact_with, version.written_by) == (TOMORROW, "", nadia)
    event = AuditEvent.objects.get(action="note")
    assert (event.patient_ids, event.target, event.details) == ([rosa.pk], f"note:{note.pk}", {"kind": "note"})
    assert Patient.objects.get(pk=rosa.pk).live_version == rosa.live_version + 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " . "}, "text"),
        ({"text": "x" * 4001}, "text"),
        ({"text": "a\u202eb"}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"kind": "letter", "text": "x"}, "kind"),
        ({"kind": "call"}, "outcome"),
        ({"kind": "call", "outcome": "busy"}, "outcome"),
        ({"kind": "call", "outcome": "no_answer", "is_live": True}, "is_live"),
        ({"kind": "visit", "outcome": "reached", "contact_with": "dog"}, "contact_with"),
        ({"text": "x", "happened_at": NOON + dt.timedelta(minutes=6)}, "happened_at"),
        ({"text": "x", "happened_at": dt.datetime(1926, 1, 1, tzinfo=dt.UTC)}, "happened_at"),
        ({"text": "x", "next_step": "Call"}, "next_step_on"),
        ({"text": "x", "next_step_on": TOMORROW}, "next_step"),
        ({"text": "x", "next_step": "Call", "next_step_on": dt.date(2026, 12, 1)}, "next_step_on"),
        ({"text": "x", "next_step": "Call", "next_step_on": dt.date(2062, 12, 3)}, "next_step_on"),
    ],
)
def test_create_note_refuses_impossible_fields_in_their_words(rosa, nadia, fields, field):
    with pytest.raises(ValidationError) as refused:
        notes.create_note(patient=rosa, by=nadia, **fields)

    assert refused.value.message_dict.keys() == {field}
    assert not Note.objects.exists()


def test_create_note_of_kind_note_drops_what_belongs_to_a_contact(rosa, nadia):
    note = notes.create_note(
        patient=rosa, by=nadia, **CALL | {"kind": "note", "text": "x", "contact_with": "caregiver"}
    )

    version = newest(note)
    assert (version.outcome, version.contact_with, version.is_live) == ("", "", False)


def test_create_note_refuses_administrators_and_other_clinics(rosa, ada, olaf):
    for user in (ada, olaf):
        with pytest.raises(PermissionDenied):
            notes.create_note(patient=rosa, by=user, text="x")


def test_correct_note_adds_version_and_leaves_the_first_one(rosa, nadia, cora):
    note = notes.create_note(patient=rosa, by=nadia, text="Felt fine")

    notes.correct_note(note=note, by=cora, version_number=1, text="Felt dizzy")

    assert list(note.versions.order_by("number").values_list("text", "written_by")) == [
        ("Felt fine", nadia.pk),
        ("Felt dizzy", cora.pk),
    ]
    assert newest(note).text == "Felt dizzy"


def test_correct_note_without_change_writes_no_version(rosa, nadia):
    note = notes.create_note(patient=rosa, by=nadia, text="Felt fine")

    notes.correct_note(note=note, by=nadia, version_number=1, text="Felt fine ")

    assert note.versions.count() == 1


def test_correct_note_of_an_older_version_is_refused(rosa, nadia, cora):
    note = notes.create_note(patient=rosa, by=nadia, text="One")
    notes.correct_note(note=note, by=nadia, version_number=1, text="Two")

    with pytest.raises(NoteConflict):
        notes.correct_note(note=note, by=cora, version_number=1, text="Three")

    assert newest(note).text == "Two"


def test_correct_note_moves_the_day_of_the_next_step_and_reopens_a_done_one(rosa, nadia):
    note = notes.create_note(patient=rosa, by=nadia, text="x", next_step="Call", next_step_on=TOMORROW)
    notes.complete_next_step(note=note, by=nadia)

    corrected = notes.correct_note(note=note, by=nadia, version_number=1, text="y")
    assert (corrected.due_on, corrected.step_done_by) == (None, nadia)

    later = TOMORROW + dt.timedelta(days=1)
    moved = notes.correct_note(note=note, by=nadia, version_number=2, next_step_on=later)
    assert (moved.due_on, moved.step_done_by) == (later, None)


def test_correct_note_leaves_a_next_step_that_is_overdue(time_machine, rosa, nadia):
    note = notes.create_note(patient=rosa, by=nadia, text="x", next_step="Call", next_step_on=TOMORROW)
    time_machine.move_to(NOON + dt.timedelta(days=5))

    assert notes.correct_note(note=note, by=nadia, version_number=1, text="y").due_on == TOMORROW


@pytest.mark.parametrize("change", [lambda rows: rows.update(text="y"), lambda rows: rows.delete()])
def test_database_refuses_change_of_a_version(rosa, nadia, change):
    notes.create_note(patient=rosa, by=nadia, text="x")

    with pytest.raises(DatabaseError), transaction.atomic():
        change(NoteVersion.objects.all())


def test_live_contacts_are_those_of_newest_versions_with_patient_or_caregiver(rosa, nadia):
    contact = notes.create_note(patient=rosa, by=nadia, **CALL)
    notes.create_note(patient=rosa, by=nadia, **CALL | {"contact_with": "other"})
    corrected = notes.create_note(patient=rosa, by=nadia, **CALL)
    notes.correct_note(note=corrected, by=nadia, version_number=1, outcome="left_message", is_live=False)

    assert list(NoteVersion.objects.live_contacts().values_list("note", flat=True)) == [contact.pk]


def test_note_form_saves_time_of_the_clinic_and_returns_to_patient(client_of, rosa, nadia):
    answer = client_of(nadia).post(
        reverse("care:new_note", args=[rosa.pk]), form_data(next_step="Call again", next_step_on="2026-12-03")
    )

    assert answer["Location"] == f"/patients/{rosa.pk}/"
    version = NoteVersion.objects.get()
    assert version.happened_at == dt.datetime(2026, 12, 2, 16, 30, tzinfo=dt.UTC)
    page = client_of(nadia).get(f"/patients/{rosa.pk}/").content.decode()
    assert "Felt dizzy" in page
    assert "Next step, Dec 3, 2026: Call again" in " ".join(page.split())


def test_note_form_shows_error_at_its_field_and_what_was_typed(client_of, rosa, nadia):
    data = form_data(kind="call", text="Rang twice", next_step_on="someday")

    page = client_of(nadia).post(reverse("care:new_note", args=[rosa.pk]), data)

    assert page.context["form"].errors.keys() == {"next_step_on"}
    page = client_of(nadia).post(reverse("care:new_note", args=[rosa.pk]), data | {"next_step_on": ""})
    assert page.context["form"].errors == {"outcome": ["Choose what came of it."]}
    assert "Rang twice" in page.content.decode()
    assert "(603) 555-0142" in page.content.decode()


def test_note_correction_form_shows_newer_version_and_then_replaces_it(client_of, rosa, nadia, cora):
    note = notes.create_note(patient=rosa, by=nadia, text="One")
    address = reverse("care:correct_note", args=[note.pk])
    notes.correct_note(note=note, by=cora, version_number=1, text="Two")

    page = client_of(nadia).post(address, form_data(text="Three", version_number=1))
    assert "The newest version, of Cora Lindqvist: “Two”" in page.content.decode()
    assert newest(note).text == "Two"

    number = page.context["form"]["version_number"].value()
    assert client_of(nadia).post(address, form_data(text="Three", version_number=number)).status_code == 302
    assert newest(note).text == "Three"
    versions = client_of(nadia).get(reverse("care:note", args=[note.pk])).content.decode()
    assert all(text in versions for text in ("One", "Two", "Three"))


def test_order_note_is_on_order_and_patient_page(client_of, rosa, cora):
    order = OrderFactory(patient=rosa)

    answer = client_of(cora).post(reverse("orders:new_note", args=[order.pk]), form_data(text="Box is open"))

    assert answer["Location"] == f"/orders/{order.pk}/"
    assert "Box is open" in client_of(cora).get(f"/orders/{order.pk}/").content.decode()
    assert f'href="/orders/{order.pk}/">order of' in client_of(cora).get(f"/patients/{rosa.pk}/").content.decode()
    other = OrderFactory(patient=rosa, lines=0)
    assert "Box is open" not in client_of(cora).get(f"/orders/{other.pk}/").content.decode()


def test_note_of_refused_order_form_links_nothing(client_of, rosa, cora):
    order = OrderFactory(patient=rosa)

    page = client_of(cora).post(reverse("orders:new_note", args=[order.pk]), form_data(text=""))

    assert page.status_code == 200
    assert not Note.objects.exists()


def test_next_steps_lists_due_ones_with_phone_and_address_until_done(time_machine, client_of, rosa, nadia, cora):
    step = notes.create_note(patient=rosa, by=nadia, **CALL, next_step="Ask about cuff", next_step_on=TOMORROW)
    address = reverse("care:next_steps")
    assert "Ask about cuff" not in client_of(cora).get(address).content.decode()
    assert "Ask about cuff" in client_of(cora).get(address, {"when": "later"}).content.decode()

    time_machine.move_to(NOON + dt.timedelta(days=1))
    page = client_of(cora).get(address).content.decode()
    assert "Ask about cuff" in page
    assert "(603) 555-0142" in page
    assert "12 Alder Street" in page

    client_of(cora).post(reverse("care:complete_step", args=[step.pk]), {"from_list": "1"})
    assert "Ask about cuff" not in client_of(cora).get(address).content.decode()


def test_exception_note_is_on_patient_page_and_brings_the_exception_back(client_of, rosa, cora):
    item = WorklistItemFactory(device=DeviceFactory(patient=rosa))
    address = reverse("orders:new_exception_note", args=[item.pk])

    client_of(cora).post(address, form_data(text="Was unplugged", next_step="Look again", next_step_on="2026-12-02"))

    note = Note.objects.get()
    assert item_notes.note_ids_of(item) == [note.pk]
    assert "exception: " in client_of(cora).get(f"/patients/{rosa.pk}/").content.decode()
    assert f"{address}?completes={note.pk}" in client_of(cora).get(reverse("care:next_steps")).content.decode()
    assert WorklistItem.objects.get().live_version == item.live_version + 1


def test_exception_of_no_patient_has_no_notes(client_of, cora):
    item = WorklistItemFactory(device=None, patient=None, clinic=None, subject="lane", name="")

    assert client_of(cora).get(reverse("orders:new_exception_note", args=[item.pk])).status_code == 404


@pytest.mark.parametrize("completes", [True, False])
def test_contact_after_next_step_completes_it_where_ticked(client_of, rosa, cora, completes):
    order = OrderFactory(patient=rosa)
    first = notes.create_note(patient=rosa, by=cora, text="x", next_step="Ask about cuff", next_step_on=NOON.date())
    order_notes.link_note(order, first)
    form_url = f"/orders/{order.pk}/notes/new/?completes={first.pk}"
    assert form_url in client_of(cora).get(reverse("care:next_steps")).content.decode()
    assert "This is done: Ask about cuff" in client_of(cora).get(form_url).content.decode()

    client_of(cora).post(form_url, form_data() | ({"completes": "on"} if completes else {}))

    first.refresh_from_db()
    assert (first.due_on is None) is completes
    assert len(order_notes.note_ids_of(order)) == 2


@pytest.mark.parametrize("completes", ["x", "9" * 40, "0", "foreign"])
def test_note_form_ignores_next_step_of_another_patient(client_of, rosa, elm, nadia, completes):
    other = NoteFactory(patient=PatientFactory(clinic=elm), created_by=nadia, due_on=NOON.date())
    address = reverse("care:new_note", args=[rosa.pk])
    note_id = other.pk if completes == "foreign" else completes

    assert client_of(nadia).post(f"{address}?completes={note_id}", form_data(completes="on")).status_code == 302

    other.refresh_from_db()
    assert other.due_on == NOON.date()


def test_next_steps_filters_by_own_patients_and_notes(client_of, rosa, elm, nadia, cora):
    today = NOON.date()
    other = PatientFactory(clinic=elm)
    NoteFactory(patient=rosa, created_by=cora, due_on=today)
    NoteFactory(patient=other, created_by=nadia, due_on=today)
    third = NoteFactory(patient=PatientFactory(clinic=elm), created_by=cora, due_on=today)
    CareTeamMemberFactory(patient=rosa, user=nadia)

    page = client_of(nadia).get(reverse("care:next_steps"), {"whose": "mine"})

    shown = {note.patient_id for note, _, _ in page.context["rows"]}
    assert shown == {rosa.pk, other.pk}
    assert third.patient_id not in shown


def test_next_steps_query_count_is_the_same_for_many_rows(
    client_of, elm, nadia, django_assert_num_queries, django_assert_max_num_queries
):
    browser, address = client_of(nadia), reverse("care:next_steps")
    NoteFactory(patient=PatientFactory(clinic=elm), due_on=NOON.date())
    browser.get(address)
    with django_assert_max_num_queries(23) as few:
        browser.get(address)
    for _ in range(60):
        NoteFactory(patient=PatientFactory(clinic=elm), created_by=nadia, due_on=NOON.date())
    with django_assert_num_queries(len(few)):
        page = browser.get(address)

    assert len(page.context["rows"]) == 50


def test_note_list_shows_all_notes_in_pages(client_of, rosa, nadia):
    for n in range(51):
        NoteFactory(patient=rosa, created_by=nadia, created_at=NOON - dt.timedelta(days=n))

    page = client_of(nadia).get(reverse("care:notes", args=[rosa.pk]))
    older = client_of(nadia).get(reverse("care:notes", args=[rosa.pk]), {"after": page.context["page"].after})

    assert [len(each.context["rows"]) for each in (page, older)] == [50, 1]


def test_next_steps_live_update_shows_step_of_colleague_and_new_day(time_machine, client_of, rosa, nadia, cora):
    browser, address = client_of(cora), reverse("care:next_steps_live")
    seen = browser.get(address).context["version"]
    notes.create_note(patient=rosa, by=nadia, **CALL, next_step="Ask about cuff", next_step_on=TOMORROW)
    changed = browser.get(address, {"v": seen})
    assert browser.get(address, {"v": changed.context["version"]}).status_code == 204

    time_machine.move_to(NOON + dt.timedelta(days=1))
    browser = client_of(cora)
    page = browser.get(address, {"v": changed.context["version"]})

    assert "Ask about cuff" in page.content.decode()
    assert 'title="due">1<' in browser.get(reverse("care:next_steps")).content.decode()

"""Orders for the coordinator, and the text templates of a clinic in the form of a note."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from patients.care import notes
from patients.care.models import Note, NoteVersion
from tests.factories import NoteTemplateFactory
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.django_db
TODAY, FRIDAY = dt.date(2026, 12, 2), dt.date(2026, 12, 4)


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(dt.datetime(2026, 12, 2, 17, tzinfo=dt.UTC))  # in New York


def form_data(**fields):
    return {"kind": "note", "happened_at": "2026-12-02T11:30", "text": "Felt dizzy"} | fields


def test_order_is_a_next_step_of_the_coordinators_until_one_of_them_does_it(client_of, rosa, nadia, cora):
    text = "Please call  about the cuff\nShe says it is too small."
    client_of(nadia).post(f"/patients/{rosa.pk}/notes/new/", form_data(kind="order", text=text, outcome="reached"))

    order = NoteVersion.objects.get()
    assert (order.kind, order.outcome, order.next_step) == ("order", "", "Please call about the cuff")
    assert order.next_step_on == order.note.due_on == TODAY
    client = client_of(cora)
    assert missing_words(client.get("/care/next-steps/?kind=orders"), "Order for the coordinator", "too small") == []
    client.post(f"/care/notes/{order.note_id}/done/", {"from_list": "1"})
    assert "Nothing is due" in page_text(client.get("/care/next-steps/?kind=orders"))
    assert Note.objects.get().step_done_by == cora


def test_order_may_name_another_day_and_is_written_by_clinicians_only(client_of, rosa, nadia, cora):
    later = notes.create_note(
        patient=rosa, by=nadia, kind="order", text="Send a larger cuff", next_step="Cuff", next_step_on=FRIDAY
    )
    note = notes.create_note(patient=rosa, by=cora, text="Felt fine")

    assert later.due_on == FRIDAY
    for write in (
        lambda: notes.create_note(patient=rosa, by=cora, kind="order", text="x"),
        lambda: notes.correct_note(note=note, by=cora, version_number=1, kind="order"),
    ):
        with pytest.raises(ValidationError) as refused:
            write()
        assert refused.value.message_dict.keys() == {"kind"}
    with pytest.raises(ValidationError, match="Write the note"):
        notes.create_note(patient=rosa, by=nadia, kind="order", text=" ")
    assert (
        notes.correct_note(note=later, by=cora, version_number=1, text="Send a larger cuff, blue").version_number == 2
    )
    assert "Order for the coordinator" not in page_text(client_of(cora).get(f"/patients/{rosa.pk}/notes/new/"))
    assert "Order for the coordinator" in page_text(client_of(nadia).get(f"/patients/{rosa.pk}/notes/new/"))


def test_note_form_inserts_template_of_the_clinic_below_what_was_typed_and_saves_nothing(client_of, rosa, nadia, olaf):
    chosen = NoteTemplateFactory(clinic=rosa.clinic, name="Medication", text="Taken as prescribed?\nSide effects?")
    NoteTemplateFactory(clinic=rosa.clinic, name="Withdrawn", is_offered=False)
    NoteTemplateFactory(clinic=olaf.clinics.get(), name="Of another clinic")
    client, address = client_of(nadia), f"/patients/{rosa.pk}/notes/new/"
    typed = form_data(kind="call", outcome="no_answer", is_live="on", next_step="Again", next_step_on="2026-12-04")

    form = client.post(address, typed | {"template": str(chosen.pk), "insert": "1"}).context["form"]
    again = client.post(address, typed | {"template": "999", "insert": "1"})
    page = page_text(client.get(address))

    assert form["text"].value() == "Felt dizzy\nTaken as prescribed?\nSide effects?"
    values = {name: form[name].value() for name in ("kind", "outcome", "is_live", "next_step", "next_step_on")}
    assert values == {name: typed[name] for name in values}
    assert not form.errors
    assert again.context["form"]["text"].value() == "Felt dizzy"
    assert not Note.objects.exists()
    assert "Medication" in page
    assert "Withdrawn" not in page
    assert "Of another clinic" not in page


def test_administrators_edit_the_templates_of_their_clinics(client_of, ada, olaf, rosa):
    foreign = NoteTemplateFactory(clinic=olaf.clinics.get())
    client = client_of(ada)
    fields = {"name": "Medication", "text": "Taken?", "is_offered": "on"}

    client.post("/admin/care/notetemplate/add/", fields | {"clinic": rosa.clinic_id})
    refused = client.post("/admin/care/notetemplate/add/", fields | {"clinic": foreign.clinic_id, "name": "Other"})

    assert "Select a valid choice" in page_text(refused)
    assert list(rosa.clinic.note_templates.values_list("name", flat=True)) == ["Medication"]
    assert client.get(f"/admin/care/notetemplate/{foreign.pk}/change/").status_code == 302

"""Notes and contacts on an order: the link of each, and what the patient's page says it is about."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from fulfillment.models import Order, OrderNote
from patients.care.models import Note
from patients.care.notes import NoteSubject, register_note_subject


def link_note(order: Order, note: Note) -> OrderNote:
    """In the transaction that creates the note."""
    return OrderNote.objects.create(order=order, note=note)


def note_ids_of(order: Order) -> list[int]:
    return list(OrderNote.objects.filter(order=order).values_list("note", flat=True))


@register_note_subject
def find_order_subjects(note_ids: Collection[int]) -> dict[int, NoteSubject]:
    links = OrderNote.objects.filter(note__in=note_ids).values_list("note", "order", "order__kit__name")
    return {
        note: NoteSubject(
            f"order of {kit}" if kit else "activation",
            reverse("orders:page", args=[order]),
            reverse("orders:new_note", args=[order]),
        )
        for note, order, kit in links
    }
